"""The explanation's own evaluator: it decides as the tests' does, on every packet that the rules are made for."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether

from appliance.diagnose.explain import words
from appliance.diagnose.explain.evaluate import End, Journey, Maps, Routed, Sets, World, travel
from appliance.diagnose.explain.question import SENDER_PORT, Question
from appliance.intent import names
from appliance.intent.compile import compile
from appliance.intent.firewall import Field
from appliance.intent.model import RouterIntent
from tests.builders import lab_account, lab_site
from tests.unit.intent.packets import contents, decide
from tests.unit.intent.traffic import PROVEN, neighbourhood
from tests.unit.intent.worlds import clinics

ENGINE, GATED = IPv4Address("203.0.113.17"), IPv4Address("203.0.113.33")
ROUTER = IPv4Address("192.0.2.1")


def world(intent: RouterIntent, way: Routed, maps: Maps | None = None, destination: IPv4Address = ENGINE) -> World:
    held: Sets = {name: frozenset(keys) for name, keys in contents(intent.firewall, PROVEN[0]).items()}
    own = {segment.address.ip: Routed("local") for segment in intent.lan.segments}
    return World(held, maps or {}, {destination: way, **own}, intent.lan.interface)


def ask(intent: RouterIntent, destination: IPv4Address = ENGINE, port: int = 443, **change: Any) -> Question:
    host = intent.lan.hosts[0]
    question = Question("lan0", host.mac, "02:00:00:00:01:01", host.address, destination, port)
    return replace(question, **change)


def go(intent: RouterIntent, question: Question, way: Routed | None = None, maps: Maps | None = None) -> Journey:
    way = way or Routed("unicast", intent.tunnels[0].interface)
    return travel(intent.firewall, question.packet, world(intent, way, maps, question.destination))


@pytest.fixture
def clinic() -> RouterIntent:
    return compile(lab_account(), lab_site())


def test_it_decides_as_the_proofs_do() -> None:
    """Two readers of the same model that know nothing of each other."""
    compared = 0
    for intent in clinics():
        sets = contents(intent.firewall, PROVEN[0])
        held = {name: frozenset(keys) for name, keys in sets.items()}
        for packet in neighbourhood(intent):
            if packet.get(Field.IIF) != "lan0" or packet.get(Field.CT_STATE) != "new":
                continue
            if packet[Field.CT_DIRECTION] != "original" or Field.CT_STATUS in packet or packet[Field.MARK] != 0:
                continue
            destination, oif = packet[Field.DESTINATION4], packet[Field.OIF]
            kind = str(packet[Field.FIB_DESTINATION_TYPE])
            assert isinstance(destination, IPv4Address)
            way = Routed(kind, str(oif) if kind == "unicast" else "")
            back = "lan0" if packet[Field.FIB_SOURCE_INTERFACE] != "missing" else ""
            journey = travel(intent.firewall, packet, World(held, {}, {destination: way}, back))
            if journey.led_to or (journey.steps[:1] and journey.steps[0].chain == "fast_path_guard"):
                continue
            if any(step.chain in ("forged", "dead_ends") for step in journey.steps):
                continue
            seen = {**packet, Field.FIB_ROUTE: str(oif), Field.CT_STATUS: "none"}
            wanted = decide(intent.firewall, "forward" if kind == "unicast" else "input", seen, sets)
            ends = {"accept": End.PASSES, "refuse": End.REFUSED, "drop": End.DROPPED}
            assert journey.end is ends[wanted.verdict], (packet, journey)
            assert journey.decided is not None
            assert journey.decided.why == (wanted.by or "policy")
            compared += 1
    assert compared > 500


def test_a_listed_terminal_reaches_a_proven_engine(clinic: RouterIntent) -> None:
    journey = go(clinic, ask(clinic))
    assert journey.end is End.PASSES
    assert journey.interface == clinic.tunnels[0].interface
    assert journey.decided is not None
    assert journey.decided.why.startswith("Closed unless proven")
    said = words.headline(journey, "reception", "engine:443")
    assert clinic.tunnels[0].interface in said.ja
    assert list(words.missing(journey)) == []


def test_the_way_to_the_gate(clinic: RouterIntent) -> None:
    port = next(service.gate_port for service in clinic.services if service.gate_port)
    maps = {names.GATE_OPEN: {(GATED, 443): port}}
    journey = go(clinic, ask(clinic, GATED), maps=maps)
    assert journey.end is End.PASSES
    assert journey.led_to == (clinic.lan.address.ip, port)
    assert journey.decided is not None
    assert journey.decided.why.startswith("Proven by the gate")
    assert "ゲート" in words.headline(journey, "reception", "engine:443").ja
    closed = go(clinic, ask(clinic, GATED))
    assert closed.end is End.REFUSED
    assert closed.led_to is None


def test_what_is_missing_is_named(clinic: RouterIntent) -> None:
    stranger = ask(clinic, source=clinic.lan.address.network[50], mac="02:00:00:00:02:50")
    missing = [text.en for text in words.missing(go(clinic, stranger))]
    assert len(missing) == 2
    assert "listed terminal" in missing[1]
    elsewhere = [text.en for text in words.missing(go(clinic, ask(clinic, port=8443)))]
    assert any("no engine whose proof is fresh" in text for text in elsewhere)
    by_line = go(clinic, ask(clinic, IPv4Address("198.51.100.80"), 8443), Routed("unicast", "wan0"))
    assert any("wan0" in text.en for text in words.missing(by_line))


def test_another_card_with_a_terminals_address(clinic: RouterIntent) -> None:
    journey = go(clinic, ask(clinic, mac="02:00:00:00:02:50"))
    assert journey.end is End.REFUSED
    assert journey.decided is not None
    assert journey.decided.why.startswith("No impostor")


def test_without_a_route(clinic: RouterIntent) -> None:
    journey = go(clinic, ask(clinic, port=8443), Routed("missing"))
    assert journey.end is End.REFUSED
    assert journey.decided is not None
    assert journey.decided.chain == "dead_ends"


def test_a_sender_that_is_reached_elsewhere_is_forged(clinic: RouterIntent) -> None:
    question = ask(clinic)
    there = world(clinic, Routed("unicast", clinic.tunnels[0].interface))
    journey = travel(clinic.firewall, question.packet, replace(there, way_back="wan0"))
    assert journey.end is End.DROPPED
    assert journey.decided is not None
    assert journey.decided.why.startswith("Anti-spoofing")


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_the_frame_is_what_it_says(clinic: RouterIntent, protocol: Any) -> None:
    frame = Ether(ask(clinic, protocol=protocol).frame(4711))
    assert (frame.src, frame[IP].id, frame[IP].ttl) == (clinic.lan.hosts[0].mac, 4711, 64)
    kind = {"tcp": TCP, "udp": UDP}[protocol]
    layer = frame[kind]
    assert (layer.sport, layer.dport) == (SENDER_PORT, 443)
    sums = frame[IP].chksum, layer.chksum
    del frame[IP].chksum
    del layer.chksum
    again = Ether(bytes(frame))
    assert sums == (again[IP].chksum, again[kind].chksum)


def test_every_promise_has_its_words() -> None:
    for intent in clinics():
        for chain in intent.firewall.chains:
            for rule in chain.rules:
                assert words.promise_of(rule.why).ja != rule.why, rule.why
                assert words.promise_of(rule.why).ja != rule.why.partition(": ")[2], rule.why
