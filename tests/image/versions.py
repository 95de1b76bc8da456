"""Other builds of the firmware than the one that `make image` made, and their bundles as the desk issues them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.image.emulated import KEYS, OUTPUT, copy_disk
from tests.image.partitions import Partition, partitions
from tests.lab.filesystem import PROJECT

NEXT = "0.2.0"
"""Newer than that of the software."""
_SQUASHFS_SUPERBLOCK = 96
"""Bytes."""


def build(folder: str, **settings: str) -> Path:
    """The same tree once more, into a folder beside `OUTPUT`, which is returned. settings: for scripts/image."""
    output = OUTPUT.with_name(folder)
    environment = {**os.environ, **settings, "OUTPUT": output.name}
    subprocess.run([PROJECT / "scripts" / "image"], cwd=PROJECT, env=environment, check=True, timeout=1800)
    return output


def bundle(image: Path, uki: Path, version: str, generation: int) -> Path:
    """It lies beside the image, under its name."""
    file = image.with_suffix(".firmware")
    file.unlink(missing_ok=True)
    make_bundle(file, image, uki, version, generation)
    return file


def make_bundle(file: Path, image: Path, uki: Path, version: str, generation: int, *more: str) -> dict[str, float]:
    """Signed with the key that the image trusts. Returns what ``sekisho firmware make`` tells. more: words for it."""
    command: list[str | Path] = [Path(sys.prefix, "bin", "sekisho"), "firmware", "make", file, "--json", *more]
    command += ["--image", image, "--uki", uki, "--key", KEYS / "firmware.key", "--hardware", "10-qemu-q35"]
    command += ["--version", version, "--generation", str(generation)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def with_broken_root(image: Path) -> Path:
    """A version that cannot come up, though all that is signed about it is in order: its root is not the one that its
    kernel was made with. Nothing before the start can know that but a look at the whole root with the kernel's hash."""
    broken = image.with_name("broken.raw")
    copy_disk(image, broken)
    break_root(broken, root_of(broken).name)
    return broken


def break_root(image: Path, name: str) -> None:
    """name: of the slot's partitions."""
    root = next(one for one in partitions(image) if one.name == name)
    with image.open("r+b") as disk:
        disk.seek(root.offset)
        disk.write(bytes(_SQUASHFS_SUPERBLOCK))


def root_of(image: Path) -> Partition:
    """Of a disk as the build made it: it has one."""
    return next(partition for partition in partitions(image) if partition.name.startswith("sekisho_"))
