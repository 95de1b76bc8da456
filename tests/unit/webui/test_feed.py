"""The live stream: one subscription for all, bounded, given back, and alive again when the daemon is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from appliance.errors import SekishoError
from webui.app import create_app
from webui.feed import Feed, News, Watcher
from webui.pages.status import MAX_STREAMS


def heard(news: Iterator[News | None]) -> News:
    """The next news; heartbeats pass."""
    return next(item for item in news if item is not None)


@pytest.fixture
def watch(daemon: Any) -> Iterator[Callable[[], Watcher]]:
    feed = Feed(lambda: daemon, limit=2)
    opened: list[Watcher] = []

    def begin() -> Watcher:
        watcher = feed.watch()
        assert watcher is not None
        opened.append(watcher)
        return watcher

    yield begin
    for watcher in opened:
        watcher.close()


def test_every_watcher_hears_the_present_and_each_change(
    daemon: Any, watch: Callable[[], Watcher], status: Callable[..., Any]
) -> None:
    one, two = iter(watch()), iter(watch())
    assert heard(one) == heard(two) == daemon.now
    changed = status("tunnel.path dc1")
    daemon.say(changed)
    assert heard(one) == heard(two) == changed
    assert daemon.subscriptions == 1


def test_a_daemon_that_goes_and_comes_back(
    daemon: Any, watch: Callable[[], Watcher], not_running: SekishoError, status: Callable[..., Any]
) -> None:
    news = iter(watch())
    assert heard(news) == daemon.now
    daemon.say(not_running)
    assert heard(news) is not_running
    daemon.now = status()
    assert next(item for item in news if isinstance(item, dict)) == daemon.now


def test_places_are_bounded_and_given_back_even_if_never_used(daemon: Any) -> None:
    feed = Feed(lambda: daemon, limit=2)
    first, second = feed.watch(), feed.watch()
    assert first is not None
    assert second is not None
    assert feed.watch() is None
    first.close()
    first.close()
    third = feed.watch()
    assert third is not None
    assert feed.watch() is None
    for watcher in (second, third):
        watcher.close()


def test_a_watcher_after_a_pause_hears_the_present_and_no_old_news(
    daemon: Any, watch: Callable[[], Watcher], status: Callable[..., Any]
) -> None:
    first = watch()
    assert heard(iter(first)) == daemon.now
    first.close()
    daemon.say(status("tunnel.path dc1"))
    news = iter(watch())
    while heard(news) != daemon.now:
        pass


def test_events_carry_the_board_in_the_language_of_the_page(daemon: Any, not_running: SekishoError) -> None:
    browser = create_app(lambda: daemon).test_client()
    answer = browser.get("/events?lang=en", buffered=False)
    assert answer.mimetype == "text/event-stream"
    pieces = (piece.decode() for piece in answer.iter_encoded())
    assert next(pieces) == "retry: 3000\n\n"
    event = next(piece for piece in pieces if piece.startswith("data: "))
    assert event.endswith("\n\n")
    assert all(line.startswith("data: ") for line in event.strip().split("\n"))
    assert "The receipt computer is connected." in event
    daemon.say(not_running)
    assert "the state is not known" in next(piece for piece in pieces if piece.startswith("data: "))
    answer.close()


def test_too_many_streams_are_sent_to_polling(daemon: Any) -> None:
    browser = create_app(lambda: daemon).test_client()
    streams = [browser.get("/events", buffered=False) for _ in range(MAX_STREAMS)]
    assert {stream.status_code for stream in streams} == {200}
    refused = browser.get("/events")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "30"
    assert browser.get("/lights").status_code == 200
    streams[0].close()
    last = browser.get("/events", buffered=False)
    assert last.status_code == 200
    for stream in (*streams, last):
        stream.close()
