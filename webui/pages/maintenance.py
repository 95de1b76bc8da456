"""The buttons by which the clinic lets its support company in, and closes again."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from appliance.errors import SekishoError
from webui.visit import Visits, go_to

LET_IN = 20.0
"""Seconds. What stands is ended before the answer."""


def blueprint(visits: Visits, refused: Callable[[SekishoError], Response]) -> Blueprint:
    """refused: the page that tells why something was not done."""
    routes = Blueprint("maintenance", __name__)

    @routes.post("/maintenance/<name>")
    def turn(name: str) -> Response:
        to, given = request.form.get("to", ""), {"terminal": name}
        if to not in ("allow", "end"):
            raise BadRequest
        if to == "allow":
            given["maintainer"] = request.form.get("maintainer", "")
        try:
            visits.call(f"maintenance.{to}", given, LET_IN, staff=True)
        except SekishoError as error:
            return refused(error)
        return go_to("/#maintenance")

    return routes
