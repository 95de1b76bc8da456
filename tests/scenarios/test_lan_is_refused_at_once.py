"""Whatever the LAN may not do is answered at once, since its clients have no time-outs; and nothing of it gets out."""

from __future__ import annotations

import errno
import socket

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet

from tests.lab import addresses, observe
from tests.lab.client import LIMIT, seconds_to_refusal
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios import frames
from tests.scenarios.steps import GATE_PORT, MODES, Steadily, engine_addresses, firewall_counter

pytestmark = pytest.mark.namespaces

ENGINES = " or ".join(f"host {address}" for host in MODES for address in engine_addresses(host))
NEIGHBOURS = " or ".join(f"host {place.inner}" for place in addresses.CONCENTRATORS.values())
UNASKED = (
    f"not udp port 3784 and not host {addresses.CENTER_DNS.ip} "
    f"and not (udp port 123 and host {addresses.CENTER_NTP.ip}) and not (icmp and ({NEIGHBOURS})) "
    f"and not (tcp port 443 and ({ENGINES}))"
)
"""What no measuring, resolving, proving and permitted work explains, inside a tunnel."""
BESIDE_THE_TUNNELS = f"not udp port {addresses.WIREGUARD_PORT} and not arp and not port 53 and not port 67"

TERMINAL = addresses.TERMINALS["reception"].address.ip
NOT_PROVEN = ("203.0.113.19", str(addresses.MONITORING.ip), str(addresses.CORE.ip), "203.0.113.1")


def test_lan_is_refused_at_once(clinic: World) -> None:
    reception, attacker = clinic.machines["reception"], clinic.machines["lan-attacker"]
    router = clinic.machines["router"]
    outside = [Capture(clinic.machines["upper"], "lan0", BESIDE_THE_TUNNELS)]
    outside += [Capture(router, interface, UNASKED) for interface in ("sk-dc1", "sk-dc2")]
    with observe.Session(clinic) as session, Steadily(session.exchange):
        for machine in (reception, attacker):
            _internet_is_refused(machine)
            for address in NOT_PROVEN:
                seconds_to_refusal(machine, address, addresses.ENGINE_PORT)
                _udp_is_refused(machine, address, 9)
            for engine in engine_addresses(addresses.RECEIPT_HOST):
                seconds_to_refusal(machine, engine, 22)
                _udp_is_refused(machine, engine, addresses.ENGINE_PORT)
            for port in (22, 8080, 8443, 9464, GATE_PORT):
                seconds_to_refusal(machine, str(addresses.ROUTER_LAN.ip), port)
            _ipv6_fails_at_once(machine)
        for host in MODES:
            for engine in engine_addresses(host):
                seconds_to_refusal(attacker, engine, addresses.ENGINE_PORT)
        _forged_senders_say_nothing(clinic)
    _another_machine_in_a_terminals_clothes(clinic)
    for capture in outside:
        capture.stop()
        assert capture.lines() == []


def _internet_is_refused(machine: Machine) -> None:
    seconds_to_refusal(machine, str(addresses.PUBLIC_WEB.ip), 80)
    _udp_is_refused(machine, str(addresses.INTERNET_DNS.ip), 53)
    assert "Packet filtered" in machine.run("ping", "-c1", str(addresses.PUBLIC_WEB.ip), check=False).stdout
    # Not even the upper router, which every machine behind it could reach before.
    seconds_to_refusal(machine, str(addresses.UPPER_LAN.ip), 80)


def _udp_is_refused(machine: Machine, address: str, port: int) -> None:
    with machine.socket(kind=socket.SOCK_DGRAM) as udp:
        udp.settimeout(LIMIT)
        udp.connect((address, port))
        udp.send(b"question")
        with pytest.raises(OSError) as refused:
            udp.recv(1)
        # What Linux makes of ICMP "communication administratively prohibited" (icmp(7)).
        assert refused.value.errno == errno.EHOSTUNREACH


def _ipv6_fails_at_once(machine: Machine) -> None:
    with machine.socket(socket.AF_INET6) as tcp, pytest.raises(OSError) as refused:
        tcp.connect(("2001:db8::80", 80))
    assert refused.value.errno == errno.ENETUNREACH


def _forged_senders_say_nothing(clinic: World) -> None:
    before = firewall_counter(clinic, "forged_lan")
    forged = [
        str(addresses.INTERNET_ATTACKER.ip),
        engine_addresses(addresses.RECEIPT_HOST)[0],
        "192.0.2.1",
        "127.0.0.1",
    ]
    packets: list[Packet] = [
        IP(src=source, dst=destination) / payload
        for source in forged
        for destination in (str(addresses.PUBLIC_WEB.ip), engine_addresses(addresses.RECEIPT_HOST)[1])
        for payload in (TCP(sport=40000, dport=443), UDP(sport=40000, dport=53) / b"question")
    ]
    six: list[Packet] = [IPv6(src="fe80::50", dst="2001:db8::80") / TCP(sport=40000, dport=80)]
    frames.send(clinic.machines["lan-attacker"], "eth0", addresses.ROUTER_LAN_MAC, packets + six)
    # The kernel itself drops what claims to come from its own addresses.
    until(lambda: firewall_counter(clinic, "forged_lan") >= before + len(packets) // 2, "the firewall counts them")


def _another_machine_in_a_terminals_clothes(clinic: World) -> None:
    """The terminal is switched off, and somebody takes its address."""
    attacker = clinic.machines["lan-attacker"]
    clinic.links["reception", "eth0"].unplug()
    attacker.ip(f"address add {TERMINAL}/26 dev eth0\n")
    before = firewall_counter(clinic, "refused_impostor")
    for host in MODES:
        with attacker.socket() as tcp:
            tcp.settimeout(LIMIT)
            tcp.bind((str(TERMINAL), 0))
            with pytest.raises(ConnectionRefusedError):
                tcp.connect((engine_addresses(host)[0], addresses.ENGINE_PORT))
    assert firewall_counter(clinic, "refused_impostor") >= before + len(MODES)
