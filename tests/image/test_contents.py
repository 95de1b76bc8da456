"""What is in the firmware: no account has a shell, nothing compiles, no file makes anybody another."""

from __future__ import annotations

import subprocess

from tests.image.emulated import OUTPUT
from tests.image.partitions import partitions
from tests.lab.filesystem import PROJECT

SHELLS = {"/usr/sbin/nologin", "/usr/bin/false", "/bin/false", "/bin/sync"}
COMPILERS = {"as", "c++", "cc", "clang", "cpp", "g++", "gcc", "go", "ld", "make", "rustc", "tcc"}


def unsquashfs(option: str, *files: str) -> str:
    """unsquashfs(1) of the root file system in the image."""
    disk = OUTPUT / "sekisho.raw"
    root = next(part for part in partitions(disk) if part.read(0, 4) == b"hsqs")
    command = [
        str(PROJECT / "scripts" / "image-tools"),
        "unsquashfs",
        "-no-progress",
        "-offset",
        str(root.offset),
        option,
    ]
    command += [f"/project/{disk.relative_to(PROJECT)}", *files]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=300).stdout


def test_no_account_has_a_shell() -> None:
    accounts = [line.split(":") for line in unsquashfs("-cat", "etc/passwd").splitlines()]
    assert "root" in {account[0] for account in accounts}
    assert {account[6] for account in accounts} <= SHELLS


def test_nothing_compiles_and_no_file_makes_anybody_another() -> None:
    listed = [line.split(maxsplit=5) for line in unsquashfs("-lls").splitlines() if "squashfs-root/" in line]
    assert len(listed) > 1000
    assert [words[-1] for words in listed if words[0].startswith("-") and set(words[0]) & {"s", "S"}] == []
    programs = {words[-1].split(" -> ")[0] for words in listed if "/bin/" in words[-1]}
    assert {program.rpartition("/")[2] for program in programs} & COMPILERS == set()
