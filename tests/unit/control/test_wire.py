"""What a wire said, by way of a process that nobody believes: checked, bounded, or no answer."""

from __future__ import annotations

import errno
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from appliance import paths
from appliance.control import hearing, wire
from appliance.control.checks import lan
from appliance.diagnose.lan.evidence import LanEvidence, Router, Server, Wire
from appliance.diagnose.line.evidence import AccessConcentrator, Advertisement, Delegation, LineEvidence, Offer
from appliance.errors import SekishoError

Saying = Callable[[bytes], list[Any]]

LINE = LineEvidence(
    "wan0",
    True,
    (Offer(IPv4Interface("192.0.2.77/28"), IPv4Address("192.0.2.65"), (IPv4Address("192.0.2.66"),), "", None),),
    True,
    (AccessConcentrator("bas", ("",)),),
    (Advertisement(IPv6Address("fe80::1"), True, False, 1800, (IPv6Network("2001:db8::/64"),)),),
    (Delegation((IPv6Network("2001:db8:1::/56"),), "aftr.example", True),),
)
WIRE = Wire(
    "lan",
    "lan0",
    IPv4Interface("192.0.2.1/26"),
    True,
    {IPv4Address("192.0.2.10"): ("受付", "02:00:00:00:02:10")},
    {IPv4Address("192.0.2.20"): "printer"},
)
LAN = LanEvidence(
    WIRE,
    True,
    62,
    True,
    {IPv4Address("192.0.2.10"): ("02:00:00:00:02:10",)},
    (Server(None, "02:00:00:00:00:09", IPv4Interface("198.51.100.9/24")),),
    (Router(IPv6Address("fe80::9"), "02:00:00:00:00:09", 0, ()),),
    {IPv4Address("192.0.2.10"): "reception"},
)


@pytest.fixture
def saying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Saying]:
    """Has a process that hears wires say something to the next question; returns what it was asked, once it was."""
    monkeypatch.setattr(wire.units, "has_systemd", lambda: True)
    monkeypatch.setattr(paths, "WIRE_SOCKET", tmp_path / "wire.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "wire.sock"))
        listener.listen()
        threads = []

        def say(answer: bytes) -> list[Any]:
            asked: list[Any] = []

            def serve() -> None:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as stream:
                    asked.append(json.loads(stream.readline()))
                    with suppress(OSError):
                        connection.sendall(answer)

            threads.append(threading.Thread(target=serve))
            threads[-1].start()
            return asked

        yield say
        for thread in threads:
            thread.join(5)


def heard(evidence: LineEvidence | LanEvidence) -> bytes:
    return json.dumps({"heard": TypeAdapter(type(evidence)).dump_python(evidence, mode="json")}).encode()


def test_what_is_heard_arrives_as_it_was_heard(saying: Saying) -> None:
    asked = saying(heard(LINE))
    assert hearing.line("wan0") == LINE
    assert asked == [{"line": "wan0"}]
    asked = saying(heard(LAN))
    assert hearing.lan(WIRE) == LAN
    assert TypeAdapter(Wire).validate_python(asked[0]["lan"]) == WIRE


def test_the_settings_are_not_learned_from_who_was_asked(saying: Saying) -> None:
    another = Wire("lan", "lan0", IPv4Interface("198.51.100.1/24"), False)
    saying(heard(LanEvidence(another, True)))
    assert hearing.lan(WIRE).wire == WIRE


def test_a_port_that_cannot_be_heard_is_told_in_our_words(saying: Saying) -> None:
    saying(json.dumps({"refused": errno.ENODEV}).encode())
    with pytest.raises(SekishoError, match=r"diagnose\.cannot-listen.*wan7 \(No such device\)"):
        hearing.line("wan7")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half"),
        pytest.param(b"[]", id="neither"),
        pytest.param(b'{"refused": "x"}', id="a refusal that is none"),
        pytest.param(b'{"heard": {"interface": "wan0"}}', id="too little"),
        pytest.param(
            b'{"heard": {"interface": "wan0", "carrier": true, "offers": [{"address": "x"}]}}', id="no address"
        ),
        pytest.param(b'"' + b"x" * (wire.LARGEST_ANSWER + 1), id="without end"),
    ],
)
def test_what_is_no_answer_is_none(saying: Saying, answer: bytes) -> None:
    saying(answer)
    with pytest.raises(ValueError, match=r"."):
        hearing.line("wan0")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_nothing_else_is_evidence(said: object) -> None:
    for kind in (LineEvidence, LanEvidence):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(said)


def test_who_is_not_there_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not taken for a cable that is pulled."""
    monkeypatch.setattr(wire.units, "has_systemd", lambda: True)
    monkeypatch.setattr(paths, "WIRE_SOCKET", tmp_path / "none.sock")
    monkeypatch.setattr(lan, "has_carrier", lambda _: True)
    with pytest.raises(SekishoError, match=r"wire\.not-there"):
        lan.gather((WIRE,))
