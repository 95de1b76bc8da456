"""The table in a real kernel, from outside: what the line and the data center meet."""

from __future__ import annotations

import socket

import pytest

from appliance.intent import names
from tests.lab.waiting import until
from tests.unit.intent.clinic import (
    CENTER_DNS,
    CONCENTRATOR,
    ENGINE,
    INNER,
    MONITORING,
    PATIENCE,
    PUBLIC_WEB,
    RESOLVER,
    SILENCE,
    Clinic,
    Echo,
    asks,
    outcome,
    try_to_connect,
)
from tests.unit.intent.forgery import on_the_wire, udp

pytestmark = pytest.mark.namespaces


def test_the_line_meets_silence(clinic: Clinic) -> None:
    dropped, forged = clinic.counted(names.DROPPED_WAN), clinic.counted(names.FORGED_WAN)
    with Echo(clinic.router, "192.0.2.66", 80), Echo(clinic.terminal, "192.0.2.10", 445):
        assert outcome(clinic.line, "192.0.2.66", 80, SILENCE) == "silence"
        assert outcome(clinic.line, "192.0.2.10", 445, SILENCE) == "silence"
        assert outcome(clinic.line, INNER, names.METRICS_PORT, SILENCE) == "silence"
    assert clinic.counted(names.DROPPED_WAN) > dropped
    assert clinic.counted(names.FORGED_WAN) >= forged + 2


@pytest.mark.parametrize("sender", ["192.0.2.10", ENGINE])
def test_a_fragment_that_is_never_whole_is_not_told_of_inside(clinic: Clinic, sender: str) -> None:
    """The kernel waits for the rest, and then tells the sender (RFC 792, time exceeded): whoever that claims to be."""
    # Two lines make the return-path filter loose.
    for name, value in (("net/ipv4/ipfrag_time", "1"), ("net/ipv4/conf/wan0/rp_filter", "2")):
        clinic.router.write(f"/proc/sys/{name}", value)
    card = clinic.router.read("/sys/class/net/wan0/address").strip()
    inside = clinic.terminal if sender == "192.0.2.10" else clinic.center
    with inside.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)) as ears:
        on_the_wire(clinic.line, "eth0", card, udp((sender, 40000), ("192.0.2.66", 443), b"secret" * 4, more=True))
        ears.settimeout(2.5)
        with pytest.raises(TimeoutError):
            ears.recv(2000)


def test_names_time_and_tunnels_leave_by_the_line_and_nothing_else(
    clinic: Clinic, gate_user: int, time_user: int
) -> None:
    endpoint = f"{{ {CONCENTRATOR} . 51820 }}"
    clinic.router.run("nft", "add", "element", "inet", names.TABLE, names.TUNNEL_ENDPOINTS, endpoint)
    udp = socket.SOCK_DGRAM
    with (
        Echo(clinic.line, RESOLVER, 53, udp),
        Echo(clinic.line, PUBLIC_WEB, 53, udp),
        Echo(clinic.line, PUBLIC_WEB, 123, udp),
        Echo(clinic.line, CONCENTRATOR, 51820, udp),
        Echo(clinic.line, CONCENTRATOR, 51821, udp),
    ):
        assert asks(clinic.router, RESOLVER, 53) == "echo"
        assert asks(clinic.router, PUBLIC_WEB, 123, as_user=time_user) == "echo"
        assert asks(clinic.router, PUBLIC_WEB, 123) == "refused"
        assert asks(clinic.router, CONCENTRATOR, 51820) == "echo"
        # The gate's connection through a tunnel: its outer packets still carry the gate's name.
        assert asks(clinic.router, CONCENTRATOR, 51820, as_user=gate_user) == "echo"
        assert asks(clinic.router, PUBLIC_WEB, 53) == "refused"
        assert asks(clinic.router, CONCENTRATOR, 51821) == "refused"
        assert asks(clinic.router, RESOLVER, 53, as_user=gate_user) == "refused"
        assert asks(clinic.router, PUBLIC_WEB, 123, as_user=gate_user) == "refused"


