"""What the product takes of a router's memory when nothing happens: ``python -m tests.bench.memory``.

Everything that runs on the lab's router is ours to answer for, the daemons that we only configure included.
It is looked at after both log-ins, a scrape and a visit to the status page, so that nothing is missing that is
loaded only when it is needed. There is no peer: nothing else does this.
"""

from __future__ import annotations

import argparse
import statistics
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import accounting
from tests.bench.table import DIRECTORY, Goal, Row, publish
from tests.lab import addresses, observe
from tests.lab.filesystem import temporary_directory
from tests.lab.machine import Machine
from tests.lab.world import World

GOAL = Goal("<=", 90)
"""MB (10^6 bytes)."""
SAMPLES = 5
IDLE_SECONDS = 3.0
"""Before each sample."""

HOW = "memory of everything that runs on the idle router, in MB (10^6 bytes), median of the samples; no peer"
_WIREGUARD_GO = "wireguard-go"
_PAGE = 4096
_PRESENT = 1 << 63
_FRAME = (1 << 55) - 1
"""Documentation/admin-guide/mm/pagemap.rst in Linux."""


@dataclass(frozen=True, slots=True)
class Process:
    """name: for people; Python programs by what they run."""

    pid: int
    name: str

    @property
    def pss(self) -> float:
        """MB, with pages that it shares with others divided among them (smaps_rollup in proc(5))."""
        fields = dict(
            line.split(":", 1) for line in self._file("smaps_rollup").read_text().splitlines()[1:] if ":" in line
        )
        return sum(int(fields[key].split()[0]) * 1024 for key in ("Pss", "SwapPss")) / 1e6

    def frames(self) -> set[int]:
        """The numbers of the physical pages that it has mapped."""
        found = set[int]()
        with self._file("pagemap").open("rb") as pagemap:
            for start, end in self._regions("r-w-x-s-"):
                pagemap.seek(start // _PAGE * 8)
                entries = memoryview(pagemap.read((end - start) // _PAGE * 8)).cast("Q")
                found.update(entry & _FRAME for entry in entries if entry & _PRESENT)
        return found

    def remembers(self, words: bytes) -> bool:
        """Whether `words` stand anywhere in its writable memory."""
        with self._file("mem").open("rb") as memory:
            for start, end in self._regions("w"):
                memory.seek(start)
                try:
                    if words in memory.read(end - start):
                        return True
                except OSError:
                    # [vvar] and its like are not for reading.
                    continue
        return False

    def mappings(self) -> Counter[str]:
        """PSS in bytes by what is mapped."""
        found = Counter[str]()
        name = ""
        for line in self._file("smaps").read_text().splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                name = words[5] if len(words) > 5 else "[anonymous]"
            elif words[0] == "Pss:":
                found[name] += int(words[1]) * 1024
        return found

    def _regions(self, permissions: str) -> Iterable[tuple[int, int]]:
        """Mapped areas that have any of the permissions."""
        for line in self._file("maps").read_text().splitlines():
            area, allowed, *_ = line.split()
            start, end = (int(number, 16) for number in area.split("-"))
            if start < 1 << 63 and set(permissions) & set(allowed):
                yield start, end

    def _file(self, name: str) -> Path:
        return Path("/proc", str(self.pid), name)
