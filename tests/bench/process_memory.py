"""What the kernel tells about the memory of processes: proc(5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.machine import Machine

_PAGE = 4096
_PRESENT = 1 << 63
_FRAME = (1 << 55) - 1
"""Documentation/admin-guide/mm/pagemap.rst in Linux; pagemap shows frame numbers to root only."""
_KERNEL_HALF = 1 << 63


@dataclass(frozen=True, slots=True)
class Process:
    """name: for people; Python programs by what they run."""

    pid: int
    name: str
    is_python: bool

    @property
    def pss(self) -> int:
        """Bytes, with pages that it shares with others divided among them."""
        rollup = self._file("smaps_rollup").read_text()
        return sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith(("Pss:", "SwapPss:")))

    def frames(self) -> set[int]:
        """The numbers of the physical pages that it has mapped."""
        found = set[int]()
        with self._file("pagemap").open("rb") as pagemap:
            for start, end in self._areas("r"):
                pagemap.seek(start // _PAGE * 8)
                entries = memoryview(pagemap.read((end - start) // _PAGE * 8)).cast("Q")
                found.update(entry & _FRAME for entry in entries if entry & _PRESENT)
        return found

    def remembers(self, words: bytes) -> bool:
        """Whether `words` stand anywhere in its writable memory."""
        with self._file("mem").open("rb") as memory:
            for start, end in self._areas("w"):
                memory.seek(start)
                if words in memory.read(end - start):
                    return True
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

    def _areas(self, permission: str) -> Iterable[tuple[int, int]]:
        """Mapped areas, start and end, that have the permission (``r`` or ``w``)."""
        for line in self._file("maps").read_text().splitlines():
            area, permissions, *_ = line.split()
            start, end = (int(number, 16) for number in area.split("-"))
            if permission in permissions and start < _KERNEL_HALF:
                yield start, end

    def _file(self, name: str) -> Path:
        return Path("/proc", str(self.pid), name)


def processes_on(machine: Machine) -> list[Process]:
    """Everything that runs on `machine` but the lab's own first process."""
    namespace = Path("/proc", str(machine.pid), "ns", "pid").readlink()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) != machine.pid and (folder / "ns" / "pid").readlink() == namespace:
                found.append(_process(folder))
        except OSError:
            # It has ended in the meantime.
            continue
    return found


def distinct(processes: Iterable[Process]) -> int:
    """Bytes of physical memory that these processes hold together: their PSS if nobody else shared a page."""
    return len(set[int]().union(*(process.frames() for process in processes))) * _PAGE


def _process(folder: Path) -> Process:
    words = (folder / "cmdline").read_bytes().decode().split("\0")
    if not Path(words[0]).name.startswith("python"):
        return Process(int(folder.name), (folder / "comm").read_text().strip(), False)
    module = words.index("-m") + 1 if "-m" in words else 0
    name = f"python -m {words[module]}" if module else " ".join([Path(words[1]).name, *words[2:3]])
    return Process(int(folder.name), name, True)
