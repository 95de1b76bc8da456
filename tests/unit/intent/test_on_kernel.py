"""The table in a real kernel: what terminals, strangers, the line and the data center meet."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from appliance.gate import reset
from appliance.intent import names
from appliance.kernel import conntrack
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.unit.intent import forgery
from tests.unit.intent.clinic import (
    CENTER_DNS,
    CONCENTRATOR,
    ENGINE,
    GATE_ENGINE,
    INNER,
    MONITORING,
    PATIENCE,
    PUBLIC_WEB,
    RESOLVER,
    ROUTER,
    SILENCE,
    UNPROVEN,
    Clinic,
    Echo,
    asks,
    outcome,
    owned_socket,
    says,
    standing_clinic,
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


@pytest.fixture(scope="module")
def built() -> Iterator[Clinic]:
    with standing_clinic() as clinic, Echo(clinic.center, ENGINE, 443), Echo(clinic.center, UNPROVEN, 443):
        yield clinic


@pytest.fixture
def clinic(built: Clinic) -> Clinic:
    built.forget()
    return built


@pytest.fixture
def gate_engine(clinic: Clinic) -> Iterator[Echo]:
    with Echo(clinic.center, GATE_ENGINE, 443) as engine:
        yield engine


@pytest.fixture
def gate(clinic: Clinic) -> Iterator[Echo]:
    port = clinic.intent.services[1].gate_port
    assert port
    with Echo(clinic.router, ROUTER, port) as listener:
        yield listener


@pytest.fixture
def gate_user(clinic: Clinic) -> int:
    return int(clinic.router.run("id", "-u", names.GATE_USER).stdout)


# ---- passthrough ------------------------------------------------------------------------------------


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


# ---- who may ------------------------------------------------------------------------------------------


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


def test_a_reset_in_a_terminals_name_from_another_card_disturbs_nobody(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        terminal, sequence = connection.getsockname(), forgery.next_sequence(connection)
        before = clinic.counted(names.REFUSED_IMPOSTOR)
        from_stranger(clinic, forgery.tcp(terminal, (ENGINE, 443), forgery.RST, sequence))
        until(lambda: clinic.counted(names.REFUSED_IMPOSTOR) > before, "the forged reset arrives")
        assert "ESTABLISHED" in clinic.router.run("conntrack", "-L", "-p", "tcp", "-s", terminal[0]).stdout
        assert says(connection) == "echo"


def test_a_foreign_sender_on_the_lan_is_dropped(clinic: Clinic) -> None:
    before = clinic.counted(names.FORGED_LAN)
    for sender in ("198.51.100.80", ENGINE, ROUTER, "192.0.2.63"):
        from_stranger(clinic, forgery.tcp((sender, 40000), (ENGINE, 443), forgery.SYN))
    until(lambda: clinic.counted(names.FORGED_LAN) == before + 4, "four forged packets are counted")


# ---- terminate ----------------------------------------------------------------------------------------


def test_the_gate_is_reached_by_the_engines_address_only(clinic: Clinic, gate: Echo) -> None:
    port = clinic.intent.services[1].gate_port
    assert port
    assert outcome(clinic.terminal, GATE_ENGINE, 443) == "refused"
    clinic.prove(GATE_ENGINE, gate=True)
    with clinic.terminal.connect(GATE_ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
    assert gate.peers == ["192.0.2.10"]
    assert outcome(clinic.terminal, ROUTER, port) == "refused"
    assert outcome(clinic.stranger, GATE_ENGINE, 443) == "refused"
    assert outcome(clinic.stranger, ROUTER, port) == "refused"


def test_a_lapsed_proof_resets_the_terminals_connection_to_the_gate(clinic: Clinic, gate: Echo) -> None:
    clinic.prove(GATE_ENGINE, gate=True)
    with clinic.terminal.connect(GATE_ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        clinic.lapse(GATE_ENGINE, gate=True)
        assert says(connection) == "reset"
    assert outcome(clinic.terminal, GATE_ENGINE, 443) == "refused"


def test_the_gate_reaches_only_proven_engines_and_the_prover_all(
    clinic: Clinic, gate_engine: Echo, gate_user: int
) -> None:
    assert try_to_connect(owned_socket(clinic.router, gate_user), GATE_ENGINE, 443) == "refused"
    assert try_to_connect(owned_socket(clinic.router, 0), GATE_ENGINE, 443) == "open"
    assert try_to_connect(owned_socket(clinic.router, 65534), GATE_ENGINE, 443) == "refused"
    clinic.prove(GATE_ENGINE, gate=True)
    with owned_socket(clinic.router, gate_user) as upstream:
        upstream.settimeout(PATIENCE)
        upstream.connect((GATE_ENGINE, 443))
        assert says(upstream) == "echo"
        clinic.carry_by("sk-dc2")
        assert says(upstream) == "echo"
        clinic.lapse(GATE_ENGINE, gate=True)
        assert says(upstream) == "reset"
    assert set(gate_engine.peers) == {INNER}


def test_an_engine_hears_that_the_gate_gave_up_even_when_its_proof_has_lapsed(clinic: Clinic, gate_user: int) -> None:
    clinic.prove(GATE_ENGINE, gate=True)
    with listening(clinic.center, GATE_ENGINE, 443) as listener, owned_socket(clinic.router, gate_user) as upstream:
        upstream.settimeout(PATIENCE)
        upstream.connect((GATE_ENGINE, 443))
        engine_side, _ = listener.accept()
        clinic.lapse(GATE_ENGINE, gate=True)
        # Close by reset: linger, zero seconds.
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        upstream.close()
        engine_side.settimeout(PATIENCE)
        with engine_side, pytest.raises(ConnectionResetError):
            engine_side.recv(1)


@pytest.mark.parametrize("lapsed", [False, True], ids=["proof fresh", "proof lapsed"])
def test_what_a_dead_gate_left_behind_reaches_only_a_proven_engine(
    clinic: Clinic, gate_user: int, lapsed: bool
) -> None:
    clinic.prove(GATE_ENGINE, gate=True)
    with listening(clinic.center, GATE_ENGINE, 443) as listener, owned_socket(clinic.router, gate_user) as upstream:
        upstream.settimeout(PATIENCE)
        upstream.connect((GATE_ENGINE, 443))
        engine_side, _ = listener.accept()
        upstream.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):
            while True:
                sent += upstream.send(bytes(4096))
        if lapsed:
            clinic.lapse(GATE_ENGINE, gate=True)
        upstream.close()
        with engine_side:
            engine_side.settimeout(2)
            received = read_all(engine_side)
    assert (received < sent) if lapsed else (received == sent)


# ---- the router's own services --------------------------------------------------------------------------


def test_the_page_is_at_port_80_and_nowhere_else(clinic: Clinic) -> None:
    with Echo(clinic.router, ROUTER, names.PAGE_PORT):
        assert outcome(clinic.stranger, ROUTER, 80) == "open"
        assert outcome(clinic.stranger, ROUTER, names.PAGE_PORT) == "refused"
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


# ---- refuse at once ---------------------------------------------------------------------------------------


def test_a_terminal_is_refused_the_internet_and_nothing_leaves(clinic: Clinic) -> None:
    clinic.line.run("nft", "-f", "-", input=SEEN_BY_THE_LINE)
    with Echo(clinic.line, PUBLIC_WEB, 80), Echo(clinic.line, PUBLIC_WEB, 53, socket.SOCK_DGRAM):
        assert outcome(clinic.terminal, PUBLIC_WEB, 80) == "refused"
        # More than the kernel's ICMP rate limit would answer.
        assert [asks(clinic.terminal, PUBLIC_WEB, 53) for _ in range(20)] == ["refused"] * 20
        assert outcome(clinic.router, PUBLIC_WEB, 80) == "refused"
    assert clinic.line.run("nft", "list", "table", "ip", "seen").stdout.count("packets 0") == 2
    clinic.line.run("nft", "delete", "table", "ip", "seen")


# ---- the line -----------------------------------------------------------------------------------------------


def test_the_line_meets_silence(clinic: Clinic) -> None:
    dropped, forged = clinic.counted(names.DROPPED_WAN), clinic.counted(names.FORGED_WAN)
    with Echo(clinic.router, "192.0.2.66", 80), Echo(clinic.terminal, "192.0.2.10", 445):
        assert outcome(clinic.line, "192.0.2.66", 80, SILENCE) == "silence"
        assert outcome(clinic.line, "192.0.2.10", 445, SILENCE) == "silence"
        assert outcome(clinic.line, INNER, names.METRICS_PORT, SILENCE) == "silence"
    assert clinic.counted(names.DROPPED_WAN) > dropped
    assert clinic.counted(names.FORGED_WAN) >= forged + 2


def test_names_time_and_tunnels_leave_by_the_line_and_nothing_else(clinic: Clinic, gate_user: int) -> None:
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
        assert asks(clinic.router, PUBLIC_WEB, 123) == "echo"
        assert asks(clinic.router, CONCENTRATOR, 51820) == "echo"
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


# ---- the data center ------------------------------------------------------------------------------------------


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


# ---- by hand ----------------------------------------------------------------------------------------------------


def listening(machine: Machine, address: str, port: int) -> socket.socket:
    """A listener with small buffers, so that little can be on its way."""
    listener = machine.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind((address, port))
    listener.listen()
    return listener


def outcome_from(clinic: Clinic, source: str, address: str, port: int) -> str:
    connection = clinic.center.socket()
    connection.bind((source, 0))
    return try_to_connect(connection, address, port, SILENCE)


def read_all(connection: socket.socket) -> int:
    received = 0
    try:
        while data := connection.recv(65536):
            received += len(data)
    except (TimeoutError, ConnectionError):
        pass
    return received


def from_stranger(clinic: Clinic, packet: bytes) -> None:
    router_card = clinic.router.read("/sys/class/net/lan0/address").strip()
    forgery.on_the_wire(clinic.stranger, "eth0", router_card, packet)
