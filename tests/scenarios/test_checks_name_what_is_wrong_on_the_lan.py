"""An access point in router mode, and a machine with somebody's address: the survey names both, with their cards."""

from __future__ import annotations

import socket

import pytest
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6
from scapy.layers.l2 import Ether

from tests.lab import addresses
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.checks import codes, diagnose
from tests.scenarios.steps import Steadily

pytestmark = pytest.mark.namespaces

STRANGER = "192.0.2.49"


def test_a_foreign_dhcp_server(clinic: World) -> None:
    stranger = clinic.machines["lan-attacker"]
    stranger.ip(f"address add {STRANGER}/26 dev eth0\n")
    stranger.popen(
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--port=0",
        "--interface=eth0",
        "--bind-interfaces",
        f"--listen-address={STRANGER}",
        "--dhcp-range=192.0.2.56,192.0.2.58,1h",
        "--dhcp-authoritative",
        "--leasefile-ro",
        "--pid-file=",
    )
    until(lambda: ":67" in stranger.run("ss", "-uln").stdout, "the foreign server listens")
    outcome = diagnose(clinic, "lan")["lan"]
    assert outcome["state"] == "failed"
    assert "lan.foreign-dhcp" in codes(outcome)["lan"]
    said = "\n".join(outcome["raw"])
    assert clinic.mac("lan-attacker", "eth0") in said
    assert STRANGER in said


def test_somebody_who_says_that_he_is_an_ipv6_router(clinic: World) -> None:
    card = clinic.mac("lan-attacker", "eth0")
    prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:bad::", prefixlen=64)
    frame = Ether(src=card, dst="33:33:00:00:00:01") / IPv6(src="fe80::50", dst="ff02::1") / ICMPv6ND_RA() / prefix
    wire = clinic.machines["lan-attacker"].inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    with wire:
        wire.bind(("eth0", 0))
        with Steadily(lambda: wire.send(bytes(frame))):
            outcome = diagnose(clinic, "lan")["lan"]
    assert outcome["state"] == "attention"
    assert codes(outcome)["lan"] == {"lan.rogue-ra", "lan.who"}
    said = "\n".join(outcome["raw"])
    assert card in said
    assert "2001:db8:bad::/64" in said


def test_a_duplicate_address(clinic: World) -> None:
    terminal = addresses.TERMINALS["reception"]
    clinic.machines["lan-attacker"].ip(f"address add {terminal.address} dev eth0\n")
    outcome = diagnose(clinic, "lan")["lan"]
    assert codes(outcome)[str(terminal.address.ip)] == {"lan.duplicate-address"}
    said = "\n".join(outcome["raw"])
    assert terminal.mac in said
    assert clinic.mac("lan-attacker", "eth0") in said


def test_the_router_s_own_address(clinic: World) -> None:
    clinic.machines["lan-attacker"].ip(f"address add {addresses.ROUTER_LAN} dev eth0\n")
    outcome = diagnose(clinic, "lan")["lan"]
    assert codes(outcome)[str(addresses.ROUTER_LAN.ip)] == {"lan.router-address-taken"}


def test_a_terminal_with_another_card(clinic: World) -> None:
    place = addresses.TERMINALS["doctor"]
    clinic.links["doctor", "eth0"].unplug()
    clinic.machines["lan-attacker"].ip(f"address add {place.address} dev eth0\n")
    assert codes(diagnose(clinic, "lan")["lan"])["doctor"] == {"lan.other-card"}
