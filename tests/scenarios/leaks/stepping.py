"""The router's own apply and take-down, killed after each step: ``python -m tests.scenarios.leaks.stepping``, on it.

A line on stdin (``apply`` or ``remove``) does what is next and kills the process that did it right afterwards: what
was done is in the kernel, and nothing that would have followed. Answers ``step``, or ``end`` when nothing was left.
"""

from __future__ import annotations

import os
import sys

from appliance.control import holdings
from appliance.kernel import apply as kernel
from appliance.kernel.changes import Change
from appliance.kernel.memory import Memory
from appliance.kernel.netlink import Netlink

_KILLED = 7


def main() -> None:
    intent = holdings.wanted().ready.intent
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _die_after_a_step()
            kernel.apply(intent, Memory.load()) if line.strip() == "apply" else kernel.remove(Memory.load())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print({_KILLED: "step", 0: "end"}.get(os.waitstatus_to_exitcode(status), "failed"), flush=True)


def _die_after_a_step() -> None:
    do = kernel._do

    def last(netlink: Netlink, change: Change, memory: Memory) -> None:
        do(netlink, change, memory)
        os._exit(_KILLED)

    kernel._do = last


if __name__ == "__main__":
    main()
