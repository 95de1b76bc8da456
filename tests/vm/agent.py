"""Runs in the guest: takes one piece of work, a file of tests, after the other from the queue that all guests share."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

from tests.vm.guest import report

OUTPUT = Path("/output")
_LAST_WORDS = 25


def main() -> None:
    queue, taken = OUTPUT / "queue", OUTPUT / "taken"
    while waiting := sorted(queue.iterdir()):
        try:
            work = waiting[0].rename(taken / waiting[0].name)
        except FileNotFoundError:
            continue  # another guest was quicker
        _run(work)


def _run(work: Path) -> None:
    name, job = work.stem, json.loads(work.read_text())
    report({"begins": name})
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"]
    command += [f"--junitxml={OUTPUT}/results/{name}.xml", *job["arguments"]]
    path = OUTPUT / "results" / f"{name}.log"
    with path.open("wb") as log:
        tests = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            status = tests.wait(job["limit"])
        except subprocess.TimeoutExpired:
            os.killpg(tests.pid, signal.SIGKILL)
            status = tests.wait()
            log.write(b"\nnot finished after %d s\n" % job["limit"])
    passed, failed = _counts(path.with_suffix(".xml"))
    # Beyond what the report tells, pytest itself may have come to grief.
    failed = max(failed, int(status != 0))
    words = path.read_text(errors="replace").splitlines()[-_LAST_WORDS:] if failed else []
    took = round(time.monotonic() - started, 1)
    report({"ends": name, "passed": passed, "failed": failed, "seconds": took, "words": words})


def _counts(file: Path) -> tuple[int, int]:
    """Tests that passed and that failed, of a JUnit report."""
    if not file.exists():
        return 0, 0
    counts = ElementTree.parse(file).getroot()[0].attrib
    failed = int(counts["failures"]) + int(counts["errors"])
    return int(counts["tests"]) - failed - int(counts["skipped"]), failed


if __name__ == "__main__":
    main()
