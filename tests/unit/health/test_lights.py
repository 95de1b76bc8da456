"""Tables of evidence → lights: what a receptionist is told for each thing that can go wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from appliance.health.board import Board, Expected, headline
from appliance.health.causes import CAUSES, LINE_REASONS, PROOF_REASONS, SECURITY
from appliance.health.model import Evidence, Light, State

EXPECTED = Expected(
    lines={"wan": "wan0"},
    tunnels=("dc1", "dc2"),
    services=("receipt", "receipt-gate"),
    certificates=("account", "identity"),
    helpers=("bird", "dnsmasq"),
)
A, B = "203.0.113.17", "203.0.113.33"

Change = tuple[str, str, bool] | tuple[str, str, bool, str] | tuple[str, str, bool, str, str]
"""kind, subject, ok, reason, detail."""

ALL_WELL: tuple[Change, ...] = (
    ("account.present", "", True),
    ("router.settings", "", True, "", "0"),
    ("router.clock", "", True),
    ("router.engine", "bird", True),
    ("router.engine", "dnsmasq", True),
    ("wan.carrier", "wan0", True),
    ("wan.address", "wan0", True, "", "192.0.2.70"),
    ("wan.gateway", "wan0", True),
    ("tunnel.endpoint", "dc1", True),
    ("tunnel.endpoint", "dc2", True),
    ("tunnel.handshake", "dc1", True, "", "20"),
    ("tunnel.handshake", "dc2", True, "", "25"),
    ("tunnel.path", "dc1", True),
    ("tunnel.path", "dc2", True),
    ("tunnel.carrying", "dc1", True),
    ("tunnel.carrying", "dc2", False),
    ("engine.name", "receipt", True),
    ("engine.name", "receipt-gate", True),
    ("engine.proof", f"receipt@{A}", True),
    ("engine.proof", f"receipt@{B}", True),
    ("engine.proof", f"receipt-gate@{A}", True),
    ("engine.proof", f"receipt-gate@{B}", True),
    ("certificate.days", "account", True, "", "900"),
    ("certificate.days", "identity", True, "", "400"),
)


def show(board: Board, at: float, changes: Iterable[Change]) -> None:
    for kind, subject, ok, *rest in changes:
        board.record(Evidence(kind, subject, ok, at, *rest))


def without(*gone: str) -> tuple[Change, ...]:
    """All is well, except that nobody looked at the things whose ``kind subject`` begins so."""
    return tuple(change for change in ALL_WELL if not f"{change[0]} {change[1]}".startswith(gone))


def board_with(*changes: Change, base: Iterable[Change] = ALL_WELL, at: float = 100.0) -> Board:
    board = Board()
    board.expect(EXPECTED)
    show(board, at, base)
    show(board, at, changes)
    return board


def by_name(lights: tuple[Light, ...]) -> dict[str, Light]:
    return {light.name: light for light in lights}


def causes(lights: tuple[Light, ...]) -> dict[str, str]:
    return {light.name: light.cause for light in lights}


def proofs(ok: bool, reason: str = "", services: tuple[str, ...] = EXPECTED.services) -> tuple[Change, ...]:
    return tuple(("engine.proof", f"{service}@{address}", ok, reason) for service in services for address in (A, B))


def down(*tunnels: str) -> tuple[Change, ...]:
    return tuple(("tunnel.path", tunnel, False) for tunnel in tunnels)


def test_all_is_well() -> None:
    lights = board_with().lights(101.0)
    assert causes(lights) == {name: f"{name}.ok" for name in ("router", "line", "tunnel", "engine", "certificates")}
    assert all(light.state is State.OK and light.root is None and light.since == 101.0 for light in lights)
    assert all(part.state is State.OK for light in lights for part in light.parts)
    assert headline(lights).text.ja == "レセコンにつながっています。すべて正常です。"


def test_nothing_is_green_before_anybody_looked() -> None:
    lights = board_with(base=()).lights(5.0)
    assert causes(lights) == {
        name: f"{name}.checking" for name in ("router", "line", "tunnel", "engine", "certificates")
    }
    assert all(light.state is State.UNKNOWN and light.evidence_age is None for light in lights)
    assert "確認しています" in headline(lights).text.ja


@pytest.mark.parametrize("reason", ["not-applied", "cannot-start", "down"])
def test_a_router_that_is_not_at_work_explains_everything(reason: str) -> None:
    board = Board()
    board.record(Evidence("account.present", "", True, 100.0))
    board.record(Evidence("router.settings", "", False, 100.0, reason))
    lights = board.lights(101.0)
    assert lights[0].cause == f"router.{reason}"
    assert {light.root for light in lights[1:]} == {"router"}
    assert headline(lights).state is State.FAILED


def test_old_news_is_no_news() -> None:
    lights = by_name(board_with().lights(100.0 + 2 * 86400.0))
    assert {light.state for light in lights.values()} == {State.UNKNOWN}
    assert {light.cause.partition(".")[2] for light in lights.values()} == {"no-news"}
    assert lights["line"].evidence_age == 2 * 86400.0


@pytest.mark.parametrize(
    ("changes", "light", "cause", "explained"),
    [
        pytest.param(
            (("wan.carrier", "wan0", False), *down("dc1", "dc2"), *proofs(False, "unreachable")),
            "line",
            "line.no-cable",
            {"tunnel", "engine"},
            id="no cable",
        ),
        *(
            pytest.param(
                (
                    ("wan.address", "wan0", False, reason, "192.0.2.0/24, 192.0.2.0/26"),
                    *down("dc1", "dc2"),
                    *proofs(False, "timeout"),
                ),
                "line",
                f"line.{reason}",
                {"tunnel", "engine"},
                id=f"no address: {reason}",
            )
            for reason in sorted(LINE_REASONS)
        ),
        pytest.param(
            (("wan.gateway", "wan0", False), *down("dc1", "dc2"), *proofs(False, "timeout")),
            "line",
            "line.gateway-silent",
            {"tunnel", "engine"},
            id="gateway silent",
        ),
        pytest.param(
            (
                ("tunnel.endpoint", "dc1", False),
                ("tunnel.endpoint", "dc2", False),
                *down("dc1", "dc2"),
                *proofs(False, "timeout"),
            ),
            "tunnel",
            "tunnel.name-not-found",
            {"engine"},
            id="endpoint's name",
        ),
        pytest.param(
            (
                ("tunnel.handshake", "dc1", False),
                ("tunnel.handshake", "dc2", False),
                *down("dc1", "dc2"),
                *proofs(False, "unreachable"),
            ),
            "tunnel",
            "tunnel.no-handshake",
            {"engine"},
            id="no handshake",
        ),
        pytest.param(
            (*down("dc1", "dc2"), *proofs(False, "unreachable")),
            "tunnel",
            "tunnel.path-down",
            {"engine"},
            id="both paths down",
        ),
        pytest.param(
            (("tunnel.handshake", "dc1", False), *down("dc1", "dc2"), *proofs(False, "unreachable")),
            "tunnel",
            "tunnel.all-down",
            {"engine"},
            id="both down, each for its reason",
        ),
        pytest.param(
            (("router.engine", "bird", False), *down("dc1", "dc2")),
            "router",
            "router.helper",
            {"tunnel", "engine"},
            id="helper dead",
        ),
        pytest.param(
            (
                ("router.clock", "", False),
                *down("dc1", "dc2"),
                *proofs(False, "not-yet-valid"),
                ("certificate.days", "identity", False, "not-yet-valid", "400"),
            ),
            "router",
            "router.clock",
            {"tunnel", "engine", "certificates"},
            id="clock in the past",
        ),
        pytest.param(
            (("certificate.days", "identity", False, "expired", "-1"), *proofs(False, "client-certificate-refused")),
            "certificates",
            "certificates.identity-expired",
            {"engine"},
            id="the clinic's certificate ended",
        ),
        pytest.param(
            (("certificate.days", "account", False, "expired", "-3"), *down("dc1", "dc2")),
            "certificates",
            "certificates.account-expired",
            {"tunnel", "engine"},
            id="account ended",
        ),
        pytest.param(
            proofs(False, "timeout"),
            "engine",
            "engine.timeout",
            set(),
            id="engine silent",
        ),
        pytest.param(
            proofs(False, "wrong-pin"),
            "engine",
            "engine.wrong-pin",
            set(),
            id="engine with a wrong key",
        ),
        pytest.param(
            proofs(False, "something-new"),
            "engine",
            "engine.not-proven",
            set(),
            id="a reason that health does not know",
        ),
    ],
)
def test_root_cause_first_and_its_consequences_folded(
    changes: tuple[Change, ...], light: str, cause: str, explained: set[str]
) -> None:
    lights = board_with(*changes).lights(101.0)
    assert (lights[0].name, lights[0].cause, lights[0].state) == (light, cause, State.FAILED)
    assert lights[0].root is None
    assert {one.name for one in lights if one.root == light} == explained
    assert {one.name for one in lights[1 : 1 + len(explained)]} == explained
    assert headline(lights).state is State.FAILED
    assert lights[0].summary.ja in headline(lights).text.ja
    assert lights[0].summary.en in headline(lights).text.en


def test_no_address_counts_only_after_a_while() -> None:
    board = board_with()
    lost = (("wan.address", "wan0", False), *down("dc1", "dc2"), *proofs(False, "unreachable"))
    for at in (101.0, 105.0, 110.0, 115.0, 115.9):
        show(board, at, lost)
    assert causes(board.lights(115.9))["line"] == "line.checking"
    lights = board.lights(116.0)
    assert (lights[0].cause, lights[0].root) == ("line.no-address", None)
    assert {light.name for light in lights if light.root == "line"} == {"tunnel", "engine"}


@pytest.mark.parametrize("reason", ["no-advertisement", "advertised-no-address", "no-resolvers"])
def test_a_line_by_ipv6_says_what_it_lacks(reason: str) -> None:
    board = board_with()
    lost = (("wan.address", "wan0", False, reason), *down("dc1", "dc2"), *proofs(False, "unreachable"))
    for at in (101.0, 105.0, 110.0, 116.0):
        show(board, at, lost)
    lights = board.lights(116.0)
    assert (lights[0].cause, lights[0].root) == (f"line.{reason}", None)
    assert {light.name for light in lights if light.root == "line"} == {"tunnel", "engine"}


STARTING: tuple[Change, ...] = (
    *without("wan.address", "wan.gateway", "tunnel.", "engine."),
    ("wan.address", "wan0", False),
    *(
        (kind, name, False)
        for kind in ("tunnel.endpoint", "tunnel.handshake", "tunnel.path")
        for name in ("dc1", "dc2")
    ),
    ("engine.name", "receipt", False),
    ("engine.name", "receipt-gate", False),
)


def test_a_router_that_has_just_started_sends_nobody_to_the_line_equipment() -> None:
    board = Board()
    board.expect(EXPECTED)
    for at in (100.0, 104.0, 108.0, 112.0, 114.9):
        show(board, at, STARTING)
        lights = board.lights(at)
        assert {light.state for light in lights} == {State.OK, State.UNKNOWN}
        assert "確認しています" in headline(lights).text.ja
    show(board, 115.0, STARTING)
    lights = board.lights(115.0)
    assert causes(lights) | {"router": "", "certificates": ""} == {
        "router": "",
        "line": "line.no-address",
        "tunnel": "tunnel.name-not-found",
        "engine": "engine.name-not-found",
        "certificates": "",
    }
    assert lights[0].name == "line"


def test_a_gateway_that_never_answered_gets_the_same_time() -> None:
    board = board_with(("wan.gateway", "wan0", False), base=without("wan.gateway", "tunnel.", "engine."))
    assert causes(board.lights(101.0))["line"] == "line.checking"
    assert causes(board.lights(115.0))["line"] == "line.gateway-silent"


@pytest.mark.parametrize(
    ("helper", "ja", "en"),
    [
        ("gate", "レセコンへの通信の取り次ぎ", "passing connections on to the receipt computer"),
        ("dnsmasq", "端末への名前とアドレスの案内", "telling terminals names and addresses"),
        ("new-one", "new-one", "new-one"),
    ],
)
def test_a_dead_helper_is_named_for_people_and_nobody_is_promised_that_work_goes_on(
    helper: str, ja: str, en: str
) -> None:
    board = board_with()
    board.expect(replace(EXPECTED, helpers=(helper,)))
    show(board, 100.0, (("router.engine", helper, False, "dead"),))
    lights = board.lights(101.0)
    assert causes(lights)["engine"] == "engine.ok"
    told = headline(lights)
    assert told.text.ja == f"レセコンを使えないことがあります。ルーターの中の部品（{ja}）が止まっています。"
    assert told.text.en == f"The receipt computer may not be usable. A part inside the router ({en}) has stopped."


def test_without_account_everything_behind_it_waits() -> None:
    lights = board_with(("account.present", "", False), base=()).lights(101.0)
    assert lights[0].cause == "router.no-account"
    assert {light.name for light in lights if light.root == "router"} == {"line", "tunnel", "engine", "certificates"}
    assert causes(lights)["engine"] == "engine.no-account"


def test_a_missing_cable_is_not_blamed_on_the_missing_account() -> None:
    lights = by_name(board_with(("account.present", "", False), ("wan.carrier", "wan0", False), base=()).lights(101.0))
    assert lights["line"].cause == "line.no-cable"
    assert lights["line"].root is None


@pytest.mark.parametrize(
    ("changes", "light", "cause"),
    [
        pytest.param(down("dc1"), "tunnel", "tunnel.on-spare", id="main path down"),
        pytest.param(down("dc2"), "tunnel", "tunnel.no-spare", id="spare path down"),
        pytest.param(
            (("engine.proof", f"receipt@{A}", False, "timeout"),), "engine", "engine.some-addresses", id="one address"
        ),
        pytest.param(
            (("engine.proof", f"receipt@{A}", False, "wrong-pin"),),
            "engine",
            "engine.some-refused",
            id="one address with a wrong key",
        ),
        pytest.param((("router.settings", "", False, "", "3"),), "router", "router.settings-differ", id="settings"),
        pytest.param((("router.clock", "", False),), "router", "router.clock-but-working", id="clock"),
        pytest.param(
            (("certificate.days", "identity", True, "", "59"),), "certificates", "certificates.renew-soon", id="59 days"
        ),
        pytest.param(
            (("certificate.days", "identity", False, "", "29"),), "certificates", "certificates.renew-now", id="29 days"
        ),
        pytest.param(
            (("certificate.days", "account", False, "", "0"),), "certificates", "certificates.last-days", id="last day"
        ),
    ],
)
def test_warnings_say_that_work_goes_on(changes: tuple[Change, ...], light: str, cause: str) -> None:
    lights = board_with(*changes).lights(101.0)
    assert (lights[0].name, lights[0].cause, lights[0].state) == (light, cause, State.WARNING)
    assert headline(lights).state is State.WARNING
    if light != "engine":
        assert headline(lights).text.ja.startswith("レセコンは使えます。")
    assert {one.state for one in lights[1:]} == {State.OK}


def test_the_most_urgent_certificate_speaks_for_all() -> None:
    lights = by_name(
        board_with(
            ("certificate.days", "account", False, "", "25"), ("certificate.days", "identity", False, "", "12")
        ).lights(101.0)
    )
    assert lights["certificates"].summary.ja == "この医院の電子証明書の期限まで、あと12日しかありません。"
    assert [part.name for part in lights["certificates"].parts] == ["identity", "account"]


def test_packets_that_come_back_outweigh_a_silent_gateway() -> None:
    light = by_name(board_with(("wan.gateway", "wan0", False)).lights(101.0))["line"]
    assert light.cause == "line.ok"


def test_a_path_that_works_outweighs_what_should_explain_its_failure() -> None:
    lights = board_with(("tunnel.handshake", "dc1", False), ("tunnel.endpoint", "dc2", False)).lights(101.0)
    assert causes(lights)["tunnel"] == "tunnel.ok"


def test_a_pulled_cable_counts_at_once_even_if_the_path_was_up_a_moment_ago() -> None:
    board = board_with()
    show(board, 101.0, (("wan.carrier", "wan0", False),))
    show(board, 101.2, (("tunnel.path", "dc1", True),))
    assert by_name(board.lights(101.5))["line"].cause == "line.no-cable"


def test_a_path_that_still_works_contradicts_a_cable_said_to_be_out() -> None:
    board = board_with()
    show(board, 101.0, (("wan.carrier", "wan0", False),))
    show(board, 107.0, (("tunnel.path", "dc1", True),))
    assert by_name(board.lights(107.0))["line"].cause == "line.ok"


def test_a_proof_from_before_the_outage_says_nothing_about_now() -> None:
    board = board_with()
    show(board, 110.0, down("dc1", "dc2"))
    lights = board.lights(111.0)
    assert causes(lights)["engine"] == "engine.waiting"
    assert by_name(lights)["engine"].root == "tunnel"
    assert headline(lights).text.ja.startswith("レセコンにつながりません。")


def test_a_proof_made_during_an_outage_of_the_paths_shows_that_packets_pass() -> None:
    board = board_with()
    for at in (110.0, 114.0, 118.0, 122.0):
        show(board, at, down("dc1", "dc2"))
    show(board, 120.0, proofs(True))
    lights = board.lights(122.0)
    assert causes(lights)["tunnel"] == "tunnel.unwatched"
    assert causes(lights)["engine"] == "engine.ok"
    assert causes(lights)["line"] == "line.ok"


def test_the_spare_in_use_by_choice_is_no_fault() -> None:
    light = by_name(board_with(("tunnel.carrying", "dc1", False), ("tunnel.carrying", "dc2", True)).lights(101.0))[
        "tunnel"
    ]
    assert (light.cause, light.state) == ("tunnel.ok-on-spare", State.OK)


def test_engines_silent_behind_one_path_are_told_of_that_path() -> None:
    light = by_name(board_with(("tunnel.engines", "dc1", False), ("tunnel.engines", "dc2", True)).lights(101.0))[
        "tunnel"
    ]
    assert (light.cause, light.state) == ("tunnel.on-spare", State.WARNING)
    assert light.parts[0].cause == "tunnel.no-engine"


def test_what_the_operator_wishes_is_told_and_is_no_fault() -> None:
    light = by_name(board_with(("tunnel.pinned", "dc2", True)).lights(101.0))["tunnel"]
    assert (light.cause, light.state) == ("tunnel.ok-pinned", State.OK)
    light = by_name(board_with(("tunnel.drained", "dc1", True)).lights(101.0))["tunnel"]
    assert (light.cause, light.state) == ("tunnel.one-drained", State.WARNING)
    assert {part.cause for part in light.parts} == {"tunnel.ok", "tunnel.drained"}


def test_a_drained_path_is_no_evidence_that_anything_works() -> None:
    board = board_with(("tunnel.drained", "dc1", True))
    for at in (110.0, 114.0, 118.0):
        show(board, at, (("tunnel.drained", "dc1", True), *down("dc2")))
    light = by_name(board.lights(118.0))["tunnel"]
    assert light.state is State.FAILED


def test_one_path_up_and_the_other_unheard_of() -> None:
    light = by_name(board_with(base=without("tunnel.path dc2")).lights(101.0))["tunnel"]
    assert (light.cause, light.parts[0].state) == ("tunnel.one-unknown", State.UNKNOWN)


def test_one_service_without_any_proven_address_is_a_failure_with_its_name() -> None:
    light = by_name(board_with(*proofs(False, "timeout", ("receipt-gate",))).lights(101.0))["engine"]
    assert (light.cause, light.state) == ("engine.some-services", State.FAILED)
    assert "receipt-gate" in light.summary.ja
    assert [(part.name, part.cause) for part in light.parts] == [
        ("receipt-gate", "engine.timeout"),
        ("receipt", "engine.ok"),
    ]


def test_the_engines_name_does_not_resolve() -> None:
    board = board_with(
        ("engine.name", "receipt", False), ("engine.name", "receipt-gate", False), base=without("engine.")
    )
    assert causes(board.lights(115.0))["engine"] == "engine.name-not-found"


def test_an_impostor_outweighs_other_failures_and_is_never_folded_away() -> None:
    lights = by_name(
        board_with(
            *proofs(False, "timeout"),
            ("engine.proof", f"receipt@{B}", False, "wrong-name"),
            ("wan.carrier", "wan0", False),
            *down("dc1", "dc2"),
        ).lights(101.0)
    )
    assert lights["engine"].cause == "engine.wrong-name"
    assert lights["engine"].root is None
    assert lights["tunnel"].root == "line"


@pytest.mark.parametrize("reason", [reason for reason, cause in PROOF_REASONS.items() if cause in SECURITY])
def test_a_security_refusal_says_who_closed_the_way_and_whom_to_call(reason: str) -> None:
    light = by_name(board_with(*proofs(False, reason)).lights(101.0))["engine"]
    assert light.state is State.FAILED
    assert "このルーターが通信を止めました" in light.advice.ja
    assert "サポート会社に電話" in light.advice.ja
    assert "Do not try again" in light.advice.en


def test_an_address_that_left_the_name_service_is_let_go() -> None:
    board = board_with()
    show(board, 130.0, (("engine.proof", f"receipt@{A}", False, "timeout"),))
    for at in (150.0, 170.0, 190.0):
        show(board, at, (("engine.proof", f"receipt@{B}", True),))
    light = by_name(board.lights(191.0))["engine"]
    part = next(part for part in light.parts if part.name == "receipt")
    assert part.cause == "engine.ok"


def test_since_stays_until_state_or_cause_changes() -> None:
    board = board_with()
    assert by_name(board.lights(101.0))["tunnel"].since == 101.0
    show(board, 102.0, (("tunnel.path", "dc1", True), ("tunnel.path", "dc2", True)))
    assert by_name(board.lights(103.0))["tunnel"].since == 101.0
    show(board, 104.0, down("dc1"))
    light = by_name(board.lights(105.0))["tunnel"]
    assert light.since == 105.0
    assert {part.name: part.since for part in light.parts} == {"dc1": 105.0, "dc2": 101.0}


def test_carrying_is_the_tunnel_seen_to_carry_just_now() -> None:
    board = board_with()
    assert board.carrying(101.0) == "dc1"
    show(board, 102.0, (("tunnel.carrying", "dc1", False), ("tunnel.carrying", "dc2", True)))
    assert board.carrying(103.0) == "dc2"
    assert board.carrying(200.0) is None


def test_late_and_unknown_evidence() -> None:
    board = board_with()
    show(board, 50.0, (("wan.carrier", "wan0", False),))
    assert causes(board.lights(101.0))["line"] == "line.ok"
    with pytest.raises(ValueError, match=r"wan\.colour"):
        board.record(Evidence("wan.colour", "wan0", True, 1.0))


@pytest.mark.parametrize(
    ("dead", "cause"), [((), "line.ok"), (("usb0",), "line.no-spare"), (("wan0",), "line.on-spare")]
)
def test_of_two_lines_one_may_be_lost(dead: tuple[str, ...], cause: str) -> None:
    board = Board()
    board.expect(Expected(lines={"wan": "wan0", "backup_wan": "usb0"}))
    for interface in ("wan0", "usb0"):
        works = interface not in dead
        for kind in ("wan.carrier", "wan.address", "wan.gateway"):
            board.record(Evidence(kind, interface, works, 100.0))
    line = by_name(board.lights(101.0))["line"]
    assert line.cause == cause
    assert [part.cause for part in line.parts] == ["line.no-cable"] * len(dead) + ["line.ok"] * (2 - len(dead))


def test_what_is_no_longer_expected_is_forgotten() -> None:
    board = board_with(*down("dc2"))
    board.expect(Expected({"wan": "wan0"}, ("dc1",), ("receipt",), ("account",), ("bird",)))
    lights = by_name(board.lights(101.0))
    assert [part.name for part in lights["tunnel"].parts] == ["dc1"]
    assert {light.state for light in lights.values()} == {State.OK}


def test_every_cause_speaks_both_languages_and_every_trouble_has_advice() -> None:
    for code, cause in CAUSES.items():
        assert cause.summary.ja.endswith("。"), code
        assert cause.summary.en.endswith("."), code
        assert bool(cause.advice.ja) == bool(cause.advice.en), code
        if cause.state in (State.FAILED, State.WARNING):
            assert "サポート会社" in cause.advice.ja, code
            assert "support company" in cause.advice.en, code
    assert set(PROOF_REASONS.values()) <= set(CAUSES)


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        (proofs(False, "wrong-pin"), "安全のため、レセコンへの通信を止めました。"),
        (proofs(False, "timeout"), "レセコンにつながりません。"),
        (proofs(False, "timeout", ("receipt",)), "一部のサービス（receipt）"),
        ((("engine.proof", f"receipt@{A}", False, "timeout"),), "つながっていますが、"),
        ((("certificate.days", "account", False, "", "3"),), "レセコンは使えます。"),
    ],
)
def test_the_headline_begins_with_what_it_means_for_the_work(changes: tuple[Change, ...], begins: str) -> None:
    assert headline(board_with(*changes).lights(101.0)).text.ja.startswith(begins)


@pytest.mark.parametrize(
    ("label", "ja"),
    [
        ("presented:receipt-gate", "端末に見せる電子証明書（receipt-gate）"),
        ("trust-anchor:Example CA#2", "サーバー側の認証局（Example CA#2）"),
        ("terminal-anchor:{0} {x}", "端末側の認証局（{0} {x}）"),
        ("something-new", "電子証明書（something-new）"),
    ],
)
def test_whatever_can_run_out_has_a_name(label: str, ja: str) -> None:
    board = Board()
    board.expect(Expected(certificates=(label,)))
    board.record(Evidence("certificate.days", label, False, 100.0, "expired", "-1"))
    light = by_name(board.lights(101.0))["certificates"]
    assert light.parts[0].title.ja == ja
    assert light.summary.ja == f"{ja}の期限が切れました。"
