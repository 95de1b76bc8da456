"""Where terminals may go: the switch's forms, and a small document for shortcuts."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from appliance.errors import SekishoError
from webui.feed import Client, ask
from webui.pages.terminals_view import for_shortcuts
from webui.visit import Visits, go_to

SWITCH = 20.0
"""Seconds. The kernel ends the terminal's connections before the answer."""
_METHODS = {"internet": "terminal.internet", "receipt": "terminal.receipt"}


def blueprint(
    visits: Visits, client_factory: Callable[[], Client], refused: Callable[[SekishoError], Response]
) -> Blueprint:
    """refused: the page that tells why something was not done."""
    routes = Blueprint("terminals", __name__)

    @routes.post("/terminals/<name>")
    def switch(name: str) -> Response:
        method = _METHODS.get(request.form.get("to", ""))
        if method is None:
            raise BadRequest
        try:
            visits.call(method, {"terminal": name}, SWITCH, staff=True)
        except SekishoError as error:
            return refused(error)
        return go_to("/#terminals")

    @routes.get("/terminals.json")
    def states() -> Response:
        news = ask(client_factory())
        if isinstance(news, SekishoError):
            answer = jsonify({"error": {"code": news.code, **news.text.as_dict()}})
            answer.status_code = 503
            return answer
        return jsonify(for_shortcuts(news))

    return routes
