"""Forms that only this page's own visitors can send: also before anybody has logged in, and without a script.

Three questions, each enough by itself in a browser of its time: where the request comes from (Fetch Metadata, Origin),
a token that another site cannot read, and a host name under which this router can be meant (against DNS rebinding).
The token is bound to the session of whoever has logged in, and to the browser before that.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from werkzeug.exceptions import Forbidden

from webui.visit import Visits

FIELD = "token"
_COOKIE = "__Host-visitor"
"""RFC 6265bis: set by this host alone, over TLS alone."""
_LOCAL = ".lan"
"""What the router's name ends in; see ``lan.name`` in the settings."""


class Refused(Forbidden):
    """A form that nobody here has sent, or that is older than this process."""


class Forms:
    """One for each application. Its secret lives as long as the process; a form from before is refused once."""

    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self._secret = secrets.token_bytes(32)

    def protect(self, app: Flask) -> None:
        app.before_request(self._check)
        app.after_request(self._remember)

    def token(self) -> str:
        """For the forms of the answer that is being made."""
        return self._for(self._visits.token() or self._visitor())

    def _visitor(self) -> str:
        if "visitor" not in g:
            known = request.cookies.get(_COOKIE, "")
            g.is_new_visitor = len(known) != 32
            g.visitor = secrets.token_hex(16) if g.is_new_visitor else known
        return str(g.visitor)

    def _for(self, visitor: str) -> str:
        return hmac.new(self._secret, visitor.encode(), hashlib.sha256).hexdigest()

    def _remember(self, response: Response) -> Response:
        if g.get("is_new_visitor"):
            response.set_cookie(_COOKIE, g.visitor, httponly=True, samesite="Strict", secure=True)
        return response

    def _check(self) -> None:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        if not (_from_here() and _is_local(request.host)):
            raise Refused
        known = self._visits.token() or request.cookies.get(_COOKIE, "")
        if not known or not hmac.compare_digest(self._for(known).encode(), request.form.get(FIELD, "").encode()):
            raise Refused


def _from_here() -> bool:
    """What an old browser does not say does not count against it."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    return request.headers.get("Origin") in (None, f"https://{request.host}")


def _is_local(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(_LOCAL)
    return True
