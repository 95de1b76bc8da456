"""The table in a real kernel, from the LAN: what terminals and strangers meet, in passthrough mode."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address

import pytest

from appliance.gate import reset
from appliance.intent import names
from appliance.intent.rules.strangers import MOST, SECONDS
from appliance.kernel import conntrack, nft
from tests.lab.waiting import until
from tests.unit.intent import forgery
from tests.unit.intent.clinic import (
    ENGINE,
    GATE_ENGINE,
    INNER,
    PATIENCE,
    PUBLIC_WEB,
    ROUTER,
    UNPROVEN,
    Clinic,
    Echo,
    asks,
    outcome,
    says,
    try_to_connect,
)

pytestmark = pytest.mark.namespaces


SEEN_BY_THE_LINE = f"""\
table ip seen {{
    chain c {{
        type filter hook prerouting priority 0;
        iifname "eth0" ip saddr != 192.0.2.66 counter
        iifname "eth0" ip daddr {PUBLIC_WEB} counter
    }}
}}
"""


def test_an_engine_is_closed_until_proven_and_the_clinic_shows_one_address(clinic: Clinic) -> None:
    assert outcome(clinic.terminal, ENGINE, 443) == "refused"
    clinic.prove(ENGINE)
    with Echo(clinic.center, ENGINE, 444) as other:
        assert outcome(clinic.terminal, ENGINE, 444) == "refused"
        clinic.router.run("nft", "add", "element", "inet", names.TABLE, names.ENGINE_VERIFIED, f"{{ {ENGINE} . 444 }}")
        with clinic.terminal.connect(ENGINE, 444, PATIENCE) as connection:
            assert says(connection) == "echo"
        assert other.peers == [INNER]
    assert outcome(clinic.terminal, ENGINE, 443) == "open"
    assert outcome(clinic.terminal, UNPROVEN, 443) == "refused"


def test_a_lapsed_proof_resets_the_connection_in_flight(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        clinic.lapse(ENGINE)
        assert says(connection) == "reset"


def test_a_proof_that_nobody_renews_ends_by_itself(clinic: Clinic) -> None:
    clinic.prove(ENGINE, seconds=2)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        until(lambda: not clinic.is_proven(ENGINE), "the element expires")
        assert says(connection) == "reset"
    assert outcome(clinic.terminal, ENGINE, 443) == "refused"


def test_a_connection_survives_a_fail_over(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        # The answers keep coming by the first tunnel: asymmetric on purpose.
        clinic.carry_by("sk-dc2")
        assert says(connection) == "echo"


def test_a_connection_outlasts_a_short_cut_of_both_tunnels(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, 30) as connection:
        assert says(connection) == "echo"
        clinic.carry_by(None)
        connection.sendall(b"receipt")
        assert [outcome(clinic.terminal, ENGINE, 443) for _ in range(3)] == ["refused"] * 3
        clinic.carry_by("sk-dc2")
        assert connection.recv(100) == b"receipt"


def test_without_a_way_every_attempt_is_refused_at_once(clinic: Clinic) -> None:
    """The kernel's own ICMP errors would stop after five."""
    clinic.prove(ENGINE)
    clinic.carry_by(None)
    assert [outcome(clinic.terminal, ENGINE, 443) for _ in range(20)] == ["refused"] * 20


