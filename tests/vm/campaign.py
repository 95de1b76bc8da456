"""Shares the tests out between guests, file by file, and tells how it went."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lab.filesystem import PROJECT
from tests.vm.guest import Guest, message
from tests.vm.kinds import Kind
from tests.vm.project import VM

OUTPUT = VM / "run"
"""A folder for each suite, which its guests see as /output: the queue, and each file's log and JUnit report in
``results``."""

_AGENT = "exec python -m tests.vm.agent\n"


@dataclass(frozen=True)
class Suite:
    """Files to run in guests of one kind. paths: files or folders; markers as in ``pytest -m``."""

    kind: Kind
    paths: tuple[str, ...]
    markers: str = ""


@dataclass(frozen=True)
class Result:
    """How one file went. passed, failed: tests; failed is at least 1 when the file did not come to its end.

    folder: of its suite. seconds of the guest's own clock. words: the last lines of the log of one that failed.
    """

    folder: Path
    suite: Suite
    name: str
    passed: int
    failed: int
    seconds: float
    words: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.name.partition("-")[2]

    @property
    def log(self) -> Path:
        return self.folder / "results" / f"{self.name}.log"

    @property
    def alone(self) -> Suite:
        """Of this file and no other."""
        return replace(self.suite, paths=(f"tests/{self.title.replace('.', '/')}.py",))


class Campaign:
    """One run of all `suites`, in `jobs` guests at a time; who has nothing left to do begins with the next suite.

    folder: for this run, below `OUTPUT`.
    """

    def __init__(self, suites: Iterable[Suite], jobs: int, folder: str) -> None:
        self._jobs = jobs
        self._suites = {OUTPUT / folder / str(number): suite for number, suite in enumerate(suites)}
        self._at_work: list[Path] = []
        self._results: list[Result] = []
        self._guests: set[Guest] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self._count = 0

    def run(self) -> list[Result]:
        """Raises KeyboardInterrupt, like every call that waits; no guest is left then."""
        for folder, suite in self._suites.items():
            print(f"== {_fill(folder, suite)} files ({suite.kind.name})", flush=True)
        with ThreadPoolExecutor(self._jobs) as workers:
            try:
                for done in [workers.submit(self._work) for _ in range(self._jobs)]:
                    done.result()
            except BaseException:
                self._stop()
                raise
        return self._results

    def _work(self) -> None:
        """Start guests until nothing is left to do: a guest that dies has its file on its conscience, and no other."""
        while folder := self._next():
            kind = self._suites[folder].kind
            with self._lock:
                self._count += 1
                guest = Guest(kind, folder, folder / f"guest-{self._count}" / "start", _AGENT)
                self._guests.add(guest)
            try:
                if not self._listen(guest, folder):
                    raise RuntimeError(f"a guest did not come to life: see {guest.console}")
            finally:
                guest.close()
                with self._lock:
                    self._at_work.remove(folder)

    def _next(self) -> Path | None:
        """The first suite with something to do, in which one more guest can help; None: there is none."""
        with self._lock:
            for folder, suite in self._suites.items():
                is_free = suite.kind.shares_output or folder not in self._at_work
                if not self._stopped and is_free and _is_waited_for(folder):
                    self._at_work.append(folder)
                    return folder
            return None

    def _listen(self, guest: Guest, folder: Path) -> bool:
        """Hear a guest out; whether it took anything in hand, if there was something left for it."""
        current, begun, since = None, False, time.monotonic()
        reason = "the guest died"
        try:
            for line in guest.lines(self._suites[folder].kind.patience):
                told = message(line) or {}
                if "begins" in told:
                    current, begun, since = told["begins"], True, time.monotonic()
                    # A guest with an /output of its own took only its copy.
                    (folder / "queue" / f"{current}.json").unlink(missing_ok=True)
                elif "ends" in told:
                    words = tuple(told["words"])
                    self._note(folder, told["ends"], told["passed"], told["failed"], told["seconds"], words)
                    current = None
        except TimeoutError:
            reason = "the guest fell silent"
        if current is not None and not self._stopped:
            words = (f"{reason}: see {guest.console}",)
            self._note(folder, current, 0, 1, round(time.monotonic() - since, 1), words)
        return begun or self._stopped or not _is_waited_for(folder)

    def _note(self, folder: Path, name: str, passed: int, failed: int, seconds: float, words: tuple[str, ...]) -> None:
        result = Result(folder, self._suites[folder], name, passed, failed, seconds, words)
        with self._lock:
            self._results.append(result)
            print(f"   {'ok    ' if not result.failed else 'FAILED'} {result.title} {result.seconds} s", flush=True)
            for line in result.words:
                print(f"   | {line}", flush=True)

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            for guest in self._guests:
                guest.kill()


def _fill(folder: Path, suite: Suite) -> int:
    for part in ("queue", "taken", "results"):
        (folder / part).mkdir(parents=True)
    files = _collect(suite)
    for number, file in enumerate(files):
        work = json.dumps({"arguments": [file, "-m", suite.markers], "limit": suite.kind.limit})
        (folder / "queue" / f"{number:03}-{_name(file)}.json").write_text(work)
    return len(files)


def _is_waited_for(folder: Path) -> bool:
    """Whether a file of this suite waits for a guest."""
    return any((folder / "queue").iterdir())


def _collect(suite: Suite) -> list[str]:
    """The files in which there is something to run. Raises SystemExit when pytest cannot read them."""
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", suite.markers, *suite.paths],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
    )
    if listed.returncode != 0:
        raise SystemExit(listed.stdout)
    return list(dict.fromkeys(line.partition("::")[0] for line in listed.stdout.splitlines() if "::" in line))


def _name(file: str) -> str:
    return file.removeprefix("tests/").removesuffix(".py").replace("/", ".")


def table(results: Iterable[Result]) -> str:
    """All results, slowest last, and the sum."""
    rows = sorted(results, key=lambda result: (result.failed, result.seconds))
    width = max((len(row.title) for row in rows), default=0)
    lines = [f"{'file':{width}}  passed  failed  seconds"]
    lines += [f"{row.title:{width}}  {row.passed:6}  {row.failed or '':6}  {row.seconds:7.1f}" for row in rows]
    lines.append(f"{'all':{width}}  {sum(row.passed for row in rows):6}  {sum(row.failed for row in rows):6}")
    lines += [f"failed: {row.title}, log {row.log.relative_to(PROJECT)}" for row in rows if row.failed]
    return "\n".join(lines)
