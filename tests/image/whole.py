"""Whether a disk holds a version that comes up, as far as that can be told without starting it.

What starts it is asked in its own words: the product's reader of the partition table, systemd-boot's order of entries,
the signed kernel images as they were built, dm-verity's hashes, and the fsck that the router runs before it mounts.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from appliance.update import entries, gpt, kept
from appliance.update.core import Kept
from appliance.update.disk import opened
from appliance.update.facts import order
from tests.image import esp
from tests.image.emulated import KEYS
from tests.image.partitions import Partition, partitions
from tests.lab.filesystem import PROJECT

_BOOT_LOADER = ("EFI/BOOT/BOOTX64.EFI", "EFI/systemd/systemd-bootx64.efi", "loader/loader.conf")
_DATA = "sekisho-data"
_OF_ANY_CUT = re.compile(
    r"boot sector and its backup|mostly harmless|offset:original/backup|^ *65:01/00|automatically|[Dd]irty bit"
    r"|properly unmounted|Leaving filesystem unchanged|^$"
)
"""fsck.fat's words on a file system that is mounted, which says so of itself in one byte."""
_STATE = "/lib/sekisho/update/state.json"
"""On the data partition."""


@dataclass(frozen=True, slots=True)
class Found:
    """version: that would be started. entries: names of the boot loader's, and what waits. tables: whether both copies
    of the partition table are whole. mended: whether fsck had to mend the data. kept: how far the update is.
    complaints: what fsck.fat says of the EFI system partition, which nobody mends."""

    version: str
    entries: tuple[str, ...]
    tables: bool
    mended: bool
    kept: Kept
    complaints: str


class NotWholeError(AssertionError):
    """Nothing on this disk would come up, or not with its data. Says what is wrong."""


def root_hash(uki: bytes) -> str:
    """In the signed command line."""
    found = re.search(rb"roothash=([0-9a-f]{64})", uki)
    if found is None:
        raise NotWholeError("the kernel image has no root hash")
    return found[1].decode()


@dataclass(frozen=True, slots=True)
class Signed:
    """kernels: by version, as they were built and signed. loader: the boot loader's files, by name."""

    kernels: Mapping[str, bytes]
    loader: Mapping[str, bytes]


def signed(disk: Path, builds: Mapping[str, Path]) -> Signed:
    """disk: whose boot loader is in order. builds: by version, their kernel images, of which each is verified with the
    certificate that the firmware has enrolled. Raises NotWholeError."""
    for uki in builds.values():
        _tool("sbverify", "--cert", str(_inside(KEYS / "secure-boot.crt")), str(_inside(uki)))
    kernels = {version: uki.read_bytes() for version, uki in builds.items()}
    return Signed(kernels, {name: esp.read(disk, name) for name in _BOOT_LOADER})


def check(disk: Path, before: Signed, folder: Path) -> Found:
    """folder: in the project, for parts of the disk. Raises NotWholeError, and SekishoError where there is no partition
    table."""
    with opened(disk, writable=False) as content:
        tables = gpt.read(content.read).whole
    names = esp.entries(disk)
    known = [entry for name in names if (entry := entries.parse(name)) and not entry.half]
    filled = [entry for entry in known if _is_signed(disk, entry, before)]
    chosen = _chosen(filled)
    for name in _BOOT_LOADER:
        if _on_esp(disk, name) != before.loader[name]:
            raise NotWholeError(f"{name} is not as it was")
    complaints = _complaints(disk, folder)
    _check_root(disk, root_hash(before.kernels[chosen.version]), folder)
    mended, state = _check_data(disk, folder)
    return Found(chosen.version, names, tables, mended, state, complaints)


def _is_signed(disk: Path, entry: entries.Entry, before: Signed) -> bool:
    """Byte by byte. False: it is empty, as systemd-bless-boot may leave one (it syncs the name before the file), and is
    passed over by systemd-boot; those that get their names from us never are, whether they wait or not."""
    content = _on_esp(disk, f"EFI/Linux/{entry.name}")
    if not content and not entry.waits and not entry.counted:
        return False
    if content != before.kernels[entry.version]:
        raise NotWholeError(f"{entry.name} is not the kernel image that was signed, but {len(content)} bytes")
    return True


def _chosen(known: Sequence[entries.Entry]) -> entries.Entry:
    """As systemd-boot chooses: the newest, those that have no try left last."""
    ready = [entry for entry in known if not entry.waits]
    if not ready:
        raise NotWholeError("the boot loader has nothing to start")
    return max(ready, key=lambda entry: ("+0" not in entry.name, order(entry.version)))


def _check_root(disk: Path, digest: str, folder: Path) -> None:
    by_uuid = {UUID(one.uuid): one for one in partitions(disk)}
    halves = UUID(hex=digest[:32]), UUID(hex=digest[32:])
    if not by_uuid.keys() >= set(halves):
        raise NotWholeError("the partition table does not know the root that the kernel image names")
    parts = []
    for name, half in zip(("root", "verity"), halves, strict=True):
        part = folder / name
        _extract(by_uuid[half], part)
        parts.append(str(_inside(part)))
    _tool("veritysetup", "verify", *parts, digest)


def _check_data(disk: Path, folder: Path) -> tuple[bool, Kept]:
    part = folder / "data"
    _extract(next(one for one in partitions(disk) if one.name == _DATA), part)
    place = str(_inside(part))
    # As firmware-image/mkosi.extra/usr/lib/sekisho/data does: 1 is what could be mended.
    done = _tool("e2fsck", "-p", place, may=(0, 1))
    # The router goes by what the file system says of itself then; here all of it is looked through.
    _tool("e2fsck", "-fn", place)
    document = _tool("debugfs", "-R", f"cat {_STATE}", place).stdout
    try:
        return done.returncode == 1, kept.parse(document.encode())
    except ValueError as error:
        raise NotWholeError(f"{_STATE} cannot be read ({error}): {document!r}") from None


def _on_esp(disk: Path, name: str) -> bytes:
    try:
        return esp.read(disk, name)
    except subprocess.CalledProcessError as error:
        raise NotWholeError(f"{name} cannot be read: {error.stderr!r}") from None


def _complaints(disk: Path, folder: Path) -> str:
    part = folder / "esp"
    _extract(esp.partition(disk), part)
    # 1: it found something; it is not to mend it.
    told = _tool("fsck.fat", "-n", str(_inside(part)), may=(0, 1)).stdout
    return " ".join(line.strip() for line in told.splitlines()[1:-1] if not _OF_ANY_CUT.search(line))


def _extract(partition: Partition, part: Path) -> None:
    command = ["dd", f"if={partition.image}", f"of={part}", "bs=1M", "iflag=skip_bytes,count_bytes", "conv=sparse"]
    command += [f"skip={partition.offset}", f"count={partition.size}", "status=none"]
    part.unlink(missing_ok=True)
    subprocess.run(command, check=True, timeout=300)


def _inside(path: Path) -> Path:
    """As the tools see it: they are in the Debian that made the image, with its versions of them."""
    return Path("/project") / path.relative_to(PROJECT)


def _tool(*command: str, may: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    wanted = ["scripts/image-tools", *command]
    done = subprocess.run(wanted, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode not in may:
        raise NotWholeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done
