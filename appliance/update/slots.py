"""Which partitions are the slot that runs, and which are the other one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from appliance.errors import SekishoError
from appliance.update.gpt import ROOT, ROOT_VERITY, Partition, Table

_CMDLINE = Path("/proc/cmdline")
_BY_UUID = Path("/dev/disk/by-partuuid")
_BLOCK = Path("/sys/class/block")
_MOUNTED = (Path("/efi/EFI/Linux"), Path("/boot/EFI/Linux"))


@dataclass(frozen=True, slots=True)
class Slot:
    root: Partition
    verity: Partition


@dataclass(frozen=True, slots=True)
class Slots:
    running: Slot
    other: Slot


def slots(table: Table, running: UUID) -> Slots:
    """running: of the root partition that runs. Raises SekishoError ``firmware.no-slots``."""
    roots = [partition for partition in table.partitions() if partition.type == ROOT]
    verities = [partition for partition in table.partitions() if partition.type == ROOT_VERITY]
    # A slot's two stand one after the other, in the factory's image as in what the first boot adds.
    pairs = [Slot(*pair) for pair in zip(roots, verities, strict=False)]
    mine = [pair for pair in pairs if pair.root.uuid == running]
    others = [pair for pair in pairs if pair.root.uuid != running]
    if len(roots) != len(verities) or len(mine) != 1 or len(others) != 1:
        raise no_slots()
    return Slots(mine[0], others[0])


def running_root(cmdline: Path = _CMDLINE) -> UUID:
    """The partition's GUID is the first half of the root hash, with which the signed kernel image was made
    (systemd-veritysetup-generator(8)). Raises SekishoError ``firmware.no-slots``."""
    for word in cmdline.read_text().split():
        name, _, value = word.partition("=")
        if name == "roothash" and len(value) >= 64:
            return UUID(hex=value[:32])
    raise no_slots()


def disk_of(partition: UUID) -> Path:
    """The whole disk's device. Raises SekishoError ``firmware.no-slots``."""
    try:
        device = (_BY_UUID / str(partition)).resolve(strict=True)
        return Path("/dev") / (_BLOCK / device.name).resolve(strict=True).parent.name
    except OSError:
        raise no_slots() from None


def entries_directory() -> Path:
    """Raises SekishoError ``firmware.no-slots``."""
    found = next((directory for directory in _MOUNTED if directory.is_dir()), None)
    if found is None:
        raise no_slots()
    return found


def no_slots() -> SekishoError:
    return SekishoError(
        "firmware.no-slots",
        "このルーターはファームウェアのイメージで動いていないので、この方法では更新できません。",
        "This router does not run from a firmware image, and cannot be updated in this way.",
    )
