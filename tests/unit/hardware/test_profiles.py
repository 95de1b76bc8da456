"""The profiles that the image brings, the machines that they are for, and what is no profile."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.hardware.machine import card, own, profiles, seen
from appliance.hardware.matching import assigned, chosen, lan
from appliance.hardware.model import Machine, Port, Profile, Role
from appliance.hardware.profile import parse

SHIPPED = Path(__file__).parents[3] / "firmware-image/files/usr/share/sekisho/hardware"
SMALLEST = """
title = "A machine"
[match]
vendor = ["Maker"]
[[ports]]
role = "lan"
driver = "igb"
number = 1
label = "LAN"
"""


def ports(driver: str, count: int) -> tuple[Port, ...]:
    return tuple(Port(f"p{number}", driver, f"/sys/devices/0000:0{number}:00.0") for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("machine", "name", "lan_port"),
    [
        (Machine("QEMU", "Standard PC (Q35 + ICH9, 2009)", "", ports("virtio_net", 2)), "10-qemu-q35", "p2"),
        (Machine("PC Engines", "apu2", "1", ports("igb", 3)), "20-pcengines-apu", "p2"),
        (Machine("PC Engines", "PC Engines apu4", "1", ports("igb", 4)), "20-pcengines-apu", "p2"),
        (Machine("Protectli", "VP2420", "1", ports("igc", 4)), "90-intel-4-ports", "p2"),
        (Machine("", "", "", ports("igc", 4)), "90-intel-4-ports", "p2"),
    ],
)
def test_machines_find_their_profile(machine: Machine, name: str, lan_port: str) -> None:
    found = chosen(machine, profiles(SHIPPED))
    assert found is not None and found.name == name
    assert lan(machine, found) == lan_port


def test_a_machine_that_nobody_has_described_has_none() -> None:
    assert chosen(Machine("Maker", "Thing", "", ports("igc", 2)), profiles(SHIPPED)) is None
    assert chosen(Machine("", "", "", ()), profiles(SHIPPED)) is None


def test_a_missing_card_moves_no_other() -> None:
    apu = next(profile for profile in profiles(SHIPPED) if profile.name == "20-pcengines-apu")
    mixed = Machine("PC Engines", "apu2", "", (Port("usb0", "r8152", "/sys/devices/0"), *ports("igb", 1)))
    assert {label: port.name for label, port in assigned(mixed, apu).items()} == {"WAN": "p1"}
    assert lan(mixed, apu) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("title", "titel"), "titel"),
        (('role = "lan"', 'role = "dmz"'), "role"),
        (('role = "lan"', 'role = "wan"'), "exactly one"),
        (("number = 1", "number = 0"), "number"),
        (("number = 1", "number = true"), "number"),
        (('driver = "igb"', 'driver = "../igb"'), "driver"),
        (('vendor = ["Maker"]', ""), "match"),
        (('vendor = ["Maker"]', 'vendor = "Maker"'), "vendor"),
        (('label = "LAN"', 'label = "LAN"\n[[lamps]]\nlabel = "1"\nshows = ["router"]'), "green, amber or red"),
        (('label = "LAN"', 'label = "LAN"\n[[lamps]]\nlabel = "1"\nshows = ["roof"]\ngreen = "a"'), "shows"),
        (('label = "LAN"', 'label = "LAN"\n[[lamps]]\nlabel = "1"\nshows = ["router"]\ngreen = "../../x"'), "green"),
        (('label = "LAN"', 'label = "LAN"\n[reset]\ndevice = "gpio"\ncode = 70000'), "code"),
        (('label = "LAN"', 'label = "LAN'), "line"),
    ],
)
def test_a_mistake_is_told_by_its_key(change: tuple[str, str], said: str) -> None:
    assert parse(SMALLEST, "one").ports[0].role is Role.LAN
    with pytest.raises(SekishoError, match=said) as refusal:
        parse(SMALLEST.replace(*change), "one")
    assert refusal.value.code == "hardware.bad-profile"


@given(st.text(max_size=60), st.sampled_from(SMALLEST.split("\n")))
def test_whatever_stands_in_the_file_it_is_a_profile_or_refused(text: str, line: str) -> None:
    try:
        assert isinstance(parse(SMALLEST.replace(line, text), "one"), Profile)
    except SekishoError as error:
        assert error.code == "hardware.bad-profile"


@pytest.fixture
def sys(tmp_path: Path) -> Path:
    """As the kernel shows a machine with two cards, a virtual interface, and a maker who wrote no serial number."""
    dmi = tmp_path / "class/dmi/id"
    dmi.mkdir(parents=True)
    for name, text in (("sys_vendor", "PC Engines\n"), ("product_name", "apu2\n"), ("product_serial", "None\n")):
        (dmi / name).write_text(text)
    driver = tmp_path / "bus/pci/drivers/igb"
    driver.mkdir(parents=True)
    # The names are in another order than the places.
    for name, place in (("eth1", "0000:01:00.0"), ("eth0", "0000:02:00.0")):
        device = tmp_path / "devices/pci0000:00" / place
        device.mkdir(parents=True)
        (device / "driver").symlink_to(driver)
        entry = tmp_path / "class/net" / name
        entry.mkdir(parents=True)
        (entry / "device").symlink_to(device)
        (entry / "address").write_text("02:00:00:00:01:0" + name[-1] + "\n")
    (tmp_path / "class/net/lo").mkdir()
    return tmp_path


def test_a_machine_is_seen_as_the_kernel_shows_it(sys: Path) -> None:
    machine = seen(sys)
    assert (machine.vendor, machine.product, machine.serial) == ("PC Engines", "apu2", "")
    assert [(port.name, port.driver) for port in machine.ports] == [("eth1", "igb"), ("eth0", "igb")]
    assert card("eth0", sys) == "02:00:00:00:01:00"
    _, profile = own(SHIPPED, sys)
    assert profile is not None and lan(machine, profile) == "eth0"


def test_this_very_machine_can_be_looked_at() -> None:
    machine = seen()
    assert all(port.name and port.driver and port.place.startswith("/sys/devices/") for port in machine.ports)
