"""What the wizard shows: from drafts as the daemon really gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.site.edit import edited, judged
from webui.pages.setup_view import (
    STEPS,
    Field,
    account_files,
    following,
    instead,
    lan_form,
    line_form,
    other_problems,
    ready_to_try,
    steps,
    terminal_rows,
    update_form,
    vendor_form,
)

EXAMPLE = (Path(__file__).parents[3] / "docs" / "site.example.toml").read_text()
PORTS = [
    {"name": "lan0", "mac": "02:00:00:00:01:01", "linked": True, "lan": True},
    {"name": "wan0", "mac": "02:00:00:00:01:02", "linked": None, "lan": False},
    {"name": "usb0", "mac": "02:00:00:00:01:03", "linked": False, "lan": False},
]


def draft(text: str = EXAMPLE) -> dict[str, Any]:
    return judged(text).as_dict()


def with_section(section: str, value: Any) -> dict[str, Any]:
    return edited(EXAMPLE, section, value).as_dict()


def field(groups: Any, name: str, group: str = "") -> Field:
    return next(f for g in groups if g.name == group for f in g.fields if f.name == name)


def test_the_steps_say_what_is_done_what_is_open_and_what_is_wrong() -> None:
    def states(found: dict[str, Any], account: bool = True, green: bool = False) -> dict[str, str]:
        return {step.name: step.state for step in steps(found, account, green, "wan", "ja")}

    assert set(states(draft(""), account=False).values()) == {"open"}
    assert states(draft())["wan"] == states(draft())["vendor"] == "done"
    assert states(with_section("wan", {"kind": "dhcp"}))["wan"] == "wrong"
    assert states(draft(), green=True)["try"] == "done"
    assert states(draft(), account=False, green=True)["try"] == "open"
    assert states(instead(draft(), "wan", {"kind": "static"}))["wan"] == "open"
    (here,) = (step.name for step in steps(draft(), True, True, "wan", "en") if step.here)
    assert here == "wan"


def test_accounts_on_sticks_are_offered_before_the_visitors_own() -> None:
    def shown(chosen: str | None, *names: str) -> list[tuple[str, bool]]:
        files = [{"kind": name.split(".")[1], "path": f"/run/sekisho/sticks/{name}"} for name in names]
        return [(option.label, option.chosen) for option in account_files(files, chosen, "ja")]

    one, two = "sda1/a.account", "sdb1/b.account"
    first, second = "a.account（ルーターの USB メモリー sda1）", "b.account（ルーターの USB メモリー sdb1）"
    own = "このパソコンのファイル（下で選ぶ）"
    assert shown(None) == shown(None, "sda1/c.firmware") == []
    assert shown(None, one, two) == [(first, True), (second, False), (own, False)]
    assert shown("/run/sekisho/sticks/sdb1/b.account", one, two) == [(first, False), (second, True), (own, False)]
    assert shown("/run/sekisho/sticks/sdb1/b.account", one) == [(first, True), (own, False)]
    assert shown("", one) == [(first, False), (own, True)]


def test_the_steps_lead_to_the_report() -> None:
    name, seen = STEPS[0], [STEPS[0]]
    while (name := following(name)) != seen[-1]:
        seen.append(name)
    assert tuple(seen) == STEPS


def test_only_what_is_whole_is_tried() -> None:
    assert ready_to_try(draft(), True)
    assert not ready_to_try(draft(), False)
    assert not ready_to_try(draft(""), True)


def test_a_port_is_chosen_with_what_is_known_of_its_cable() -> None:
    form = line_form(draft(), PORTS, "en")
    options = {option.value: option for option in field(form, "interface").options}
    # The clinic's own port is no line.
    assert options.keys() == {"wan0", "usb0"}
    assert options["wan0"].chosen
    assert "no cable" in options["usb0"].label
    assert {option.value for option in field(lan_form(draft(), PORTS, "en"), "interface").options} == {"lan0", "usb0"}


def test_a_port_that_this_machine_lacks_is_not_replaced_unseen() -> None:
    form = line_form(with_section("wan", {"kind": "dhcp", "interface": "eth9"}), PORTS, "ja")
    assert [option.value for option in field(form, "interface").options if option.chosen] == ["eth9"]


def test_a_problem_stands_at_its_field() -> None:
    wrong = with_section("wan", {"kind": "pppoe", "interface": "wan0", "mtu": 9000})
    form = line_form(wrong, PORTS, "ja")
    assert "9000" in field(form, "mtu", "pppoe").problem
    assert "ID" in field(form, "user", "pppoe").problem
    assert not field(form, "interface").problem
    shown = [f for group in form for f in group.fields]
    assert other_problems(wrong, "wan", shown, "ja") == ()


def test_a_problem_that_no_field_shows_is_told_above() -> None:
    wrong = with_section("lan", {"interface": "lan0", "address": "192.0.2.1/26", "reaches": ["nowhere"]})
    shown = [f for group in lan_form(wrong, PORTS, "en") for f in group.fields]
    assert other_problems(wrong, "lan", shown, "en")


def test_no_password_is_ever_shown() -> None:
    form = line_form(with_section("wan", {"kind": "pppoe", "interface": "wan0", "user": "u"}), PORTS, "ja")
    assert field(form, "password", "pppoe").value == ""


def test_terminals_are_rows_with_room_for_more_and_those_that_were_found() -> None:
    found = [
        {"mac": "02:00:00:00:02:10", "address": "192.0.2.10", "name": ""},
        {"mac": "02:00:00:00:02:99", "address": "192.0.2.40", "name": "printer"},
    ]
    rows = terminal_rows(draft(), found, "ja")
    assert [row.was for row in rows[:2]] == ["reception-1", "consulting-1"]
    (stranger,) = (row for row in rows if row.found)
    assert [f.value for f in stranger.fields if f.name.startswith("mac")] == ["02:00:00:00:02:99"]
    assert [row.number for row in rows] == list(range(len(rows)))
    assert any(not row.was and not row.found for row in rows)


def test_a_machine_keeps_its_address_where_the_plan_has_it_and_is_offered_a_free_one_where_not() -> None:
    plan = with_section(
        "lan", {"interface": "lan0", "address": "192.0.2.1/29", "dhcp": {"first": "192.0.2.2", "last": "192.0.2.3"}}
    )
    plan = {**plan, "values": {**plan["values"], "terminals": []}}
    found = [
        {"mac": f"02:00:00:00:02:0{number}", "address": address, "name": ""}
        for number, address in enumerate(("192.0.2.4", "198.51.100.7", "198.51.100.8", "198.51.100.9"))
    ]
    rows = [row for row in terminal_rows(plan, found, "ja") if row.found]
    addresses = [next(f for f in row.fields if f.name.startswith("address")) for row in rows]
    assert [f.value for f in addresses] == ["192.0.2.4", "192.0.2.5", "192.0.2.6", ""]
    assert "198.51.100.7" in addresses[1].help


def test_a_wrong_terminal_is_marked_in_its_own_row() -> None:
    terminals = draft()["values"]["terminals"]
    rows = terminal_rows(with_section("terminals", [terminals[0], {**terminals[1], "mac": "nonsense"}]), [], "en")
    assert not any(f.problem for f in rows[0].fields)
    assert [f.name for f in rows[1].fields if f.problem] == ["mac-1"]


def test_the_hours_of_updates_are_shown_as_they_hold_and_what_is_wrong_stands_beside_them() -> None:
    shown = update_form(draft(), "en")
    assert field(shown, "automatic").checked
    assert [field(shown, name, "hours").value for name in ("first", "last")] == ["02:00", "05:00"]
    assert field(shown, "days_off").value == "1-10"
    wrong = {"automatic": False, "hours": "4:00-4:30", "days_off": "0-40"}
    shown = update_form(with_section("update", wrong), "ja")
    assert not field(shown, "automatic").checked
    assert "60" in field(shown, "first", "hours").problem
    assert (field(shown, "days_off").value, bool(field(shown, "days_off").problem)) == ("0-40", True)
    assert following("update") == "try"


@pytest.mark.parametrize("value", ["03", {"name": 5}, [], {}])
def test_a_file_that_people_have_written_wrongly_can_still_be_shown(value: Any) -> None:
    wrong = edited("", "vendor", value).as_dict()
    steps(wrong, False, False, "account", "ja")
    for form in (vendor_form, lambda d, lang: line_form(d, PORTS, lang), lambda d, lang: lan_form(d, PORTS, lang)):
        form(wrong, "ja")
    for section in ("wan", "lan", "terminals", "update"):
        wrong = edited("", section, value).as_dict()
        update_form(wrong, "ja")
        line_form(wrong, PORTS, "ja")
        lan_form(wrong, PORTS, "ja")
        terminal_rows(wrong, [], "ja")
