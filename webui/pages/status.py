"""The page that the receptionist reads: what it shows is `status_view`'s part."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from flask import Blueprint, Response
from jinja2 import Environment

from appliance.errors import SekishoError
from appliance.text import Language
from webui.feed import Client, Feed, News, Watcher, ask
from webui.language import chosen, remember
from webui.pages.past import Past
from webui.pages.status_view import Board, Status, board, board_without_daemon
from webui.words import in_language
from webui.words.maintenance import WORDS as MAINTENANCE
from webui.words.status import WORDS
from webui.words.terminals import WORDS as TERMINALS

MAX_STREAMS = 24
STREAM_SECONDS = 600.0
"""A stream ends after this and the browser comes back: a reader that is stuck for ever must not keep its thread."""


class Page:
    """Turns news into HTML, and remembers whom to call for the time when nobody answers."""

    def __init__(self, templates: Environment) -> None:
        self._templates = templates
        self._last_known: Status | None = None

    def language(self, news: News | None) -> Language:
        """What was chosen in this browser, else what the site's settings say."""
        known = self._last_known if news is None or isinstance(news, SekishoError) else news
        return chosen(known["language"] if known else None)

    def board(self, news: News, language: Language) -> Board:
        if isinstance(news, SekishoError):
            return board_without_daemon(news, self._last_known, datetime.now(UTC), language)
        self._last_known = news
        return board(news, language)

    def render(self, template: str, news: News, language: Language, token: str, **more: str) -> str:
        """token: for the forms; see `webui.csrf`."""
        words = in_language(WORDS | TERMINALS | MAINTENANCE, language)
        return self._templates.get_template(template).render(
            board=self.board(news, language), lang=language, w=words, token=token, **more
        )

    def whole(
        self, client: Client, past: Past, token: str, refused: SekishoError | None = None, code: int = 409
    ) -> Response:
        """The page as a browser opens it. refused: why something was not done, code: the answer's status then."""
        news = ask(client)
        language = self.language(news)
        known = "" if isinstance(news, SekishoError) else past.render(client, language)
        notice = refused.text.in_language(language) if refused else ""
        answer = _html(self.render("status/page.html", news, language, token, past=known, notice=notice), news)
        if refused and answer.status_code == 200:
            answer.status_code = code
        return remember(answer)


def blueprint(client_factory: Callable[[], Client], page: Page, past: Past, token: Callable[[], str]) -> Blueprint:
    """client_factory: makes a client of the local API (`appliance.control.client.Client`)."""
    routes = Blueprint("status", __name__)
    feed = Feed(client_factory, MAX_STREAMS)

    @routes.get("/")
    def index() -> Response:
        return page.whole(client_factory(), past, token())

    @routes.get("/lights")
    def lights() -> Response:
        news = ask(client_factory())
        return _html(page.render("status/live.html", news, page.language(news), token()), news)

    @routes.get("/events")
    def events() -> Response:
        watcher = feed.watch()
        if watcher is None:
            return Response("too many streams\n", 503, {"Retry-After": "30"}, mimetype="text/plain")
        language = page.language(None)
        return Response(_Stream(watcher, page, language, token()), mimetype="text/event-stream")

    return routes


class _Stream:
    """Server-sent events (HTML Living Standard, section 9.2): each carries the whole board, ready to be shown."""

    def __init__(self, watcher: Watcher, page: Page, language: Language, token: str) -> None:
        self._watcher = watcher
        self._page = page
        self._language = language
        self._token = token

    def __iter__(self) -> Iterator[bytes]:
        until = time.monotonic() + STREAM_SECONDS
        yield b"retry: 3000\n\n"
        for news in self._watcher:
            if news is None:
                yield b":\n\n"
            else:
                html = self._page.render("status/live.html", news, self._language, self._token)
                yield b"".join(b"data: %s\n" % line.encode() for line in html.splitlines()) + b"\n"
            if time.monotonic() > until:
                return

    def close(self) -> None:
        self._watcher.close()


def _html(body: str, news: News) -> Response:
    return Response(body, 503 if isinstance(news, SekishoError) else 200, mimetype="text/html")
