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
            for start, end in self._regions("r"):
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

    def _regions(self, permission: str) -> Iterable[tuple[int, int]]:
        """Mapped areas, start and end, that have the permission (``r``, ``w``, ``x``)."""
        for line in self._file("maps").read_text().splitlines():
            area, permissions, *_ = line.split()
            start, end = (int(number, 16) for number in area.split("-"))
            # [vsyscall] lies in the kernel's half.
            if permission in permissions and start < 1 << 63:
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
                found.append(Process(int(folder.name), _name(folder)))
        except OSError:
            # It has ended in the meantime.
            continue
    return found


def _name(folder: Path) -> str:
    words = (folder / "cmdline").read_bytes().decode().split("\0")
    if not Path(words[0]).name.startswith("python"):
        return (folder / "comm").read_text().strip()
    if "-m" in words:
        return f"python -m {words[words.index('-m') + 1]}"
    return " ".join([Path(words[1]).name, *words[2:3]])


def use(world: World) -> None:
    """Everything that loads something into memory at its first use."""
    for host in (addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST):
        world.client("reception", host).login()
    observe.scrape(world)
    port = world.relay("reception", str(addresses.ROUTER_LAN.ip), 80)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as page:
        page.read()


def distinct_pages(processes: Iterable[Process]) -> float:
    """MB of physical memory that these processes hold together: what they would cost if they were alone."""
    return len(set[int]().union(*(process.frames() for process in processes))) * _PAGE / 1e6


def sample(processes: Iterable[Process]) -> dict[str, float]:
    """MB of PSS by name."""
    total: dict[str, float] = {}
    for process in processes:
        total[process.name] = total.get(process.name, 0) + process.pss
    return total


def measure(directory: Path, samples: int) -> list[Row]:
    with World(directory) as world:
        world.prepare_clinic()
        world.start_appliance()
        observe.await_green(world)
        world.lease_terminals()
        use(world)
        shares: list[dict[str, float]] = []
        alone: list[float] = []
        for _ in range(samples):
            time.sleep(IDLE_SECONDS)
            processes = processes_on(world.machines["router"])
            shares.append(sample(processes))
            alone.append(distinct_pages(process for process in processes if process.name != _WIREGUARD_GO))
        found = rows(shares, alone, processes)
        profile = DIRECTORY / "memory-profile.txt"
        profile.unlink(missing_ok=True)
        if any(row.reached is False for row in found):
            profile.parent.mkdir(parents=True, exist_ok=True)
            profile.write_text(_profile(processes))
        return found


def rows(shares: list[dict[str, float]], alone: list[float], processes: list[Process]) -> list[Row]:
    """shares: samples of `sample`. alone: as many of `distinct_pages` without wireguard-go."""
    names = Counter(process.name for process in processes)
    medians = {name: statistics.median(share.get(name, 0) for share in shares) for name in names}
    kernel = medians.pop(_WIREGUARD_GO, 0.0)
    total = statistics.median(sum(share.values()) - share.get(_WIREGUARD_GO, 0) for share in shares)
    interpreters = [process for process in processes if process.name.startswith(("python", "sekisho"))]
    # Found the same way, to show that the search finds what is there.
    control = sum(process.remembers(b"/pyroute2/") for process in interpreters)
    scapy = sum(process.remembers(b"/scapy/") for process in interpreters)
    return [
        Row(
            "PSS of all processes together, idle (without wireguard-go, which stands in for the kernel)",
            "MB",
            total,
            goal=GOAL,
        ),
        Row(
            "the same if nobody else on the machine shared any page: distinct physical pages",
            "MB",
            statistics.median(alone),
            goal=GOAL,
        ),
        Row("PSS of all processes together with wireguard-go, for a kernel without WireGuard", "MB", total + kernel),
        *(
            Row(f"PSS of {name}" + (f" ({names[name]} processes)" if names[name] > 1 else ""), "MB", share)
            for name, share in sorted([*medians.items(), (_WIREGUARD_GO, kernel)], key=lambda item: -item[1])
        ),
        Row(
            f"Python processes, of {len(interpreters)}, with scapy in their memory (searched; pyroute2 is found in {control})",
            "processes",
            scapy,
            goal=Goal("<=", 0),
        ),
    ]


def _profile(processes: list[Process]) -> str:
    """What takes the memory of each process, largest first."""
    lines = []
    for process in sorted(processes, key=lambda process: -process.pss):
        lines.append(f"{process.pss:8.2f} MB  {process.name}")
        lines += [f"{size / 1e6:12.2f} MB  {name}" for name, size in process.mappings().most_common(12) if size]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory", description=__doc__)
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"one every {IDLE_SECONDS:g} s")
    options = parser.parse_args()
    facts = accounting.machine({"bird": ["bird", "--version"], "dnsmasq": ["dnsmasq", "--version"]})
    with temporary_directory() as directory:
        publish("memory", HOW, measure(Path(directory), options.samples), facts)


if __name__ == "__main__":
    main()
