"""What the factory says of a machine's ports, and what is no such thing."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.control import ports
from appliance.control.ports import fresh_intent
from appliance.errors import SekishoError
from appliance.hardware.machine import profiles
from appliance.hardware.matching import chosen
from appliance.hardware.model import Machine, Port
from appliance.intent import fresh

OWN = 'lan = "lan0"\naddress = "192.0.2.1/26"\ndhcp_first = "192.0.2.32"\ndhcp_last = "192.0.2.61"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ports.toml"


def test_without_a_file_and_a_profile_nobody_knows(path: Path) -> None:
    assert fresh_intent(path) is None


def test_the_port_alone_is_enough(path: Path) -> None:
    path.write_text('lan = "lan0"\n')
    assert fresh_intent(path) == fresh.fresh("lan0")


def test_a_range_of_its_own(path: Path) -> None:
    path.write_text(OWN)
    intent = fresh_intent(path)
    assert intent is not None
    assert str(intent.lan.address) == "192.0.2.1/26"
    dhcp = intent.lan.segments[0].dhcp
    assert dhcp is not None
    assert (dhcp.first, dhcp.last) == (IPv4Address("192.0.2.32"), IPv4Address("192.0.2.61"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lan",
        "lan = 1",
        'lan = "a b"',
        'lan = "lan0"\nwan = "wan0"',
        OWN.replace('dhcp_last = "192.0.2.61"', ""),
        OWN.replace("192.0.2.61", "192.0.2.99"),
        OWN.replace("192.0.2.61", "192.0.2.31"),
        OWN.replace("192.0.2.32", "192.0.2.0"),
        OWN.replace("192.0.2.1/26", "192.0.2.40/26"),
        OWN.replace("192.0.2.1/26", "192.0.2.0/26"),
        OWN.replace('"192.0.2.1/26"', "1"),
    ],
)
def test_what_cannot_be_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(SekishoError) as caught:
        fresh_intent(path)
    assert caught.value.code == "control.bad-ports"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_whatever_stands_there_it_is_understood_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        fresh_intent(path)
    except SekishoError as error:
        assert error.code == "control.bad-ports"


def test_the_profile_says_it_where_there_is_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = tuple(Port(name, "virtio_net", place) for name, place in (("eth7", "/sys/devices/a"), ("eth3", "/sys/b")))
    machine = Machine("QEMU", "Standard PC (Q35 + ICH9, 2009)", "", cards)
    shipped = Path(__file__).parents[3] / "firmware-image/files/usr/share/sekisho/hardware"
    monkeypatch.setattr(ports, "own", lambda: (machine, chosen(machine, profiles(shipped))))
    assert fresh_intent(path) == fresh.fresh("eth3")
    path.write_text('lan = "lan0"\n')
    assert fresh_intent(path) == fresh.fresh("lan0")
