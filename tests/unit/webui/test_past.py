"""What happened before and what ends next: in pictures, in words, and without either."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SekishoError
from tests.unit.webui import told
from tests.unit.webui.conftest import NOW
from webui.app import create_app
from webui.pages.past_view import picture


@pytest.fixture
def browser(daemon: Any) -> FlaskClient:
    return create_app(lambda: daemon).test_client()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_an_outage_shows_its_cause_and_its_length(browser: FlaskClient) -> None:
    words = text_of(browser.get("/").text)
    assert "今日 08:05 12分 インターネット側のケーブルが抜けています。 line.no-cable" in words
    assert "11月11日 10:05 3時間 レセコンのサーバーが、登録された鍵を持っていません。" in words
    assert "2時間 ルーターの電源が切れていました。終了の操作なしに切れました（停電など）。" in words
    english = text_of(browser.get("/?lang=en").text)
    assert "today 08:05 12 minutes" in english
    assert "The router was off. It was cut off without being shut down" in english


def test_the_picture_says_the_same_in_words(browser: FlaskClient) -> None:
    words = text_of(browser.get("/").text)
    assert "インターネット回線 正常 23時間48分、異常 12分" in words
    assert (
        "データセンターへの経路 正常 18日、注意 24時間、異常 12分、分からない 10日、ルーターの電源なし 2時間" in words
    )


def test_nothing_happened(browser: FlaskClient, daemon: Any) -> None:
    daemon.quiet = True
    assert "この30日に、つながらなかったことはありません。" in browser.get("/").text


def test_the_worse_the_taller() -> None:
    (line,) = (lane for lane in picture(told.lights(NOW.timestamp(), 24), "ja").lanes if "回線" in lane.title)
    tallest = {band.state: max(int(height) for height in re.findall(r"v(\d+)", band.d)) for band in line.bands}
    assert tallest["failed"] > tallest["ok"]


def test_the_hours_and_the_days_are_those_of_japan() -> None:
    day, month = (picture(told.lights(NOW.timestamp(), hours), "ja") for hours in (24, 720))
    assert [tick.label for tick in day.ticks] == ["12:00", "18:00", "0:00", "6:00"]
    assert [tick.label for tick in month.ticks] == ["10/26", "11/2", "11/9", "11/16"]


@given(
    st.lists(st.tuples(st.sampled_from(("ok", "warning", "failed", "unknown", "off")), st.integers(1, 99)), min_size=1)
)
def test_a_picture_covers_what_it_is_told_and_no_more(cells: list[tuple[str, int]]) -> None:
    light = {"name": "line", "title": {"ja": "回線", "en": "Line"}, "cells": cells, "seconds": {}}
    document = told.lights(NOW.timestamp(), 24) | {"lights": [light]}
    drawn = picture(document, "en")
    wide = sum(count for _, count in cells)
    assert drawn.width == wide
    covered = sorted(
        (int(x), int(x) + int(width))
        for band in drawn.lanes[0].bands
        for x, width in re.findall(r"M(\d+) \d+h(\d+)", band.d)
    )
    assert all(0 <= left < right <= wide for left, right in covered)


def test_what_ends_next_says_what_stops_and_who_acts(browser: FlaskClient) -> None:
    html = browser.get("/").text
    near, later = html[html.index('id="dates"') :].split('id="dates-later"')
    assert [re.sub(r"\s+", " ", one) for one in re.findall(r'<time datetime="([^"]+)"', near)] == [
        "2026-11-21",
        "2026-12-18",
        "2027-01-23",
    ]
    words = text_of(near)
    assert "2026年12月18日 あと 25日 受付1の電子証明書" in words
    assert "受付1は、レセコンにつながらなくなります。ほかの端末はそのまま使えます。" in words
    assert "サポート会社が、その端末に新しい電子証明書を入れます。" in words
    assert "接続アカウント" in text_of(later)


@pytest.mark.parametrize("method", ["history.lights", "history.outages", "calendar"])
def test_what_cannot_be_had_takes_nothing_else_with_it(browser: FlaskClient, daemon: Any, method: str) -> None:
    daemon.refuses[method] = SekishoError("history.unusable", "使えません。", "Unusable.")
    answer = browser.get("/")
    assert answer.status_code == 200
    assert "いま読めません。" in answer.text
    assert "すべて正常です。" in answer.text


def test_the_part_alone_for_the_script(browser: FlaskClient) -> None:
    part = browser.get("/past?lang=en").text
    assert part.lstrip().startswith('<section id="past"')
    assert "What ends when" in part
