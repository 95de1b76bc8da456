"""The firmware in figures: ``python -m tests.bench.image``, after ``make image``.

Sizes are read from the image. Start and memory are those of the emulated machine of tests/image (QEMU without KVM, two
processors), cabled into the lab's world and set up there. The peer is a plain Debian 13 (plain_debian) on the same
machine with the same cables, started in the same way; its end is that of systemd's own work. Seconds are of the guest
kernel's clock, which runs as this machine's: only beside each other do they mean something. An update is a real one:
another version of the image is built, with one of its packages in an older version that the archive still has.
"""

from __future__ import annotations

import json
import re
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from appliance.control import fork_server
from tests.bench.run import run
from tests.bench.table import Goal, Row, explain
from tests.image import versions
from tests.image.clinic import LONG, cards, clinic, is_green
from tests.image.emulated import IMAGE, OUTPUT, Emulated
from tests.image.first_day import a_clinic_router
from tests.image.partitions import Partition, partitions
from tests.lab.filesystem import PROJECT
from tests.lab.world import World

HOW = "the firmware image: sizes in MB (10^6 bytes); an emulated machine's seconds, median; peer: plain Debian 13"
GOAL = Goal("<=", 130)
ROUNDS = 1
PLAIN = OUTPUT.with_name("plain") / "plain.raw"
_MB = 1e6
_SHOWN = 40
_BYTES_USED = 40
"""Where a squashfs keeps its length (Documentation/filesystems/squashfs.rst, superblock)."""
_END_OF_START = r"(?:Sekisho|Debian) .*is (\w+) after ([0-9.]+) s"
_GREEN = r"the lights are green after ([0-9.]+) s"


@dataclass(frozen=True, slots=True)
class Starts:
    """Seconds of the guest's kernel, but `to_green_from_power`, which is of this machine. memory: bytes in use.

    first: with all that is made only once. to_green: None where there are no lights."""

    first: float
    later: float
    to_green: float | None
    to_green_from_power: float | None
    memory: float


def measure(directory: Path, rounds: int) -> Sequence[Row]:
    root = next(partition for partition in partitions(IMAGE) if partition.name.startswith("sekisho_"))
    filled, kernel = used(root) / _MB, (OUTPUT / "sekisho.efi").stat().st_size / _MB
    changed, fetched, slot = update(directory)
    with clinic() as world:
        ours = [our_starts(world) for _ in range(rounds)]
        plain = [plain_starts(world) for _ in range(rounds)]

    def middle(name: str, starts: Sequence[Starts]) -> float:
        return float(median(getattr(start, name) for start in starts))

    rows = [
        Row("root of one slot, as compressed in its partition", "MB", filled),
        Row("signed kernel image (UKI) of one slot", "MB", kernel),
        Row("root and UKI of one slot", "MB", filled + kernel, goal=GOAL),
        Row("disk image as the factory writes it, holes left out", "MB", IMAGE.stat().st_blocks * 512 / _MB),
        Row(f"update, {changed}, over the line; peer: the whole slot, packed", "MB", fetched / _MB, slot / _MB),
        Row("first start, second slot and data made", "s", middle("first", ours), middle("first", plain)),
        Row("later start, to the end of systemd's work", "s", middle("later", ours), middle("later", plain)),
        Row("later start, to green lights; peer: as above", "s", middle("to_green", ours), middle("later", plain)),
        Row("from power to green lights, firmware included, by this machine's clock", "s",
            middle("to_green_from_power", ours)),
        Row("memory in use at idle, without caches (MemTotal - MemAvailable)", "MB",
            middle("memory", ours) / _MB, middle("memory", plain) / _MB),
    ]  # fmt: skip
    costs = "".join(profile(root))
    explain("image", rows, costs)
    (PROJECT / "build" / "image" / "costs.txt").write_text(costs)
    return rows


def our_starts(world: World) -> Starts:
    with a_clinic_router(world, "bench") as (machine, _):
        machine.cut_power()
        machine.switch_on()
        power_to_green = machine.await_word("the lights are green after ", 2)
        first, later = ends_of_starts(machine, 2)
        machine.await_condition(lambda: is_green(world.machines["doctor"]), "green lights", LONG)
        green = float(re.findall(_GREEN, machine.said())[-1])
        return Starts(first, later, green, power_to_green, at_rest(machine))


