"""The vendor's page for finding faults: checks, explanations, captures, the support bundle.

Who may do what is the daemon's part.
"""

from __future__ import annotations

import base64
from typing import Any

from flask import Blueprint, Response, request

from appliance.errors import SekishoError
from webui.pages import diagnose_view as view
from webui.pages.leaf import Leaf
from webui.visit import Visits, go_to
from webui.words import in_language
from webui.words.diagnose import WORDS

EXPLAIN, STOP, READ, BUNDLE = 30.0, 20.0, 60.0, 120.0
"""Seconds for an answer."""
LOOK_AGAIN = 3
"""Seconds until the page is read anew, while something runs."""


def blueprint(visits: Visits, leaf: Leaf) -> Blueprint:
    routes = Blueprint("diagnose", __name__, url_prefix="/diagnose")
    for_vendors = visits.needs("vendor")

    def page(error: SekishoError | None = None, answer: view.AnswerView | None = None) -> Response:
        language = leaf.language()
        checks, captures = visits.call("diagnose.show")["checks"], visits.call("capture.list")
        running, capturing = view.is_running(checks), view.running(captures, language)
        return leaf.page(
            "diagnose/page.html",
            "diagnose",
            error,
            409 if error else 200,
            d=in_language(WORDS, language),
            checks=view.checks(checks, language),
            running=running,
            captures=view.captures(captures, language),
            capturing=capturing,
            answer=answer,
            asked=request.form,
            again=LOOK_AGAIN if request.method == "GET" and (running or capturing) else None,
            switch="/diagnose?",
        )

    def do(method: str, params: dict[str, Any] | None, place: str, timeout: float = STOP) -> Response:
        try:
            visits.call(method, params, timeout)
        except SekishoError as error:
            return page(error)
        return go_to(f"/diagnose#{place}")

    @routes.get("")
    @for_vendors
    def index() -> Response:
        return page()

    @routes.post("/begin")
    @for_vendors
    def begin() -> Response:
        return do("diagnose.begin", {"checks": request.form.getlist("check[]")}, "checks")

    @routes.post("/explain")
    @for_vendors
    def explain() -> Response:
        asked = {name: request.form.get(name, "").strip() for name in ("terminal", "host", "protocol")}
        try:
            told = visits.call("explain", {**asked, "port": _number("port")}, EXPLAIN)
        except SekishoError as error:
            return page(error)
        return page(answer=view.answer(told, leaf.language()))

    @routes.post("/capture/start")
    @for_vendors
    def capture_start() -> Response:
        order = {
            "place": request.form.get("place", "").strip(),
            "seconds": _number("seconds"),
            "kilobytes": _number("kilobytes"),
            "payload": request.form.get("payload") == "yes",
        }
        return do("capture.start", order, "capture")

    @routes.post("/capture/stop")
    @for_vendors
    def capture_stop() -> Response:
        return do("capture.stop", None, "capture")

    @routes.get("/capture/<name>")
    @for_vendors
    def capture_file(name: str) -> Response:
        try:
            found = visits.call("capture.read", {"name": name}, READ)
        except SekishoError as error:
            return page(error)
        return _file(found, "application/vnd.tcpdump.pcap")

    @routes.post("/bundle")
    @for_vendors
    def bundle() -> Response:
        try:
            made = visits.call("support.bundle", None, BUNDLE)
        except SekishoError as error:
            return page(error)
        return _file(made, "application/gzip")

    return routes


def _number(name: str) -> int | None:
    """What the form says; None for what is no number, which the daemon refuses in the right words."""
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _file(found: dict[str, str], kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{found["name"]}"'}
    return Response(base64.b64decode(found["data"]), 200, headers, mimetype=kind)
