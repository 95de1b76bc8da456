"""Who sits before the page: the session that a browser brings, and what only some may see.

This process decides nothing: it hands the session's token to the local API, which says whose it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, redirect, request

from appliance.errors import SekishoError
from webui.feed import Client
from webui.language import remember
from webui.secure import client

SESSION = "__Host-session"
"""RFC 6265bis: set by this host alone, over TLS alone, for all of it."""
BROWSER = "__Host-browser"
"""That somebody has logged in from here: for the lock-out, and worth nothing else."""
BROWSER_LIFE = 365 * 86400
"""Seconds."""
ENDED = "access.session-ended"

PATIENCE = 30.0
"""Seconds. Whoever has logged in does something, and waits rather than begin it again: a router that has just started,
or that has a slow processor, takes its time."""

View = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever has logged in. first: the password is still the first one. second: see ``access.who``."""

    name: str
    role: str
    first: bool
    second: Mapping[str, Any]


class Visits:
    """ask_log_in: the page that asks for a log-in, and keeps what was sent. refuse: says that this role may not."""

    ask_log_in: Callable[[], Response]
    refuse: Callable[[], Response]

    def __init__(self, client_factory: Callable[[], Client]) -> None:
        self._client_factory = client_factory

    def token(self) -> str:
        """Of the session as it is by now; empty where there is none."""
        if g.get("session_ended"):
            return ""
        return str(g.opened["session"]) if "opened" in g else request.cookies.get(SESSION, "")

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, timeout: float = PATIENCE, staff: bool = False
    ) -> Any:
        """A method of the local API, by whoever sits there. Raises what `Client.call` raises.

        staff: what needs no log-in is done without one where the log-in has ended.
        """
        token = self.token()
        brought = {"client": address(), **({"session": token} if token else {})}
        try:
            return self._client_factory().call(method, {**(params or {}), **brought}, timeout=timeout)
        except SekishoError as error:
            if error.code != ENDED:
                raise
            g.session_ended = True
            if not staff:
                raise
            return self.call(method, params, timeout)

    def call_without(self, method: str, params: Mapping[str, Any], timeout: float) -> Any:
        """A call by nobody in particular: a log-in."""
        given = {**params, "client": address(), "browser": request.cookies.get(BROWSER, "")}
        return self._client_factory().call(method, given, timeout=timeout)

    def who(self) -> Who | None:
        """Raises SekishoError where the daemon does not answer."""
        if "who" not in g:
            g.who = None
            if self.token():
                try:
                    told = self.call("access.who")
                except SekishoError as error:
                    if error.code != ENDED:
                        raise
                else:
                    g.who = Who(told["name"], told["role"], told["first"], told["second"]) if told else None
        return g.who  # type: ignore[no-any-return]

    def needs(self, *roles: str) -> Callable[[View], View]:
        """Only for those: whoever has not logged in is asked to, and loses nothing that he has sent."""

        def guard(view: View) -> View:
            @wraps(view)
            def guarded(*args: Any, **given: Any) -> Response:
                who = self.who()
                if who is None:
                    if request.method == "GET" and not g.get("session_ended"):
                        return go_to(f"/login?{urlencode({'next': request.path}, safe='/')}")
                    return self.ask_log_in()
                if who.first:
                    return go_to(own_place(request.path))
                return view(*args, **given) if who.role in roles else self.refuse()

            return guarded

        return guard

    def open(self, given: Mapping[str, Any]) -> None:
        """given: what ``access.log_in`` or ``access.change_password`` answered. From here on this is the session."""
        g.opened = given
        g.session_ended = False
        g.pop("who", None)

    def close(self) -> None:
        g.session_ended = True
        g.pop("who", None)

    def remember(self, response: Response) -> Response:
        """After each request: what the browser is to bring from now on."""
        given = g.get("opened")
        if given is not None:
            _set(response, SESSION, given["session"], None)
            if given.get("browser"):
                _set(response, BROWSER, given["browser"], BROWSER_LIFE)
        elif g.get("session_ended"):
            response.delete_cookie(SESSION, secure=True, httponly=True, samesite="Strict")
        return response


def own_place(following: str) -> str:
    """Where somebody sees to his own log-in first. following: where he goes after that."""
    return "/account" if following == "/account" else f"/account?{urlencode({'next': following}, safe='/')}"


def address() -> str:
    """The browser's."""
    return client(request.environ)


def _set(response: Response, name: str, value: str, life: int | None) -> None:
    response.set_cookie(name, value, max_age=life, secure=True, httponly=True, samesite="Strict")


def go_to(place: str) -> Response:
    """Another page of ours, asked for by GET (RFC 9110, section 15.4.4): to load it again sends no form again.

    The place knows nothing of the language that this one was asked for in, so the browser keeps it here already.
    """
    return remember(redirect(place, 303))  # type: ignore[arg-type] # werkzeug's, which is the same
