"""One subscription to the local API, shared by every browser that watches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol, cast

from appliance.errors import SekishoError
from webui.pages.status_view import Status

SILENCE = 25.0
"""Seconds. The daemon speaks every 10 s at least; after this it counts as gone."""
HEARTBEAT = 3.0
"""Seconds. So often a watcher is woken for nothing, only because writing is how a vanished browser is noticed."""
RECONNECT = 2.0
ANSWER = 5.0
"""Seconds that a person may wait for a page before it says that the daemon is silent."""


class Client(Protocol):
    """The part of `appliance.control.client.Client` that the page uses. Both raise SekishoError."""

    def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float) -> Any: ...

    def subscribe(self, timeout: float) -> Iterator[dict[str, Any]]: ...


News = Status | SekishoError


def ask(client: Client) -> News:
    try:
        return cast(Status, client.call("status", timeout=ANSWER))
    except SekishoError as error:
        return error


class Feed:
    """Follows the daemon as long as somebody watches; at most `limit` watchers, because each holds a thread."""

    def __init__(self, client_factory: Callable[[], Client], limit: int) -> None:
        self._client_factory = client_factory
        self._limit = limit
        self._changed = threading.Condition()
        self._watchers = 0
        self._running = False
        self._news: News | None = None
        self._number = 0

    def watch(self) -> Watcher | None:
        """A new watcher, or None when there are too many already. Must be closed."""
        with self._changed:
            if self._watchers >= self._limit:
                return None
            self._watchers += 1
            if not self._running:
                self._running = True
                self._news = None
                threading.Thread(target=self._follow, name="feed", daemon=True).start()
            return Watcher(self)

    def _follow(self) -> None:
        try:
            self._follow_while_watched()
        finally:
            # Whatever ended it, the next watcher must find that a new follower is needed.
            with self._changed:
                self._running = False

    def _follow_while_watched(self) -> None:
        while True:
            try:
                for status in self._client_factory().subscribe(timeout=SILENCE):
                    if not self._publish(status):
                        return
            except SekishoError as error:
                if not self._publish(error):
                    return
            with self._changed:
                self._changed.wait_for(lambda: self._watchers == 0, RECONNECT)

    def _publish(self, news: News) -> bool:
        """False: nobody watches any more, the follower's thread must end."""
        with self._changed:
            self._news = news
            self._number += 1
            self._changed.notify_all()
            self._running = self._watchers > 0
            return self._running

    def _next(self, seen: int) -> tuple[int, News | None]:
        with self._changed:
            self._changed.wait_for(lambda: self._number != seen and self._news is not None, HEARTBEAT)
            if self._number == seen:
                return seen, None
            return self._number, self._news

    def _leave(self) -> None:
        with self._changed:
            self._watchers -= 1
            self._changed.notify_all()


class Watcher:
    """Iterates over the news; None is a heartbeat. An object and not a generator: closing a generator that was
    never started would not give its place back."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._seen = 0
        self._open = True

    def __iter__(self) -> Iterator[News | None]:
        while self._open:
            self._seen, news = self._feed._next(self._seen)
            yield news

    def close(self) -> None:
        if self._open:
            self._open = False
            self._feed._leave()
