"""What the image that runs says of itself."""

from __future__ import annotations

from pathlib import Path

from appliance import paths
from appliance.account.keys import Trusted, parse_trusted
from appliance.errors import SekishoError
from appliance.hardware import machine
from appliance.site.schema import SCHEMA
from appliance.update import running
from appliance.update.acceptance import Device
from appliance.update.slots import no_slots


def version() -> str:
    """Raises SekishoError ``firmware.no-slots`` where the system is no image of ours."""
    found = running.version()
    if found is None:
        raise no_slots()
    return found


def device(floor: int) -> Device:
    """Raises SekishoError ``firmware.no-slots``, ``hardware.unknown``."""
    return Device(version(), machine.own_profile().name, floor, SCHEMA)


def trusted(file: Path = paths.FIRMWARE_KEYS) -> Trusted:
    """The keys whose bundles this version takes. Raises SekishoError ``firmware.no-keys``."""
    try:
        found = parse_trusted(file.read_bytes())
    except OSError:
        found = None
    if found is None:
        raise SekishoError(
            "firmware.no-keys",
            f"ファームウェアの署名を確かめる鍵（{file}）がないので、更新できません。データセンターに知らせてください。",
            f"There are no keys to verify firmware with ({file}), so nothing is taken: tell the data center.",
        )
    return found
