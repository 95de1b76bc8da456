"""The forged SYN: byte for byte against scapy, and at work behind the product's own rules in a real kernel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP

from appliance.gate.reset import MARK, challenge, wake
from appliance.intent.model import PROBE_MARK
from appliance.kernel.conntrack import Flow, parse
from tests.unit.intent.clinic import ENGINE, PATIENCE, SILENCE, UNPROVEN, Clinic, Echo, says, standing_clinic

ADDRESSES = st.ip_addresses(v=4)
PORTS = st.integers(1, 65535)


def test_the_mark_is_the_one_the_firewall_knows() -> None:
    assert MARK == PROBE_MARK


@given(ADDRESSES, PORTS, ADDRESSES, PORTS, st.integers(0, 2**32 - 1))
def test_the_packet_is_what_scapy_would_build(
    terminal: IPv4Address, terminal_port: int, engine: IPv4Address, engine_port: int, sequence: int
) -> None:
    built = challenge(Flow(terminal, terminal_port, engine, engine_port), sequence)
    expected = IP(src=str(engine), dst=str(terminal), id=0, flags="DF", ttl=64) / TCP(
        sport=engine_port, dport=terminal_port, seq=sequence, flags="S", window=1024
    )
    assert built == bytes(expected)


# ---- in a real kernel --------------------------------------------------------------


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    with standing_clinic() as standing, Echo(standing.center, ENGINE, 443), Echo(standing.center, UNPROVEN, 443):
        standing.forget()
        yield standing


def flows_to(clinic: Clinic, address: str) -> list[Flow]:
    return parse(clinic.router.run("conntrack", "--dump", "--proto", "tcp", "--orig-dst", address).stdout)


@pytest.mark.namespaces
def test_a_terminal_that_waits_in_silence_is_reset_at_once(clinic: Clinic) -> None:
    clinic.prove(ENGINE)
    clinic.prove(UNPROVEN)
    with (
        clinic.terminal.connect(ENGINE, 443, PATIENCE) as waiting,
        clinic.terminal.connect(UNPROVEN, 443, PATIENCE) as unconcerned,
    ):
        assert says(waiting) == "echo"
        assert says(unconcerned) == "echo"
        ended: list[BaseException | bytes] = []

        def wait() -> None:
            try:
                ended.append(waiting.recv(1))
            except OSError as error:
                ended.append(error)

        terminal = threading.Thread(target=wait)
        terminal.start()
        clinic.lapse(ENGINE)
        terminal.join(SILENCE)
        assert terminal.is_alive(), "the rule alone does not reach a terminal that says nothing"

        flows = flows_to(clinic, ENGINE)
        assert clinic.router.inside(lambda: wake(flows)) == 1
        terminal.join(PATIENCE)
        assert len(ended) == 1 and isinstance(ended[0], ConnectionResetError)
        assert says(unconcerned) == "echo"


@pytest.mark.namespaces
def test_a_connection_that_may_stay_survives_the_challenge(clinic: Clinic) -> None:
    """Woken by mistake: the terminal's challenge ACK goes through to the engine, and nothing happens."""
    clinic.prove(ENGINE)
    with clinic.terminal.connect(ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        flows = flows_to(clinic, ENGINE)
        assert clinic.router.inside(lambda: wake(flows)) == len(flows) >= 1
        assert says(connection) == "echo"


@pytest.mark.namespaces
def test_a_terminal_that_cannot_be_reached_stops_nothing(clinic: Clinic) -> None:
    nowhere = Flow(IPv4Address("198.51.100.200"), 40000, IPv4Address(ENGINE), 443)
    clinic.router.run("ip", "route", "add", "unreachable", "198.51.100.200")
    try:
        assert clinic.router.inside(lambda: wake([nowhere])) == 0
    finally:
        clinic.router.run("ip", "route", "del", "unreachable", "198.51.100.200")
