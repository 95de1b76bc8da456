"""How moments, ages and telephone numbers are told to people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webui.pages.status_view import board


def with_light(status: dict[str, Any], **changed: Any) -> dict[str, Any]:
    status["lights"][0].update(changed)
    return status


@pytest.mark.parametrize(
    ("ago", "ja", "en"),
    [
        (timedelta(seconds=7), "今日 10:04 から（7秒）", "since today 10:04 (7 seconds)"),
        (timedelta(minutes=1), "今日 10:04 から（1分）", "since today 10:04 (1 minute)"),
        (timedelta(hours=3), "今日 07:05 から（3時間）", "since today 07:05 (3 hours)"),
        (timedelta(hours=11), "昨日 23:05 から（11時間）", "since yesterday 23:05 (11 hours)"),
        (timedelta(days=40), "2026年10月14日 10:05 から（40日）", "since 2026-10-14 10:05 (40 days)"),
        (timedelta(days=-1), "2026年11月24日 10:05 から（0秒）", "since 2026-11-24 10:05 (0 seconds)"),
    ],
)
def test_since_in_japanese_time(status: Callable[..., Any], ago: timedelta, ja: str, en: str) -> None:
    since = (datetime(2026, 11, 23, 1, 5, 3, tzinfo=UTC) - ago).isoformat().replace("+00:00", "Z")
    document = with_light(status(), since=since)
    assert board(document, "ja").lamps[0].since == ja
    assert board(document, "en").lamps[0].since == en


@pytest.mark.parametrize(
    ("age", "ja", "en"),
    [
        (None, "まだ確認していません", "not checked yet"),
        (0.0, "たったいま確認", "checked just now"),
        (59.9, "59秒前に確認", "checked 59 seconds ago"),
        (3600.0, "1時間前に確認", "checked 1 hour ago"),
    ],
)
def test_how_fresh(status: Callable[..., Any], age: float | None, ja: str, en: str) -> None:
    document = with_light(status(), evidence_age=age)
    assert board(document, "ja").lamps[0].checked == ja
    assert board(document, "en").lamps[0].checked == en


def test_a_number_to_dial(status: Callable[..., Any]) -> None:
    assert board(status(vendor=("x", "+81 (3) 0000-0000")), "ja").vendor_link == "tel:+8130000-0000"
    nobody = board(status(vendor=None, clinic=None), "ja")
    assert (nobody.vendor_phone, nobody.clinic) == ("", "")


def test_a_router_that_nobody_has_set_up_leads_to_the_wizard(status: Callable[..., Any]) -> None:
    assert not board(status(), "ja").begin
    for cause in ("router.no-account", "router.not-applied"):
        assert board(with_light(status(), cause=cause), "ja").begin


def test_the_code_to_tell_is_that_of_the_root_cause(status: Callable[..., Any]) -> None:
    assert board(status(), "ja").code == ""
    assert board(status("tunnel.path dc2"), "ja").code == "tunnel.no-spare"


def test_how_an_update_stands(status: Callable[..., Any]) -> None:
    document = status()
    assert board(document, "ja").firmware == ""
    document["firmware"] = {"version": "1.0.0", "stage": "staged", "text": {"ja": "待っています。", "en": "It waits."}}
    assert board(document, "ja").firmware == "待っています。"
    document["firmware"]["text"] = None
    assert board(document, "en").firmware == ""
