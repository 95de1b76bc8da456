"""How long somebody is logged in, and who ends it."""

from __future__ import annotations

from appliance.access.sessions import ABSOLUTE, IDLE
from tests.unit.control.access_desk import GOOD, HERE, OTHER, Clock, Desk, refused


def test_sessions_end_by_themselves_and_at_a_reboot(desk: Desk, clock: Clock) -> None:
    session = desk.vendor()
    clock.now += IDLE - 1
    assert desk.page("access.who", session)["seconds_left"] == IDLE
    clock.now += IDLE
    with refused("access.session-ended"):
        desk.page("access.who", session)
    session = desk.log_in("vendor", GOOD)["session"]
    for _ in range(int(ABSOLUTE // (IDLE - 1))):
        clock.now += IDLE - 1
        desk.page("access.who", session)
    clock.now += IDLE - 1
    with refused("access.session-ended"):
        desk.page("access.who", session)
    session = desk.log_in("vendor", GOOD)["session"]
    desk.boot()
    with refused("access.session-ended"):
        desk.page("access.who", session)
    assert desk.log_in("vendor", GOOD)["session"]


def test_logging_out(desk: Desk) -> None:
    session = desk.vendor()
    other = desk.log_in("vendor", GOOD)["session"]
    assert desk.page("access.log_out", session)
    with refused("access.session-ended"):
        desk.page("access.who", session)
    assert desk.page("access.who", other)["name"] == "vendor"
    assert desk.page("access.who") is None
    with refused("access.session-ended"):
        desk.root("access.log_out")


def test_a_changed_password_ends_all_other_sessions(desk: Desk) -> None:
    session = desk.vendor()
    other = desk.log_in("vendor", GOOD)["session"]
    with refused("access.wrong-password"):
        desk.page("access.change_password", session, old="not this one", new=OTHER)
    new = desk.page("access.change_password", session, old=GOOD, new=OTHER)["session"]
    for ended in (session, other):
        with refused("access.session-ended"):
            desk.page("access.who", ended)
    assert desk.page("access.who", new)["role"] == "vendor"


def test_who_is_logged_in_elsewhere_is_seen_and_ended(desk: Desk, clock: Clock) -> None:
    session = desk.vendor()
    desk.root("access.accounts.add", name="kato", role="manager")
    first = desk.log_in("vendor", GOOD, client="192.0.2.21")["session"]
    clock.now += 60
    second = desk.log_in("vendor", GOOD, client="192.0.2.22")["session"]
    listed = desk.page("access.sessions.list", session)["sessions"]
    # To list them is a call, so one's own was used last.
    assert [(one["address"], one["here"]) for one in listed] == [
        (HERE, True),
        ("192.0.2.22", False),
        ("192.0.2.21", False),
    ]
    assert listed[1]["began"] > listed[2]["began"]
    assert not {first, second, session} & {value for one in listed for value in one.values()}, "no token is told"

    with refused("access.wrong-password"):
        desk.page("access.sessions.end", session, which="others", password="not this one")
    assert desk.page("access.who", first)
    chosen = listed[1]["id"]
    assert desk.page("access.sessions.end", session, which=chosen, password=GOOD) == {"ended": 1}
    with refused("access.session-ended"):
        desk.page("access.who", second)
    for nobody in (chosen, listed[0]["id"], "", "?"):
        with refused("access.no-such-session"):
            desk.page("access.sessions.end", session, which=nobody, password=GOOD)
    assert desk.page("access.sessions.end", session, which="others", password=GOOD) == {"ended": 1}
    with refused("access.session-ended"):
        desk.page("access.who", first)
    assert desk.page("access.who", session)["name"] == "vendor"
    assert desk.page("access.sessions.end", session, which="others", password=GOOD) == {"ended": 0}
    ended = [entry["subject"] for entry in desk.record() if entry["action"] == "access.sessions.end"]
    assert [subject.get("ended") for subject in ended] == [None, 1, None, None, None, None, 1, 0]


def test_nobody_sees_or_ends_the_sessions_of_others(desk: Desk) -> None:
    vendor = desk.vendor()
    first = desk.root("access.accounts.add", name="kato", role="manager")["password"]
    session = desk.log_in("kato", first)["session"]
    with refused("control.not-permitted"):
        desk.page("access.sessions.list", session)
    session = desk.page("access.change_password", session, old=first, new=OTHER)["session"]
    assert len(desk.page("access.sessions.list", session)["sessions"]) == 1
    (its,) = desk.page("access.sessions.list", vendor)["sessions"]
    with refused("access.no-such-session"):
        desk.page("access.sessions.end", session, which=its["id"], password=OTHER)
    with refused("access.session-ended"):
        desk.root("access.sessions.list")
    assert desk.page("access.who", vendor)["name"] == "vendor"