def test_the_middle_of_a_forgotten_connection_is_reset(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        clinic.router.run("conntrack", "-F")
        assert says(connection) == "reset"


def test_without_a_way_too_the_middle_of_a_forgotten_connection_is_reset(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        clinic.carry_by(None)
        clinic.router.run("conntrack", "-F")
        assert says(connection) == "reset"


def test_without_a_way_too_a_lapsed_proof_resets_the_connection(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        clinic.carry_by(None)
        clinic.lapse(ENGINE)
        assert says(connection) == "reset"


def test_our_probe_wakes_a_terminal_that_only_listens(clinic: Clinic) -> None:
    """A client that waits without time-outs never notices a lapse by itself (RFC 5961 section 4.2: challenge ACK)."""
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        clinic.lapse(ENGINE)
        assert clinic.router.inside(lambda: reset.wake(conntrack.flows(IPv4Address(ENGINE), 443))) == 1
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_segments_fit_the_tunnel_in_both_directions(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        mss = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    assert mss <= clinic.intent.tunnels[0].mtu - 40


def test_only_listed_terminals_reach_a_proven_engine(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    assert outcome(clinic.stranger, ENGINE, 443) == "refused"


def test_another_machine_with_a_terminals_address_is_refused(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    clinic.stranger.ip("addr add 192.0.2.11/26 dev eth0")
    try:
        impostor = clinic.stranger.socket()
        impostor.bind(("192.0.2.11", 0))
        assert try_to_connect(impostor, ENGINE, 443) == "refused"
        assert asks(clinic.stranger, ROUTER, 53, source="192.0.2.11") == "refused"
    finally:
        clinic.stranger.ip("addr del 192.0.2.11/26 dev eth0")


def test_a_stranger_is_remembered(clinic: Clinic) -> None:
    """And nobody else: neither a terminal that is refused, nor who is refused what is no engine's."""
    own = ("192.0.2.50", "02:00:00:00:02:50")
    for not_proven in (ENGINE, PUBLIC_WEB):
        assert outcome(clinic.terminal, not_proven, 443) == "refused"
    assert outcome(clinic.stranger, PUBLIC_WEB, 443) == "refused"
    assert strangers(clinic) == {}
    assert outcome(clinic.stranger, ENGINE, 443) == "refused"
    assert strangers(clinic).keys() == {own}
    # As a terminal: before it has asked anything of an engine, since it does not even get names.
    from_stranger(clinic, forgery.udp(("192.0.2.11", 40000), (ROUTER, 53), b"name?"))
    for engine in (ENGINE, GATE_ENGINE):
        from_stranger(clinic, forgery.tcp(("192.0.2.10", 40000), (engine, 443), forgery.SYN))
    until(lambda: len(strangers(clinic)) == 3, "all are remembered")
    assert strangers(clinic).keys() == {own, ("192.0.2.11", own[1]), ("192.0.2.10", own[1])}
    assert all(0 < left <= SECONDS for left in strangers(clinic).values())


def test_more_strangers_than_are_remembered_are_refused_all_the_same(clinic: Clinic) -> None:
    before = clinic.counted(names.REFUSED_IMPOSTOR)
    for number in range(MOST + 10):
        card = f"02:00:00:00:04:{number:02x}"
        from_stranger(clinic, forgery.tcp(("192.0.2.10", 40000), (ENGINE, 443), forgery.SYN), card)
        from_stranger(clinic, forgery.tcp(("192.0.2.10", 40000), (ROUTER, 53), forgery.SYN), card)
    refused = before + 2 * (MOST + 10)
    until(lambda: clinic.counted(names.REFUSED_IMPOSTOR) == refused, "every one of them is refused and counted")
    assert len(strangers(clinic)) == MOST


def test_a_reset_in_a_terminals_name_from_another_card_disturbs_nobody(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        terminal, sequence = connection.getsockname(), forgery.next_sequence(connection)
        before = clinic.counted(names.REFUSED_IMPOSTOR)
        from_stranger(clinic, forgery.tcp(terminal, (ENGINE, 443), forgery.RST, sequence))
        until(lambda: clinic.counted(names.REFUSED_IMPOSTOR) > before, "the forged reset arrives")
        entry = clinic.router.run("conntrack", "-L", "-p", "tcp", "-s", terminal[0]).stdout
        assert "ESTABLISHED" in entry or "OFFLOAD" in entry
        assert says(connection) == "echo"


def test_a_foreign_sender_on_the_lan_is_dropped(clinic: Clinic) -> None:
    before = clinic.counted(names.FORGED_LAN)
    for sender in ("198.51.100.80", ENGINE, ROUTER, "192.0.2.63"):
        from_stranger(clinic, forgery.tcp((sender, 40000), (ENGINE, 443), forgery.SYN))
    until(lambda: clinic.counted(names.FORGED_LAN) == before + 4, "four forged packets are counted")


@pytest.mark.parametrize(("usual", "served"), [(443, names.PAGE_PORT), (80, names.PAGE_REDIRECT_PORT)])
def test_the_page_is_at_its_usual_ports_and_nowhere_else(clinic: Clinic, usual: int, served: int) -> None:
    with Echo(clinic.router, ROUTER, served):
        assert outcome(clinic.stranger, ROUTER, usual) == "open"
        assert outcome(clinic.stranger, ROUTER, served) == "refused"
    assert outcome(clinic.stranger, ROUTER, 22) == "refused"
    assert outcome(clinic.stranger, INNER, 80) == "refused"
    assert outcome(clinic.stranger, "192.0.2.66", 80) == "refused"


def test_names_and_ping_are_served_on_the_lan(clinic: Clinic) -> None:
    with Echo(clinic.router, ROUTER, 53, socket.SOCK_DGRAM), Echo(clinic.router, ROUTER, 53):
        assert asks(clinic.stranger, ROUTER, 53) == "echo"
        assert outcome(clinic.stranger, ROUTER, 53) == "open"
    clinic.stranger.run("ping", "-c", "1", "-W", "5", ROUTER)
    clinic.router.run("ping", "-c", "1", "-W", "5", "192.0.2.10")


def test_a_machine_without_an_address_can_ask_the_dhcp_server(clinic: Clinic) -> None:
    with clinic.router.socket(kind=socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lan0")
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        server.bind(("", 67))
        server.settimeout(PATIENCE)
        from_stranger(clinic, forgery.udp(("0.0.0.0", 68), ("255.255.255.255", 67), b"discover"))
        server.recvfrom(2000)
        with clinic.stranger.socket(kind=socket.SOCK_DGRAM) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
            client.bind(("", 68))
            client.settimeout(PATIENCE)
            server.sendto(b"offer", ("255.255.255.255", 68))
            assert client.recv(10) == b"offer"


def test_a_terminal_is_refused_the_internet_and_nothing_leaves(clinic: Clinic) -> None:
    clinic.line.run("nft", "-f", "-", input=SEEN_BY_THE_LINE)
    with Echo(clinic.line, PUBLIC_WEB, 80), Echo(clinic.line, PUBLIC_WEB, 53, socket.SOCK_DGRAM):
        assert outcome(clinic.terminal, PUBLIC_WEB, 80) == "refused"
        # More than the kernel's ICMP rate limit would answer.
        assert [asks(clinic.terminal, PUBLIC_WEB, 53) for _ in range(20)] == ["refused"] * 20
        assert outcome(clinic.router, PUBLIC_WEB, 80) == "refused"
    assert clinic.line.run("nft", "list", "table", "ip", "seen").stdout.count("packets 0") == 2
    clinic.line.run("nft", "delete", "table", "ip", "seen")


def from_stranger(clinic: Clinic, packet: bytes, card: str = "") -> None:
    router_card = clinic.router.read("/sys/class/net/lan0/address").strip()
    forgery.on_the_wire(clinic.stranger, "eth0", router_card, packet, card)


def strangers(clinic: Clinic) -> dict[tuple[str, ...], int]:
    """Address and card of each that is remembered, and for how many seconds still."""
    held = clinic.router.inside(lambda: nft.elements(names.STRANGERS))
    return {element.key: element.expires or 0 for element in held}