def plain_starts(world: World) -> Starts:
    subprocess.run([PROJECT / "scripts" / "plain-image"], cwd=PROJECT, check=True, timeout=1500)
    with cards(world) as plugged, Emulated("bench-plain", plugged, image=PLAIN) as machine:
        ends_of_starts(machine, 1)
        machine.cut_power()
        machine.switch_on()
        first, later = ends_of_starts(machine, 2)
        return Starts(first, later, None, None, at_rest(machine))


def ends_of_starts(machine: Emulated, number: int) -> list[float]:
    """Seconds of the guest's kernel until systemd's work ends, of each of so many starts.

    Raises RuntimeError where a unit failed: what such a start waited for is not what is measured."""

    def told() -> list[tuple[str, str]]:
        return re.findall(_END_OF_START, machine.said())

    machine.await_condition(lambda: len(told()) >= number, f"the end of start {number}")
    states, seconds = zip(*told(), strict=True)
    if {*states} != {"running"}:
        raise RuntimeError(f"the starts ended {' and '.join(states)}; what failed: {machine.console}")
    return [float(figure) for figure in seconds]


def at_rest(machine: Emulated) -> float:
    """Bytes in use, the least within the minutes after a start: some of what works for it stays for a while."""

    def in_use() -> float:
        memory = machine.memory()
        return memory["stat-total-memory"] - memory["stat-available-memory"]

    samples = [in_use()]
    for _ in range(8):
        time.sleep(fork_server.REST / 2)
        samples.append(in_use())
    return min(samples)


def update(directory: Path) -> tuple[str, float, float]:
    """The package that changed, the bytes that a router with the version before fetches, those of a packed slot."""
    name, older, newer = older_package()
    earlier = versions.build("before", FRESH="1", PACKAGES=f"{name}={older}")
    before, after = directory / "before.firmware", directory / "after.firmware"
    versions.make_bundle(before, earlier / "sekisho.raw", earlier / "sekisho.efi", "0.0.1", 1)
    told = versions.make_bundle(after, IMAGE, OUTPUT / "sekisho.efi", "0.1.0", 2, "--against", str(before))
    return f"{name} ({older} -> {newer})", told["update_bytes"], told["bundle_bytes"]


def older_package() -> tuple[str, str, str]:
    """One of the router's own packages of which the archive has an older version too: name, that one, the image's."""
    wanted = {
        line.split()[1]
        for line in (PROJECT / "debian-packages.txt").read_text().splitlines()
        if line.startswith("router ")
    }
    manifest = json.loads((OUTPUT / "sekisho.manifest").read_text())
    installed = {package["name"]: package["version"] for package in manifest["packages"]}
    for line in (PROJECT / "build" / "image" / "offered.txt").read_text().splitlines():
        name, version, _ = line.split(maxsplit=2)
        if name in wanted and version != installed[name]:
            return name, version, installed[name]
    raise RuntimeError("the archive has one version only of each of the router's packages")


def used(root: Partition) -> int:
    """Bytes."""
    return int(struct.unpack_from("<Q", root.read(0, 96), _BYTES_USED)[0])


def profile(root: Partition) -> Iterator[str]:
    """What is largest before compression, by folder."""
    listed = subprocess.run(
        [
            *("scripts/image-tools", "unsquashfs", "-lls", "-no-progress", "-offset", str(root.offset)),
            str(root.image.relative_to(PROJECT)),
        ],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    ).stdout
    sizes: Counter[str] = Counter()
    for line in listed.splitlines():
        found = re.match(r"-\S+ \S+ +(\d+) \S+ \S+ squashfs-root/(.*)", line)
        if found:
            sizes["/".join(found[2].split("/")[:5])] += int(found[1])
    for name, size in sizes.most_common(_SHOWN):
        yield f"{size / _MB:8.2f} MB  {name}\n"


if __name__ == "__main__":
    run("image", HOW, measure, ROUNDS, {"qemu": ("qemu-system-x86_64", "--version")})
