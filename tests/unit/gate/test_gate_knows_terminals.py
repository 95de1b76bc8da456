"""The gate process end to end over loopback: whose certificate was shown from where, and terminals without one."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from tests.unit.gate.servers import exchange

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ConfigFor = Callable[..., GateConfig]
BOTH = {"127.0.0.1": "front", "127.0.0.2": "back"}


def test_a_certificate_is_told_with_every_address_that_showed_it(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine(), terminals=BOTH))
    for address in BOTH:
        with terminal.connect(pki.terminal, address=address) as sock:
            assert exchange(sock, b"x") == b"x"
    (told,) = gate.stats()["certificates"]
    assert told["mark"] == pki.terminal.mark
    assert told["name"] == pki.terminal.name
    assert told["ends"] == pki.terminal.ends
    assert set(told["seen"]) == set(BOTH)


def test_who_is_refused_is_not_told(gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor) -> None:
    gate.configure(config_for(engine()))
    with pytest.raises(OSError), terminal.connect(pki.foreign_terminal) as sock:
        sock.recv(1)
    gate.refusal()
    assert gate.stats()["certificates"] == []


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_service_by_address_takes_terminals_without_a_certificate_and_with_a_good_one(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine(), by_address=True))
    for own in (None, pki.terminal):
        with terminal.connect(own, version) as sock:
            assert exchange(sock, b"x") == b"x"
    with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"), terminal.connect(pki.foreign_terminal, version) as sock:
        sock.recv(1)
    assert [told["name"] for told in gate.stats()["certificates"]] == [pki.terminal.name]


def test_a_service_by_address_takes_registered_terminals_only(
    gate: Any, engine: Any, config_for: ConfigFor, assert_refused: Any
) -> None:
    gate.configure(config_for(engine(), by_address=True, terminals={"127.0.0.2": "back"}))
    assert_refused()


def test_terminals_without_a_certificate_leave_when_one_is_needed_again(
    gate: Any, engine: Any, terminal: Any, config_for: ConfigFor, assert_reset: Any
) -> None:
    config = config_for(engine(), by_address=True)
    gate.configure(config)
    with terminal.connect(None) as sock:
        assert exchange(sock, b"x") == b"x"
        (service,) = config.services
        gate.configure(replace(config, services=(replace(service, by_address=False),)))
        assert_reset(sock)
