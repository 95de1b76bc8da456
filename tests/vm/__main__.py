"""``python -m tests.vm test [FILE…]`` or ``python -m tests.vm run COMMAND``, in a guest; see docs/maintainers.md."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Sequence

from tests.again import FEW
from tests.vm import command, project
from tests.vm.campaign import OUTPUT, Campaign, Result, Suite, table
from tests.vm.kinds import KINDS, STOCK_KERNEL, TIME_TRAVEL, WALL_CLOCK

_SCENARIOS = ("tests/scenarios",)
_ALL = Suite(WALL_CLOCK, _SCENARIOS)
_ONLY_HERE = Suite(WALL_CLOCK, _SCENARIOS, "real_kernel")
# The kernel as Debian ships it: the product comes up, and its fast path works there too. Emulated, it is slow enough
# that tunnels die of whoever else is at work.
_ALONE = Suite(STOCK_KERNEL, ("tests/scenarios/test_established_connections_take_the_fast_path.py",))
# Hours of a router's life, whose clock jumps to what is due next. Long files first: at the end nobody shall wait for
# one of them alone.
_TIMERS = Suite(TIME_TRAVEL, ("tests/timers",))
# What the rooms ask of the kernel, asked of this one.
_UNITS = Suite(WALL_CLOCK, ("tests/unit",), "isolated or namespaces")
_UNITS_ONLY_HERE = Suite(WALL_CLOCK, ("tests/unit",), "real_kernel")
# The host has no WireGuard to be asked.
_UNITS_OF_KERNEL = Suite(WALL_CLOCK, ("tests/unit/kernel",), "(isolated or namespaces) and not real_kernel")
# The stock kernel is that of the firmware's image, too: whoever plays that has seen it.
_BRIEF = (_TIMERS, _ONLY_HERE, _UNITS_ONLY_HERE, _UNITS_OF_KERNEL)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.vm", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    test = commands.add_parser("test", help="run the tests in guests")
    test.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="guests at a time")
    test.add_argument("files", nargs="*", help="files or folders of tests (none: all that are meant for guests)")
    test.add_argument("--kind", choices=KINDS, default=next(iter(KINDS)), help="of guests for these (%(default)s)")
    test.add_argument("--brief", action="store_true", help="only what nobody else can play")
    run = commands.add_parser("run", help="run a shell command in a guest; what it writes to build/ arrives here")
    run.add_argument("--kind", choices=KINDS, default=next(iter(KINDS)), help="of guest (%(default)s)")
    run.add_argument("shell", metavar="COMMAND")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with project.alone():
        project.refresh()
        if arguments.command == "run":
            return command.run(KINDS[arguments.kind], arguments.shell)
        shutil.rmtree(OUTPUT, ignore_errors=True)
        runs: list[tuple[Sequence[Suite], int]]
        if arguments.files:
            runs = [((Suite(KINDS[arguments.kind], tuple(arguments.files)),), arguments.jobs)]
        elif arguments.brief:
            runs = [(_BRIEF, arguments.jobs)]
        else:
            runs = [((_ALONE,), 1), ((_TIMERS, _ALL, _UNITS), arguments.jobs)]
        results = [
            result for number, (suites, jobs) in enumerate(runs) for result in Campaign(suites, jobs, str(number)).run()
        ]
        results = _again(results)
        print(table(results))
        return int(any(result.failed for result in results))


def _again(results: Sequence[Result]) -> list[Result]:
    """Where few files failed, these once more, one guest at a time (why: `tests.again`)."""
    failed = [result for result in results if result.failed]
    if not 0 < len(failed) <= FEW:
        return list(results)
    print(f"== once more, one at a time: {' '.join(result.title for result in failed)}", flush=True)
    second = Campaign([result.alone for result in failed], 1, "again").run()
    unsteady = [result.title for result in second if not result.failed]
    if unsteady:
        print(f"== UNSTEADY, passed at the second attempt: {' '.join(unsteady)}", flush=True)
    return [result for result in results if not result.failed] + second


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
