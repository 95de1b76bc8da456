"""Logging in through the local API, as the page does it: the real rooms, the real processes, the real record."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from appliance.access.lockout import FREE
from appliance.control import access_store
from appliance.errors import SekishoError
from tests.unit.access.test_factors import Authenticator
from tests.unit.control.access_desk import GOOD, HERE, ORIGIN, OTHER, PAGE, Clock, Desk, code_of, refused

# ---- the first password -----------------------------------------------------------------------------


def test_there_is_no_default_password_and_the_first_one_must_be_changed(desk: Desk) -> None:
    with refused("access.wrong"):
        desk.log_in("vendor", "vendor")
    made = desk.root("access.first_password")
    assert (made["name"], made["role"], made["until"]) == ("vendor", "vendor", "")
    with refused("access.has-vendor"):
        desk.root("access.first_password")
    # As people type from a label.
    given = desk.log_in(" Vendor ", made["password"].upper().replace("-", " "))
    assert given["first"]
    session = given["session"]
    assert desk.page("access.who", session)["first"]
    for method in ("site.try", "audit.list", "access.accounts.list", "access.second_factor.begin"):
        with refused("control.not-permitted"):
            desk.page(method, session)
    assert desk.page("status", session) == {}
    for new, said in (("short", "short"), ("vendor-vendor-vendor", "known"), ("れんげ内科医院の院長です", "short")):
        with refused(f"access.password-{said}"):
            desk.page("access.change_password", session, old=made["password"], new=new)
    changed = desk.page("access.change_password", session, old=made["password"], new=GOOD)
    assert not changed["first"]
    assert desk.page("site.try", changed["session"]) == {}
    with refused("access.session-ended"):
        desk.page("access.who", session)
    with refused("access.wrong"):
        desk.log_in("vendor", made["password"])
    with refused("access.password-same"):
        desk.page("access.change_password", changed["session"], old=GOOD, new=GOOD)


def test_a_first_password_that_somebody_was_told_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk.root("access.accounts.add", name="kato", role="manager")
    assert made["until"]
    monkeypatch.setattr(access_store, "now_text", lambda: made["until"])
    with refused("access.wrong"):
        desk.log_in("kato", made["password"])


def test_what_is_kept_is_for_root_alone_and_holds_no_secret(desk: Desk) -> None:
    session = desk.vendor()
    assert desk.path.stat().st_mode & 0o777 == 0o600
    assert desk.path.parent.stat().st_mode & 0o777 == 0o700
    kept = desk.path.read_text()
    assert GOOD not in kept
    assert session not in kept
    assert "$argon2id$" in kept


def test_log_ins_that_cannot_be_read_let_nobody_in_and_root_begins_anew(desk: Desk) -> None:
    desk.vendor()
    desk.path.write_text("{")
    desk.boot()
    with refused("access.damaged"):
        desk.log_in("vendor", GOOD)
    assert desk.root("access.first_password")["password"]
    assert desk.path.with_suffix(".damaged").read_text() == "{"


# ---- lock-out -------------------------------------------------------------------------------------------


def test_an_attacker_is_slowed_and_locks_out_neither_the_vendor_nor_staff_nor_root(desk: Desk, clock: Clock) -> None:
    desk.vendor()
    browser = desk.log_in("vendor", GOOD)["browser"]
    assert browser
    for _ in range(FREE):
        with refused("access.wrong"):
            desk.log_in("vendor", "a guess", client="192.0.2.66")
    for password in ("a guess", GOOD):
        with refused("access.wait") as waiting:
            desk.log_in("vendor", password, client="192.0.2.66")
    assert "2 秒" in waiting.value.text.ja or "3 秒" in waiting.value.text.ja
    # The buttons, the console, the vendor's own browser, and the vendor from elsewhere.
    assert desk.page("status", client="192.0.2.66") == {}
    assert desk.root("terminal.receipt") == {}
    assert desk.log_in("vendor", GOOD, client="192.0.2.66", browser=browser)["browser"] is None
    assert desk.log_in("vendor", GOOD)["session"]
    with refused("access.wrong"):
        desk.log_in("vendor", "a slip", browser="a token of nobody")
    clock.now += 3
    assert desk.log_in("vendor", GOOD, client="192.0.2.66")["session"]


def test_the_operator_unlocks_a_name(desk: Desk) -> None:
    desk.vendor()
    for _ in range(FREE):
        with refused("access.wrong"):
            desk.log_in("vendor", "a slip")
    with refused("access.wait"):
        desk.log_in("vendor", GOOD)
    desk.root("access.accounts.unlock", name="vendor")
    assert desk.log_in("vendor", GOOD)["session"]
    with refused("access.no-such-log-in"):
        desk.root("access.accounts.unlock", name="nobody")


def test_a_stolen_session_cannot_guess_the_password(desk: Desk) -> None:
    session = desk.vendor()
    for _ in range(FREE):
        with refused("access.wrong-password"):
            desk.page("access.change_password", session, old="a guess", new=OTHER)
    with refused("access.wait"):
        desk.page("access.change_password", session, old=GOOD, new=OTHER)
    assert desk.log_in("vendor", GOOD)["session"]


def test_strangers_wait_in_a_short_row_and_whoever_is_known_is_not_turned_away(desk: Desk) -> None:
    desk.vendor()
    browser = desk.log_in("vendor", GOOD)["browser"]

    async def crowd() -> list[Any]:
        stranger = {"name": "vendor", "password": GOOD, "origin": ORIGIN, "client": HERE}
        calls = [desk._dispatcher.call("access.log_in", stranger, PAGE) for _ in range(20)]
        known = desk._dispatcher.call("access.log_in", stranger | {"browser": browser}, PAGE)
        return await asyncio.gather(*calls, known, return_exceptions=True)

    desk.access.store._lock = asyncio.Lock()
    *strangers, known = asyncio.run(crowd())
    codes = [answer.code for answer in strangers if isinstance(answer, SekishoError)]
    assert codes == ["access.busy"] * (20 - access_store.MOST_AT_ONCE)
    assert known["session"]


# ---- second factors ---------------------------------------------------------------------------------------


def with_application(desk: Desk, session: str) -> str:
    begun = desk.page("access.second_factor.begin", session, kind="totp", password=GOOD, origin=ORIGIN)
    secret = str(begun["totp"]["secret"])
    with refused("access.wrong-second"):
        desk.page("access.second_factor.confirm", session, ticket=begun["ticket"], second={"code": "x"}, label="")
    second = {"code": code_of(secret, -1)}
    shown = desk.page("access.second_factor.confirm", session, ticket=begun["ticket"], second=second, label="")
    assert shown == {"totp": True, "keys": []}
    return secret


def test_an_authenticator_application(desk: Desk) -> None:
    session = desk.vendor()
    other = desk.log_in("vendor", GOOD)["session"]
    secret = with_application(desk, session)
    assert secret not in desk.path.read_text()
    with refused("access.session-ended"):
        desk.page("access.who", other)
    asked = desk.log_in("vendor", GOOD)
    assert "session" not in asked
    assert (asked["second"]["code"], asked["second"]["key"]) == (True, None)
    ticket = asked["second"]["ticket"]
    with refused("access.session-ended"):
        desk.page("access.who", ticket)
    for wrong in ({"code": "000000"}, {"code": code_of(secret, -1)}, {}, {"key": {"id": "x"}}):
        with refused("access.wrong-second"):
            desk.page("access.finish_log_in", ticket=ticket, second=wrong)
    given = desk.page("access.finish_log_in", ticket=ticket, second={"code": code_of(secret)})
    assert desk.page("access.who", given["session"])["second"]["totp"]
    # Neither the ticket nor the code is good again, after a restart neither.
    with refused("access.start-again"):
        desk.page("access.finish_log_in", ticket=ticket, second={"code": code_of(secret, 1)})
    desk.boot()
    ticket = desk.log_in("vendor", GOOD)["second"]["ticket"]
    with refused("access.wrong-second"):
        desk.page("access.finish_log_in", ticket=ticket, second={"code": code_of(secret)})


def test_a_short_password_beside_a_second_factor_and_not_without(desk: Desk) -> None:
    session = desk.vendor()
    with refused("access.password-short"):
        desk.page("access.change_password", session, old=GOOD, new="x7Kq9vTz")
    with_application(desk, session)
    session = desk.page("access.change_password", session, old=GOOD, new="x7Kq9vTz")["session"]
    with refused("access.password-short"):
        desk.page("access.second_factor.remove", session, what="totp", password="x7Kq9vTz")
    session = desk.page("access.change_password", session, old="x7Kq9vTz", new=GOOD)["session"]
    with refused("access.wrong-password"):
        desk.page("access.second_factor.remove", session, what="totp", password="x")
    with refused("access.no-such-factor"):
        desk.page("access.second_factor.remove", session, what="a key", password=GOOD)
    shown = desk.page("access.second_factor.remove", session, what="totp", password=GOOD)
    assert shown == {"totp": False, "keys": []}
    assert desk.log_in("vendor", GOOD)["session"]


def test_a_security_key(desk: Desk) -> None:
    session = desk.vendor()
    authenticator = Authenticator()
    begun = desk.page("access.second_factor.begin", session, kind="key", password=GOOD, origin=ORIGIN)
    answer = authenticator.make(begun["key"])
    given = {"ticket": begun["ticket"], "second": {"key": answer}, "label": " 青い鍵 "}
    shown = desk.page("access.second_factor.confirm", session, **given)
    assert [(key["label"], key["host"]) for key in shown["keys"]] == [("青い鍵", "router.example")]
    asked = desk.log_in("vendor", GOOD)["second"]
    assert not asked["code"]
    done = desk.page("access.finish_log_in", ticket=asked["ticket"], second={"key": authenticator.prove(asked["key"])})
    assert done["session"]
    asked = desk.log_in("vendor", GOOD)["second"]
    with refused("access.wrong-second"):
        foreign = authenticator.prove(asked["key"], origin="https://attacker.example")
        desk.page("access.finish_log_in", ticket=asked["ticket"], second={"key": foreign})
    with refused("access.key-elsewhere") as elsewhere:
        desk.page("access.log_in", name="vendor", password=GOOD, origin="https://192.0.2.1")
    assert "https://router.example/" in elsewhere.value.text.ja
    for origin in ("https://192.0.2.1", "http://router.example", "https://[2001:db8::1]"):
        with refused("access.key-needs-name"):
            desk.page("access.second_factor.begin", session, kind="key", password=GOOD, origin=origin)


def test_a_ticket_is_of_one_session_and_one_password(desk: Desk) -> None:
    session = desk.vendor()
    other = desk.log_in("vendor", GOOD)["session"]
    begun = desk.page("access.second_factor.begin", session, kind="totp", password=GOOD, origin=ORIGIN)
    second = {"code": code_of(begun["totp"]["secret"])}
    with refused("access.start-again"):
        desk.page("access.second_factor.confirm", other, ticket=begun["ticket"], second=second, label="")
    secret = with_application(desk, session)
    ticket = desk.log_in("vendor", GOOD)["second"]["ticket"]
    desk.page("access.change_password", session, old=GOOD, new=OTHER)
    with refused("access.start-again"):
        desk.page("access.finish_log_in", ticket=ticket, second={"code": code_of(secret)})


# ---- other people's log-ins -------------------------------------------------------------------------------


def test_the_vendor_looks_after_the_managers_and_root_after_all(desk: Desk) -> None:
    vendor = desk.vendor()
    added = desk.page("access.accounts.add", vendor, name="kato", role="manager")
    desk.root("access.accounts.add", name="center", role="datacenter")
    for role in ("vendor", "datacenter", "operator", "page"):
        with refused("control.not-permitted"):
            desk.page("access.accounts.add", vendor, name="someone", role=role)
    for method in ("reset", "remove", "unlock"):
        with refused("control.not-permitted"):
            desk.page(f"access.accounts.{method}", vendor, name="center")
    names = [one["name"] for one in desk.page("access.accounts.list", vendor)["accounts"]]
    assert names == ["kato"]
    assert {one["name"] for one in desk.root("access.accounts.list")["accounts"]} == {"vendor", "kato", "center"}
    first = desk.log_in("kato", added["password"])["session"]
    manager = desk.page("access.change_password", first, old=added["password"], new=GOOD)["session"]
    assert desk.page("terminal.receipt", manager) == {}
    for method in ("site.try", "access.accounts.list"):
        with refused("control.not-permitted"):
            desk.page(method, manager)
    again = desk.page("access.accounts.reset", vendor, name="kato")
    with refused("access.session-ended"):
        desk.page("access.who", manager)
    with refused("access.wrong"):
        desk.log_in("kato", GOOD)
    session = desk.log_in("kato", again["password"])["session"]
    desk.page("access.accounts.remove", vendor, name="kato")
    with refused("access.session-ended"):
        desk.page("access.who", session)
    with refused("access.no-such-log-in"):
        desk.page("access.accounts.remove", vendor, name="kato")


def test_a_reset_takes_the_second_factor_away(desk: Desk) -> None:
    with_application(desk, desk.vendor())
    password = desk.root("access.accounts.reset", name="vendor")["password"]
    assert desk.log_in("vendor", password)["first"]


@pytest.mark.parametrize("name", ["", "A", "a", "ab cd", "9ab", "x" * 33, "山田", "a/b", "<b>"])
def test_names_that_cannot_be(desk: Desk, name: str) -> None:
    with refused("access.bad-name"):
        desk.root("access.accounts.add", name=name, role="manager")


def test_a_name_is_taken_once_and_there_are_not_endlessly_many(desk: Desk) -> None:
    desk.root("access.accounts.add", name="kato", role="manager")
    with refused("access.name-taken"):
        desk.root("access.accounts.add", name="kato", role="vendor")
    one = asyncio.run(desk.access.store.get("kato"))
    for number in range(40):
        desk.access.store._log_ins[f"kato{number}"] = replace(one, name=f"kato{number}")  # type: ignore[index]
    with refused("access.name-taken"):
        desk.root("access.accounts.add", name="more", role="manager")


# ---- the record ---------------------------------------------------------------------------------------------


def test_what_the_record_says_of_log_ins_and_what_it_never_says(desk: Desk) -> None:
    session = desk.vendor()
    secret = with_application(desk, session)
    with refused("access.wrong"):
        # A password in the wrong field.
        desk.log_in(OTHER, "vendor")
    with refused("access.wrong"):
        desk.log_in("vendor", OTHER, client="192.0.2.66")
    ticket = desk.log_in("vendor", GOOD)["second"]["ticket"]
    desk.page("access.finish_log_in", ticket=ticket, second={"code": code_of(secret)})
    told = [
        (entry["actor"]["role"], entry["actor"]["name"], entry["actor"]["address"], entry["action"], entry["outcome"])
        for entry in desk.record()
    ]
    assert told[0] == ("operator", "", "", "access.first_password", "done")
    assert ("page", "", "192.0.2.66", "access.log_in", "refused access.wrong") in told
    assert ("vendor", "vendor", HERE, "access.second_factor.confirm", "done") in told
    subjects = [entry["subject"] for entry in desk.record() if entry["action"] == "access.log_in"]
    assert subjects == [{"name": "vendor"}, {"name": None}, {"name": "vendor"}, {"name": "vendor", "second": "asked"}]
    assert desk.record()[-1]["subject"] == {"name": "vendor"}
    everything = "\n".join(path.read_text() for path in desk.auditor.directory.iterdir())
    for hidden in (GOOD, OTHER, session, secret, ticket):
        assert hidden not in everything
