"""Which language a browser is answered in: what was chosen in it, else what the page proposes."""

from __future__ import annotations

from flask import Response, request

from appliance.text import Language

ONE_YEAR = 365 * 86400
_COOKIE = "lang"


def chosen(proposed: str | None = None) -> Language:
    """proposed: what the site's settings say, where they are known."""
    for name in (request.args.get("lang"), request.cookies.get(_COOKIE), proposed):
        if name in ("ja", "en"):
            return "en" if name == "en" else "ja"
    return "ja"


def remember(response: Response) -> Response:
    """The same answer, which keeps in this browser the language that a whole page was asked for in."""
    name = request.args.get("lang")
    if name in ("ja", "en"):
        response.set_cookie(_COOKIE, name, max_age=ONE_YEAR, httponly=True, samesite="Strict")
    return response
