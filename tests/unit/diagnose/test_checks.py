"""What the checks make of what was found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network

import pytest

from appliance.diagnose.checks import certificates, names, paths, throughput
from appliance.diagnose.checks import time as clock
from appliance.diagnose.checks.certificates import EngineEvidence, Shown
from appliance.diagnose.checks.names import Asked, NameEvidence
from appliance.diagnose.checks.paths import PathEvidence
from appliance.diagnose.checks.throughput import Leg, ThroughputEvidence
from appliance.diagnose.checks.time import TimeEvidence, TimeSource
from appliance.diagnose.lan import survey, verdict
from appliance.diagnose.lan.evidence import LanEvidence, Router, Server, Wire
from appliance.diagnose.verdict import Outcome, State, as_json, printable, worst
from appliance.text import Text

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PATH = PathEvidence("dc1", "wan", 50, (0.02,) * 50, 1394, 1394)


def codes(outcome: Outcome) -> list[str]:
    assert outcome.raw
    for one in outcome.verdicts:
        assert one.says.ja and one.says.en
        assert (one.advice is None) is (one.state is State.OK), one
    return [one.code for one in outcome.verdicts]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PATH, ["path.good", "path.wide"]),
        (replace(PATH, delays=(0.02,) * 49), ["path.good", "path.wide"]),
        (replace(PATH, delays=(0.02,) * 46), ["path.lossy", "path.wide"]),
        (replace(PATH, delays=(0.2,) * 50), ["path.slow", "path.wide"]),
        (replace(PATH, passes=1336, in_force=1336), ["path.good", "path.narrow"]),
        (replace(PATH, passes=None), ["path.good", "path.width-unknown"]),
        (replace(PATH, delays=(), passes=None), ["path.dead"]),
        (replace(PATH, sent=0, delays=(), passes=None), ["path.dead"]),
    ],
)
def test_paths(path: PathEvidence, expected: list[str]) -> None:
    assert codes(paths.judge([path])) == expected


def test_a_narrow_path_says_whether_the_router_has_adapted() -> None:
    adapted, not_yet = (
        paths.judge([replace(PATH, passes=1336, in_force=value)]).verdicts[1].says.en for value in (1336, None)
    )
    assert "nothing is wrong" in adapted
    assert "minute" in not_yet


def named(asked: Asked, *addresses: str, server: str = "203.0.113.5", seconds: float = 0.01) -> NameEvidence:
    return NameEvidence(asked, server, "e.example", addresses, "" if addresses else "timeout", seconds)


@pytest.mark.parametrize(
    ("questions", "expected"),
    [
        ([named(Asked.CENTER, "203.0.113.17")], ["names.center-good"]),
        ([named(Asked.CENTER)], ["names.center-failed"]),
        ([named(Asked.LINE, "198.51.100.1"), named(Asked.LINE, server="198.51.100.54")], ["names.line-partly"]),
        ([named(Asked.LINE, "198.51.100.1", seconds=1.5)], ["names.line-slow"]),
        ([named(Asked.ROUTER), named(Asked.LINE, "198.51.100.1")], ["names.line-good", "names.router-failed"]),
    ],
)
def test_names(questions: list[NameEvidence], expected: list[str]) -> None:
    assert codes(names.judge(questions)) == expected


TIME = TimeEvidence(NOW.timestamp(), (TimeSource("203.0.113.7", "*", 2, 8),), "203.0.113.7", 0.002, None, None)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (TIME, ["time.good"]),
        (replace(TIME, offset=-3.0), ["time.off"]),
        (replace(TIME, offset=90.0), ["time.off"]),
        (replace(TIME, offset=None, followed=""), ["time.not-followed"]),
        (replace(TIME, is_silent=True, offset=None), ["time.silent"]),
        (replace(TIME, begins=TIME.now + 1), ["time.below-account", "time.good"]),
        (replace(TIME, floor=TIME.now + 1), ["time.below-last-seen", "time.good"]),
    ],
)
def test_time(found: TimeEvidence, expected: list[str]) -> None:
    assert codes(clock.judge(found)) == expected
    assert clock.judge(replace(TIME, offset=90.0)).state is State.FAILED


SHOWN = Shown("CN=e", "CN=ca", ("e.example",), NOW - timedelta(1), NOW + timedelta(90), "sha256/a")
ENGINE = EngineEvidence("receipt", "e.example", "203.0.113.17", 443, (SHOWN,), ("sha256/a", "sha256/b"), None)


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        (ENGINE, ["certificates.good"]),
        (replace(ENGINE, chain=(replace(SHOWN, ends=NOW + timedelta(3)),)), ["certificates.ends-soon"]),
        (replace(ENGINE, chain=()), ["certificates.not-seen"]),
        (replace(ENGINE, objection=("wrong-pin", Text("鍵", "key"))), ["certificates.wrong-pin"]),
        (replace(ENGINE, address="", chain=(), objection=("no-address-nxdomain", Text("鍵", "key"))),
         ["certificates.no-address-nxdomain"]),
    ],
)  # fmt: skip
def test_certificates(engine: EngineEvidence, expected: list[str]) -> None:
    assert codes(certificates.judge([engine], NOW)) == expected


def test_what_a_stranger_writes_into_a_certificate_obeys_no_terminal() -> None:
    hostile = replace(SHOWN, subject="CN=\x1b[2J", names=("a\nb",))
    raw = certificates.judge([replace(ENGINE, chain=(hostile,))], NOW).raw
    assert all(line.isprintable() for line in raw)
    assert printable("\x00" * 300) == "?" * 200


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (ThroughputEvidence(""), ["throughput.no-place"]),
        (ThroughputEvidence("http://m/", Leg(10**7, 1.0), Leg(10**7, 1.0), 100), ["throughput.down", "throughput.up"]),
        (ThroughputEvidence("http://m/", Leg(10**5, 1.0), Leg(0, 0.0, "gone")),
         ["throughput.down-slow", "throughput.up-failed"]),
        (ThroughputEvidence("http://m/"), ["throughput.down-failed", "throughput.up-failed"]),
    ],
)  # fmt: skip
def test_throughput(found: ThroughputEvidence, expected: list[str]) -> None:
    assert codes(throughput.judge(found)) == expected


TERMINAL, CARD, OTHER = IPv4Address("192.0.2.10"), "02:00:00:00:02:10", "02:00:00:00:02:50"
WIRE = Wire("lan", "lan0", IPv4Interface("192.0.2.1/26"), True, {TERMINAL: ("reception", CARD)})
QUIET = LanEvidence(WIRE, True, 62, True, {TERMINAL: (CARD,)})
SERVER = Server(IPv4Address("192.0.2.49"), OTHER, IPv4Interface("192.0.2.56/26"))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (QUIET, ["lan.who"]),
        (replace(QUIET, carrier=False), ["lan.no-cable"]),
        (replace(QUIET, cards={TERMINAL: (CARD, OTHER)}), ["lan.duplicate-address", "lan.who"]),
        (replace(QUIET, cards={TERMINAL: (OTHER,)}), ["lan.other-card", "lan.who"]),
        (replace(QUIET, cards={WIRE.own.ip: (OTHER,)}), ["lan.router-address-taken", "lan.who"]),
        (replace(QUIET, servers=(SERVER,)), ["lan.foreign-dhcp", "lan.who"]),
        (replace(QUIET, servers=(SERVER,), wire=replace(WIRE, serves_dhcp=False)), ["lan.who"]),
        (replace(QUIET, servers=(SERVER, replace(SERVER, mac=CARD)), wire=replace(WIRE, serves_dhcp=False)),
         ["lan.foreign-dhcp", "lan.foreign-dhcp", "lan.who"]),
        (replace(QUIET, routers=(Router(IPv6Address("fe80::1"), OTHER, 1800, (IPv6Network("2001:db8::/64"),)),)),
         ["lan.rogue-ra", "lan.who"]),
    ],
)  # fmt: skip
def test_lan(found: LanEvidence, expected: list[str]) -> None:
    assert codes(verdict.judge([found])) == expected


def test_a_large_segment_is_asked_for_known_addresses_only() -> None:
    assert survey.targets(WIRE) == (tuple(WIRE.own.network.hosts()), True)
    large = replace(WIRE, own=IPv4Interface("10.0.0.1/8"), known={IPv4Address("10.0.0.9"): "x"})
    assert survey.targets(large) == ((IPv4Address("10.0.0.1"), TERMINAL, IPv4Address("10.0.0.9")), False)


def test_the_worst_state_counts() -> None:
    assert worst([]) is State.OK
    assert worst([State.OK, State.UNKNOWN]) is State.UNKNOWN
    assert worst([State.UNKNOWN, State.ATTENTION, State.FAILED]) is State.FAILED
    told = as_json(paths.judge([PATH]))
    assert told["state"] == "ok"
    assert told["verdicts"][0]["advice"] is None
