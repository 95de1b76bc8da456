"""``python -m tests.vm test [FILE…]`` or ``python -m tests.vm run COMMAND``, in a guest; see docs/maintainers.md."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Iterator

from tests.lab.filesystem import PROJECT
from tests.vm import project
from tests.vm.campaign import OUTPUT, Campaign, Suite, table
from tests.vm.guest import WALL_CLOCK, Guest, message

_SUITES = (
    Suite(WALL_CLOCK, ("tests/scenarios",)),
    # What the rooms ask of the kernel, asked of this one.
    Suite(WALL_CLOCK, ("tests/unit",), "isolated or namespaces"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.vm", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    test = commands.add_parser("test", help="run the tests in guests")
    test.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="guests at a time")
    test.add_argument("files", nargs="*", help="files or folders of tests (none: all that are meant for guests)")
    run = commands.add_parser("run", help="run a shell command in a guest; what it writes to build/ arrives here")
    run.add_argument("shell", metavar="COMMAND")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _alone():
        project.refresh()
        if arguments.command == "run":
            return _run(arguments.shell)
        shutil.rmtree(OUTPUT, ignore_errors=True)
        suites = [Suite(WALL_CLOCK, tuple(arguments.files))] if arguments.files else _SUITES
        results = Campaign(suites, arguments.jobs).run()
        print(table(results))
        return int(any(result.failed for result in results))


def _run(command: str) -> int:
    build = PROJECT / "build"
    guest = Guest(WALL_CLOCK, build, project.VM / "run" / "command" / "start", f"{command}\n")
    status = 1
    try:
        for line in guest.lines(None):
            told = message(line)
            if told is None:
                print(line, flush=True)
            else:
                status = told["status"]
    finally:
        guest.close()
    return status


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One run at a time in this checkout."""
    with (project.VM / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("-- another run of tests.vm is at work here: waiting for its end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
