"""The page that the receptionist reads: routes, language, headers. What it shows is `view`'s part."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException

from appliance.errors import SekishoError
from appliance.text import Language
from webui.feed import Client, Feed, News, Watcher, ask
from webui.view import Board, Status, board, board_without_daemon
from webui.words import words

MAX_STREAMS = 24
STREAM_SECONDS = 600.0
"""A stream ends after this and the browser comes back: a reader that is stuck for ever must not keep its thread."""
ONE_YEAR = 365 * 86400

SECURITY_HEADERS: dict[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Page:
    """Turns news into HTML, and remembers whom to call for the time when nobody answers."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._last_known: Status | None = None

    def language(self, news: News | None) -> Language:
        """What was chosen in this browser, else what the site's settings say."""
        known = self._last_known if news is None or isinstance(news, SekishoError) else news
        for chosen in (request.args.get("lang"), request.cookies.get("lang"), known and known["language"]):
            if chosen in ("ja", "en"):
                return "en" if chosen == "en" else "ja"
        return "ja"

    def board(self, news: News, language: Language) -> Board:
        if isinstance(news, SekishoError):
            return board_without_daemon(news, self._last_known, datetime.now(UTC), language)
        self._last_known = news
        return board(news, language)

    def render(self, template: str, news: News, language: Language, **more: str) -> str:
        return self._app.jinja_env.get_template(template).render(
            board=self.board(news, language), lang=language, w=words(language), **more
        )


def create_app(client_factory: Callable[[], Client]) -> Flask:
    """client_factory: makes a client of the local API (`appliance.control.client.Client`)."""
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    page = Page(app)
    feed = Feed(client_factory, MAX_STREAMS)
    versions = {path.name: _version(path) for path in Path(app.static_folder or "").iterdir()}

    @app.before_request
    def read() -> None:
        try:
            request.query_string.decode()
        except UnicodeDecodeError:
            # Whoever asks for the arguments would fall over this.
            raise BadRequest from None

    @app.get("/")
    def index() -> Response:
        news = ask(client_factory())
        language = page.language(news)
        assets = {
            name: url_for("static", filename=file, v=versions[file])
            for name, file in (("style", "style.css"), ("script", "live.js"), ("icon", "icon.svg"))
        }
        response = _html(page.render("page.html", news, language, **assets), news)
        if request.args.get("lang") in ("ja", "en"):
            response.set_cookie("lang", language, max_age=ONE_YEAR, httponly=True, samesite="Strict")
        return response

    @app.get("/lights")
    def lights() -> Response:
        news = ask(client_factory())
        return _html(page.render("board.html", news, page.language(news)), news)

    @app.get("/events")
    def events() -> Response:
        watcher = feed.watch()
        if watcher is None:
            return Response("too many streams\n", 503, {"Retry-After": "30"}, mimetype="text/plain")
        language = page.language(None)
        return Response(_Stream(watcher, page, language), mimetype="text/event-stream")

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        if request.endpoint == "static" and response.status_code == 200 and "v" in request.args:
            response.headers["Cache-Control"] = f"max-age={ONE_YEAR}, immutable"
        else:
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        return Response(f"{error.code} {error.name}\n", error.code, mimetype="text/plain")

    return app


class _Stream:
    """Server-sent events (HTML Living Standard, section 9.2): each carries the whole board, ready to be shown."""

    def __init__(self, watcher: Watcher, page: Page, language: Language) -> None:
        self._watcher = watcher
        self._page = page
        self._language = language

    def __iter__(self) -> Iterator[bytes]:
        until = time.monotonic() + STREAM_SECONDS
        yield b"retry: 3000\n\n"
        for news in self._watcher:
            if news is None:
                yield b":\n\n"
            else:
                html = self._page.render("board.html", news, self._language)
                yield b"".join(b"data: %s\n" % line.encode() for line in html.splitlines()) + b"\n"
            if time.monotonic() > until:
                return

    def close(self) -> None:
        self._watcher.close()


def _html(body: str, news: News) -> Response:
    return Response(body, 503 if isinstance(news, SekishoError) else 200, mimetype="text/html")


def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