def test_a_concentrator_may_speak_first(clinic: Clinic) -> None:
    endpoint = f"{{ {CONCENTRATOR} . 51820 }}"
    clinic.router.run("nft", "add", "element", "inet", names.TABLE, names.TUNNEL_ENDPOINTS, endpoint)
    with clinic.router.socket(kind=socket.SOCK_DGRAM) as tunnel, clinic.line.socket(kind=socket.SOCK_DGRAM) as far:
        tunnel.bind(("192.0.2.66", 45000))
        tunnel.settimeout(PATIENCE)
        far.bind((CONCENTRATOR, 51820))
        far.sendto(b"handshake", ("192.0.2.66", 45000))
        assert tunnel.recv(100) == b"handshake"


def test_nothing_for_the_data_center_leaves_by_the_line_even_with_wrong_routes(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    rule = [str(word) for word in ("priority", 5100, "to", "203.0.113.0/25", "lookup", 51)]
    clinic.router.run("ip", "rule", "del", *rule)
    try:
        assert outcome(clinic.terminal, ENGINE, 443) == "refused"
        assert outcome(clinic.router, ENGINE, 443) == "refused"
        assert asks(clinic.router, ENGINE, 123, SILENCE) == "refused"
    finally:
        clinic.router.run("ip", "rule", "add", *rule)


def test_monitoring_reads_metrics_and_nobody_else_gets_in(clinic: Clinic) -> None:
    with Echo(clinic.router, INNER, names.METRICS_PORT), Echo(clinic.router, INNER, 80):
        assert outcome_from(clinic, MONITORING, INNER, names.METRICS_PORT) == "open"
        assert outcome_from(clinic, MONITORING, INNER, 80) == "silence"
        assert outcome_from(clinic, ENGINE, INNER, names.METRICS_PORT) == "silence"
        with Echo(clinic.terminal, "192.0.2.10", 445):
            assert outcome_from(clinic, MONITORING, "192.0.2.10", 445) == "silence"
    clinic.center.run("ping", "-c", "1", "-W", "5", "-I", MONITORING, INNER)
    assert clinic.center.run("ping", "-c", "1", "-W", "1", "-I", ENGINE, INNER, check=False).returncode == 1


def test_engines_names_are_resolved_inside_the_tunnel(clinic: Clinic, gate_user: int) -> None:
    with Echo(clinic.center, CENTER_DNS, 53, socket.SOCK_DGRAM), Echo(clinic.center, ENGINE, 53, socket.SOCK_DGRAM):
        assert asks(clinic.router, CENTER_DNS, 53) == "echo"
        assert asks(clinic.router, ENGINE, 53) == "refused"
        assert asks(clinic.router, CENTER_DNS, 53, as_user=gate_user) == "refused"


def test_bfd_speaks_with_the_neighbour_only(clinic: Clinic) -> None:
    with clinic.router.socket(kind=socket.SOCK_DGRAM) as bfd, clinic.center.socket(kind=socket.SOCK_DGRAM) as far:
        bfd.bind((INNER, 3784))
        bfd.settimeout(PATIENCE)
        far.bind(("203.0.113.1", 50000))
        dropped = clinic.counted(names.DROPPED_TUNNEL)
        far.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 64)
        far.sendto(b"far away", (INNER, 3784))
        until(lambda: clinic.counted(names.DROPPED_TUNNEL) > dropped, "the packet with a small TTL is dropped")
        far.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
        far.sendto(b"here", (INNER, 3784))
        assert bfd.recv(100) == b"here"
    with Echo(clinic.center, "203.0.113.1", 3784, socket.SOCK_DGRAM):
        assert asks(clinic.router, "203.0.113.1", 3784) == "echo"


def outcome_from(clinic: Clinic, source: str, address: str, port: int) -> str:
    connection = clinic.center.socket()
    connection.bind((source, 0))
    return try_to_connect(connection, address, port, SILENCE)
