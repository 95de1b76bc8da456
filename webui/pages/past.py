"""The part of the page that tells what happened before and what ends next. It changes seldom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response
from jinja2 import Environment
from markupsafe import Markup

from appliance.errors import SekishoError
from appliance.text import Language
from webui.feed import ANSWER, Client
from webui.language import chosen
from webui.pages import dates_view, past_view
from webui.words import dates as words_of_dates
from webui.words import in_language
from webui.words import past as words_of_past

DAY_HOURS = 24
MONTH_HOURS = 30 * 24


class Past:
    """What cannot be had is left out with a sentence: the lights above are what counts."""

    def __init__(self, templates: Environment) -> None:
        self._templates = templates

    def render(self, client: Client, language: Language) -> Markup:
        return Markup(  # noqa: S704 # what a template has made, which escapes what it is given
            self._templates.get_template("past/past.html").render(
                lang=language,
                w=in_language(words_of_past.WORDS | words_of_dates.WORDS, language),
                courses=in_language(words_of_past.COURSES, language),
                **_history(client, language),
                **_dates(client, language),
            )
        )


def _history(client: Client, language: Language) -> dict[str, Any]:
    try:
        day, month = (
            past_view.picture(client.call("history.lights", {"hours": hours}, timeout=ANSWER), language)
            for hours in (DAY_HOURS, MONTH_HOURS)
        )
        told, more = past_view.outages(client.call("history.outages", {"hours": MONTH_HOURS}, timeout=ANSWER), language)
    except SekishoError:
        return {"pictures": None}
    return {"pictures": {"last_day": day, "last_month": month}, "outages": told, "more_outages": more}


def _dates(client: Client, language: Language) -> dict[str, Any]:
    try:
        return {"dates": dates_view.dates(client.call("calendar", timeout=ANSWER), language)}
    except SekishoError:
        return {"dates": None}


def blueprint(client_factory: Callable[[], Client], past: Past) -> Blueprint:
    routes = Blueprint("past", __name__)

    @routes.get("/past")
    def section() -> Response:
        return Response(past.render(client_factory(), chosen()), mimetype="text/html")

    return routes
