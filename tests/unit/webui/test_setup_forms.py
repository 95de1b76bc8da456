from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from appliance.site.model import Update
from webui.pages.setup_forms import (
    LINE_KINDS,
    SECTIONS,
    TERMINAL_FIELDS,
    UPDATES,
    lan,
    line,
    terminals,
    update,
    vendor,
)


def test_a_line_asks_for_what_its_kind_needs() -> None:
    form = {"kind": "static", "interface": " wan0 ", "address": "192.0.2.66/28", "gateway": "192.0.2.65"}
    form |= {"dns": "198.51.100.53、198.51.100.54", "user": "left over", "upload_mbit": "20"}
    assert line(form, {"kind": "pppoe", "mtu": 1400}) == {
        "kind": "static",
        "interface": "wan0",
        "upload_mbit": 20,
        "address": "192.0.2.66/28",
        "gateway": "192.0.2.65",
        "dns": ["198.51.100.53", "198.51.100.54"],
    }


def test_what_is_no_number_stays_as_typed() -> None:
    assert line({"kind": "dhcp", "upload_mbit": "２０"}, {})["upload_mbit"] == "２０"


def test_addresses_are_handed_out_where_the_box_is_ticked() -> None:
    typed = {"interface": "lan0", "address": "192.0.2.1/26", "name": "", "first": "192.0.2.32", "last": "192.0.2.40"}
    before = {"reaches": ["imaging"], "name": "gate", "dhcp": {"first": "192.0.2.2"}}
    assert lan(typed, before) == {"reaches": ["imaging"], "interface": "lan0", "address": "192.0.2.1/26"}
    assert lan(typed | {"dhcp": "on"}, before)["dhcp"] == {"first": "192.0.2.32", "last": "192.0.2.40"}


def test_terminals_come_and_go_by_rows() -> None:
    before = [{"name": "desk", "label": "受付1", "mac": "02:00:00:00:02:10", "address": "192.0.2.10", "access": "none"}]
    form = {
        "was-0": "desk",
        "name-0": "desk",
        "label-0": "受付A",
        "mac-0": "02:00:00:00:02:10",
        "address-0": "192.0.2.10",
        "label-1": "診察室",
        "name-1": "room",
        "mac-1": "02-00-00-00-02-11",
        "address-1": "192.0.2.11",
        "internet_minutes-1": "30",
        "label-2": "消す",
        "remove-2": "on",
        "label-3": " ",
        "found-4": "1",
        "mac-4": "02:00:00:00:02:12",
        "found-5": "1",
        "take-5": "on",
        "mac-5": "02:00:00:00:02:13",
        "label-5": "検査",
    }
    first, second, taken = terminals(form, before)
    assert first == {
        "access": "none",
        "label": "受付A",
        "name": "desk",
        "mac": "02:00:00:00:02:10",
        "address": "192.0.2.10",
    }
    assert second["internet_minutes"] == 30
    assert taken == {"label": "検査", "mac": "02:00:00:00:02:13"}


def test_nobody_to_call_is_no_section() -> None:
    assert vendor({"name": " ", "phone": ""}, {}) is None
    assert vendor({"name": "サンプル商会", "phone": "03-0000-0000"}, {}) == {
        "name": "サンプル商会",
        "phone": "03-0000-0000",
    }


def test_the_hours_of_updates_as_two_clocks_and_a_row_of_days() -> None:
    typed = {"automatic": "on", "first": "23:00", "last": " 04:00 ", "days_off": "１〜10、 25"}
    assert update(typed, {}) == {"automatic": True, "hours": "23:00-04:00", "days_off": "1-10, 25"}
    # No days is something else than nothing written, which means the days of receipt closing.
    assert update({"first": "", "last": "", "days_off": ""}, {"hours": "1:00-2:00"}) == {
        "automatic": False,
        "days_off": "",
    }
    assert update({"first": "2:00", "last": ""}, {})["hours"] == "2:00-"


def test_what_holds_where_nothing_is_written_is_what_the_settings_say() -> None:
    assert Update().model_dump() == UPDATES


FIELDS = [
    "automatic",
    "first",
    "last",
    "days_off",
    "kind",
    "interface",
    "name",
    "dhcp",
    *{field for fields in LINE_KINDS.values() for field in fields},
]
FIELDS += [f"{field}-{row}" for field in (*TERMINAL_FIELDS, "remove", "take", "found", "was") for row in range(3)]


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=12)), st.sampled_from(sorted(SECTIONS)))
def test_whatever_is_typed_becomes_plain_values_without_empty_ones(form: dict[str, str], section: str) -> None:
    def plain(value: Any) -> bool:
        match value:
            case dict():
                return all(isinstance(key, str) and plain(inner) for key, inner in value.items())
            case list():
                return all(plain(inner) for inner in value)
            case _:
                return isinstance(value, str | int)

    value = SECTIONS[section](form, [] if section == "terminals" else {})
    assert value is None or plain(value)
