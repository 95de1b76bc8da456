"""Work that is done in a process of its own, so that what it imports and parses is not in the daemon.

The daemon carries neither the libraries that read accounts and settings nor the remains of their work, and bytes
from outside are parsed where no connection and no loop of the router's is.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from importlib import import_module
from typing import Any

from appliance.errors import SekishoError

LIMIT = 60.0
"""Seconds."""


def call(module: str, function: str, *arguments: object) -> Any:
    """`function` of `module` with `arguments`, which like its answer must be plain values. Blocking.

    Raises the SekishoError that it raises. RuntimeError: it broke down; what it said is in the log.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", __name__],
            input=pickle.dumps((module, function, arguments)),
            stdout=subprocess.PIPE,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{module}.{function} was not done within {LIMIT:g} s") from None
    if done.returncode != 0:
        raise RuntimeError(f"{module}.{function} ended with status {done.returncode}")
    answer = pickle.loads(done.stdout)  # noqa: S301 # our own code's, from our own pipe
    if isinstance(answer, SekishoError):
        raise answer
    return answer


def main() -> int:
    module, function, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 # as above
    try:
        answer = getattr(import_module(module), function)(*arguments)
    except SekishoError as error:
        answer = error
    sys.stdout.buffer.write(pickle.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
