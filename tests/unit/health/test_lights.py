"""Tables of evidence → lights: what a receptionist is told for each thing that can go wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.health.board import Board, Expected, headline
from appliance.health.causes import CAUSES, LINE_REASONS, PROOF_REASONS
from appliance.health.model import Evidence, Light, State
from tests.unit.health.clinic import EXPECTED, A, Change, board_with, by_name, causes, down, proofs, show


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


@pytest.mark.parametrize("reason", ["not-applied", "no-ports", "cannot-start", "down"])
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
            (("router.gate", "", False, "gate.bad-certificate"),), "router", "router.gate-keeps-former", id="the gate"
        ),
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


TERMINALS = {"reception": "受付1", "office": "診察室"}


def of_terminals(*changes: Change) -> Light:
    board = board_with()
    board.expect(replace(EXPECTED, terminals=TERMINALS, lists=("revocations:Example CA",)))
    show(board, 100.0, (("certificate.list", "revocations:Example CA", True, "", "2026-12-01"), *changes))
    return by_name(board.lights(101.0))["certificates"]


def test_a_terminal_that_has_shown_no_certificate_says_nothing() -> None:
    light = of_terminals()
    assert light.state is State.OK
    assert [part.name for part in light.parts] == ["identity", "account", "revocations:Example CA"]


def test_a_terminals_certificate_is_announced_like_our_own() -> None:
    light = of_terminals(("certificate.days", "terminal:office", True, "", "29"))
    assert (light.cause, light.summary.ja) == (
        "certificates.renew-now",
        "診察室の電子証明書の期限まで、あと29日しかありません。",
    )
    ended = of_terminals(("certificate.days", "terminal:office", False, "expired", "-1"))
    assert (ended.cause, ended.state) == ("certificates.terminal-expired", State.FAILED)


def test_a_copied_certificate_is_told_before_anything_that_is_merely_due() -> None:
    light = of_terminals(
        ("certificate.days", "identity", False, "", "3"),
        ("certificate.days", "terminal:reception", True, "", "300"),
        ("certificate.own", "terminal:reception", False, "copied", "診察室"),
    )
    assert (light.cause, light.state) == ("certificates.copied", State.WARNING)
    assert "受付1の電子証明書が、ほかの端末（診察室）でも使われています" in light.summary.ja


def test_an_overdue_list_is_told_and_closes_nothing() -> None:
    light = of_terminals(("certificate.list", "revocations:Example CA", False, "overdue", "2026-11-01"))
    assert (light.cause, light.state) == ("certificates.list-old", State.WARNING)
    assert "2026-11-01" in light.summary.en


def test_a_service_by_address_is_well_and_called_weaker() -> None:
    board = board_with()
    board.expect(replace(EXPECTED, by_address=frozenset({"receipt-gate"})))
    light = by_name(board.lights(101.0))["engine"]
    assert (light.cause, light.state) == ("engine.ok-by-address", State.OK)
    assert "receipt-gate" in light.summary.ja and "弱い" in light.summary.ja
    assert [part.cause for part in light.parts] == ["engine.ok", "engine.ok-by-address"]
    show(board, 101.0, (("engine.proof", f"receipt-gate@{A}", False, "timeout"),))
    assert by_name(board.lights(102.0))["engine"].cause == "engine.some-addresses"


def test_since_stays_until_state_or_cause_changes() -> None:
    board = board_with()
    assert by_name(board.lights(101.0))["tunnel"].since == 101.0
    show(board, 102.0, (("tunnel.path", "dc1", True), ("tunnel.path", "dc2", True)))
    assert by_name(board.lights(103.0))["tunnel"].since == 101.0
    show(board, 104.0, down("dc1"))
    light = by_name(board.lights(105.0))["tunnel"]
    assert light.since == 105.0
    assert {part.name: part.since for part in light.parts} == {"dc1": 105.0, "dc2": 101.0}


def test_late_and_unknown_evidence() -> None:
    board = board_with()
    show(board, 50.0, (("wan.carrier", "wan0", False),))
    assert causes(board.lights(101.0))["line"] == "line.ok"
    with pytest.raises(ValueError, match=r"wan\.colour"):
        board.record(Evidence("wan.colour", "wan0", True, 1.0))


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
