"""What the kernel shows of the machine (sysfs(5)), and the profiles that this image brings."""

from __future__ import annotations

from pathlib import Path

from appliance.errors import SekishoError
from appliance.hardware.matching import chosen
from appliance.hardware.model import Machine, Port, Profile
from appliance.hardware.profile import parse

PROFILES = Path("/usr/share/sekisho/hardware")
SYS = Path("/sys")
NOTHING = frozenset(
    {
        "",
        "none",
        "not specified",
        "not applicable",
        "to be filled by o.e.m.",
        "default string",
        "system serial number",
        "0",
    }
)
"""What makers write who wrote nothing, in small letters."""


def seen(sys: Path = SYS) -> Machine:
    names = ("sys_vendor", "product_name", "product_serial")
    vendor, product, serial = (_written(sys / "class/dmi/id" / name) for name in names)
    return Machine(vendor, product, serial, _ports(sys / "class/net"))


def profiles(directory: Path = PROFILES) -> tuple[Profile, ...]:
    """Raises SekishoError ``hardware.bad-profile``."""
    return tuple(_read(file) for file in sorted(directory.glob("*.toml")))


def own(directory: Path = PROFILES, sys: Path = SYS) -> tuple[Machine, Profile | None]:
    """This machine and its profile, None for a kind that nobody has described. Raises as `profiles`."""
    machine = seen(sys)
    return machine, chosen(machine, profiles(directory))


def card(port: str, sys: Path = SYS) -> str:
    """The hardware address of a port; empty where there is none."""
    return _written(sys / "class/net" / port / "address")


def own_profile() -> Profile:
    """Raises SekishoError ``hardware.unknown``, and as `profiles`."""
    machine, profile = own()
    if profile is None:
        raise unknown(machine)
    return profile


def unknown(machine: Machine) -> SekishoError:
    who = f"{machine.vendor} {machine.product}".strip() or "–"
    return SekishoError(
        "hardware.unknown",
        f"この機種（{who}）のプロファイルが {PROFILES} にありません。docs/hardware.md のとおりに書いて加えてください。",
        f"There is no profile of this machine ({who}) in {PROFILES}: write one as docs/hardware.md says.",
    )


def _read(file: Path) -> Profile:
    try:
        text = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SekishoError(
            "hardware.bad-profile",
            f"ハードウェアのプロファイル {file} を読めません（{error}）。書き直してください。",
            f"The hardware profile {file} cannot be read ({error}): write it anew.",
        ) from None
    return parse(text, file.stem)


def _written(file: Path) -> str:
    try:
        text = file.read_text(errors="replace").strip()
    except OSError:
        return ""
    return "" if text.casefold() in NOTHING else text


def _ports(directory: Path) -> tuple[Port, ...]:
    found = []
    for entry in directory.glob("*"):
        # A card has a device behind it; a bridge, a tunnel or the loopback has none.
        device, driver = entry / "device", entry / "device/driver"
        if device.exists() and driver.exists():
            found.append(Port(entry.name, driver.resolve().name, str(device.resolve())))
    return tuple(sorted(found, key=lambda port: port.place))
