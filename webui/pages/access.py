"""Logging in and out, and what somebody does with his own log-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, g, request

from appliance.errors import SekishoError
from webui import kept
from webui.pages import access_view
from webui.pages.leaf import Leaf
from webui.secure import is_vouched
from webui.visit import ENDED, Visits, Who, go_to, own_place

PATIENCE = 60.0
"""Seconds: checking a password is slow on purpose, and several wait for their turn."""

LOGGED_IN = ("manager", "vendor", "datacenter")


def blueprint(visits: Visits, leaf: Leaf) -> Blueprint:
    routes = Blueprint("access", __name__)
    visits.ask_log_in = lambda: _asked_again(leaf)
    visits.refuse = lambda: leaf.message("refused_title", "refused", 403)

    @routes.get("/login")
    def log_in_form() -> Response:
        said = "logged_out" if "out" in request.args else ""
        return _log_in_page(leaf, next=kept.place(request.args.get("next", "/account")), said=said)

    @routes.post("/login")
    def log_in() -> Response:
        given = {"name": _field("name"), "password": _field("password"), "origin": _origin()}
        try:
            answer = visits.call_without("access.log_in", given, PATIENCE)
        except SekishoError as error:
            return _log_in_page(leaf, error, name=given["name"], next=_next(), kept=_kept(), code=_code(error))
        return _second_page(leaf, answer["second"]) if "second" in answer else _in(visits, leaf, answer)

    @routes.post("/login/second")
    def second() -> Response:
        proof = _proof()
        given = {"ticket": _field("ticket"), "second": proof}
        try:
            answer = visits.call_without("access.finish_log_in", given, PATIENCE)
        except SekishoError as error:
            if error.code in ("access.start-again", "access.key-elsewhere"):
                return _log_in_page(leaf, error, next=_next(), kept=_kept(), code=_code(error))
            asked = {"ticket": given["ticket"], "code": bool(_field("has_code")), "key": None}
            # A challenge is good once: who uses a key starts again.
            if not asked["code"]:
                return _log_in_page(leaf, error, next=_next(), kept=_kept(), code=_code(error))
            return _second_page(leaf, asked, error, _code(error))
        return _in(visits, leaf, answer)

    @routes.post("/logout")
    def log_out() -> Response:
        try:
            visits.call("access.log_out")
        except SekishoError as error:
            if error.code != ENDED:
                raise
        visits.close()
        # Whoever logs out to log in again goes on where he was.
        return go_to("/login?out" + (f"&{urlencode({'next': _next()})}" if _field("next") else ""))

    @routes.get("/account")
    @_himself(visits)
    def account(who: Who) -> Response:
        return _account_page(visits, leaf, who)

    @routes.post("/account/password")
    @_himself(visits)
    def password(who: Who) -> Response:
        if _field("new") != _field("again"):
            return _account_page(visits, leaf, who, notice="not_the_same", code=422)
        try:
            given = visits.call("access.change_password", {"old": _field("old"), "new": _field("new")}, PATIENCE)
        except SekishoError as error:
            return _account_page(visits, leaf, who, error, code=_code(error))
        visits.open(given)
        if who.first and _next() != "/account":
            # On to where he wanted to go before this had to be done.
            return go_to(_next())
        changed = visits.who()
        return _account_page(visits, leaf, changed, said="changed") if changed else go_to("/account")

    @routes.post("/account/sessions")
    @visits.needs(*LOGGED_IN)
    def end_sessions() -> Response:
        given = {"which": _field("which"), "password": _field("password")}
        try:
            visits.call("access.sessions.end", given, PATIENCE)
        except SekishoError as error:
            return _with_own(visits, leaf, error)
        return _with_own(visits, leaf, said="session_ended")

    @routes.post("/account/totp")
    @visits.needs(*LOGGED_IN)
    def begin_totp() -> Response:
        return _begin(visits, leaf, "totp")

    @routes.post("/account/totp/confirm")
    @visits.needs(*LOGGED_IN)
    def confirm_totp() -> Response:
        given = {"ticket": _field("ticket"), "second": {"code": _field("code")}, "label": ""}
        try:
            visits.call("access.second_factor.confirm", given, PATIENCE)
        except SekishoError as error:
            if error.code == "access.wrong-second":
                return leaf.page("access/totp.html", "add_totp", error, _code(error), ticket=given["ticket"], totp=None)
            return _with_own(visits, leaf, error)
        return _with_own(visits, leaf, said="added")

    @routes.post("/account/key")
    @visits.needs(*LOGGED_IN)
    def begin_key() -> Response:
        return _begin(visits, leaf, "key")

    @routes.post("/account/key/confirm")
    @visits.needs(*LOGGED_IN)
    def confirm_key() -> Response:
        given = {"ticket": _field("ticket"), "second": _proof(), "label": _field("label")}
        try:
            visits.call("access.second_factor.confirm", given, PATIENCE)
        except SekishoError as error:
            return _with_own(visits, leaf, error)
        return _with_own(visits, leaf, said="added")

    @routes.post("/account/second/remove")
    @visits.needs(*LOGGED_IN)
    def remove() -> Response:
        given = {"what": _field("what"), "password": _field("password")}
        try:
            visits.call("access.second_factor.remove", given, PATIENCE)
        except SekishoError as error:
            return _with_own(visits, leaf, error)
        return _with_own(visits, leaf, said="removed")

    return routes


def _himself(visits: Visits) -> Callable[[Callable[[Who], Response]], Callable[[], Response]]:
    """Whoever has logged in, with the first password too."""

    def guard(view: Callable[[Who], Response]) -> Callable[[], Response]:
        def guarded() -> Response:
            who = visits.who()
            if who is not None:
                return view(who)
            fresh = request.method == "GET" and not g.get("session_ended")
            return go_to("/login") if fresh else visits.ask_log_in()

        guarded.__name__ = view.__name__
        return guarded

    return guard


def _asked_again(leaf: Leaf) -> Response:
    """Nothing was done; what was sent comes back after the log-in."""
    if request.method == "GET":
        return _log_in_page(leaf, next=kept.place(request.path), notice="ended", code=401)
    carried = kept.hidden(kept.of_form((name, value) for name, value in request.form.items(multi=True)))
    return _log_in_page(leaf, next=kept.place(request.path), kept=carried, notice="ended", code=401)


def _log_in_page(leaf: Leaf, error: SekishoError | None = None, code: int = 200, **more: Any) -> Response:
    given = {"next": "/account", "kept": [], "name": "", "notice": "", "said": ""} | more
    notice, said = given.pop("notice"), given.pop("said")
    return leaf.page(
        "access/login.html", "log_in", error, code, notice=notice, said=said,
        switch=f"/login?next={quote(given['next'])}&", vouched=is_vouched(request.environ), **given,
    )  # fmt: skip


def _second_page(leaf: Leaf, asked: dict[str, Any], error: SekishoError | None = None, code: int = 200) -> Response:
    script = "keys.js" if asked["key"] else ""
    return leaf.page(
        "access/second.html", "second_title", error, code, second=asked, next=_next(), kept=_kept(), script=script
    )


def _in(visits: Visits, leaf: Leaf, given: dict[str, Any]) -> Response:
    if visits.token():
        # Whoever was logged in here before is not any more.
        with suppress(SekishoError):
            visits.call("access.log_out")
    visits.open(given)
    carried = kept.of_log_in((name, value) for name, value in request.form.items(multi=True))
    if given["first"]:
        return go_to(own_place(_next()))
    if carried:
        return leaf.page("access/again.html", "send_again_title", next=_next(), kept=carried)
    return go_to(_next())


def _account_page(
    visits: Visits,
    leaf: Leaf,
    who: Who,
    error: SekishoError | None = None,
    code: int = 200,
    notice: str = "",
    said: str = "",
) -> Response:
    language = leaf.language()
    sessions = [] if who.first else visits.call("access.sessions.list")["sessions"]
    here, elsewhere = access_view.sessions(sessions, language)
    return leaf.page(
        "access/account.html", "first_title" if who.first else "account_title", error, code, notice=notice, said=said,
        switch="/account?", factors=access_view.factors(who.second, language),
        hint=access_view.hint(who.second, language), here=here, elsewhere=elsewhere,
        next=kept.place(request.values.get("next", "/account")),
    )  # fmt: skip


def _with_own(visits: Visits, leaf: Leaf, error: SekishoError | None = None, said: str = "") -> Response:
    """The account page as things are now."""
    if error is not None and error.code == ENDED:
        return visits.ask_log_in()
    g.pop("who", None)
    who = visits.who()
    if who is None:
        return visits.ask_log_in()
    return _account_page(visits, leaf, who, error, _code(error) if error else 200, said=said)


def _begin(visits: Visits, leaf: Leaf, kind: str) -> Response:
    given = {"kind": kind, "password": _field("password"), "origin": _origin()}
    try:
        begun = visits.call("access.second_factor.begin", given, PATIENCE)
    except SekishoError as error:
        return _with_own(visits, leaf, error)
    if kind == "key":
        more = {"options": begun["key"], "label": _field("label"), "script": "keys.js"}
        return leaf.page("access/key.html", "add_key", ticket=begun["ticket"], **more)
    totp = begun["totp"]
    secret = access_view.in_groups(totp["secret"])
    return leaf.page("access/totp.html", "add_totp", ticket=begun["ticket"], totp=totp, secret=secret)


def _field(name: str) -> str:
    return request.form.get(name, "")


def _next() -> str:
    return kept.place(_field("next") or "/account")


def _kept() -> kept.Fields:
    return kept.hidden(kept.of_log_in((name, value) for name, value in request.form.items(multi=True)))


def _proof() -> dict[str, Any]:
    """What proves the second factor: a code, or what the script has put there of a key's answer."""
    if "code" in request.form:
        return {"code": _field("code")}
    try:
        answer = json.loads(_field("key") or "null")
    except (ValueError, RecursionError):
        answer = None
    return {"key": answer} if isinstance(answer, dict) else {}


def _origin() -> str:
    return f"https://{request.host}"


def _code(error: SekishoError) -> int:
    """The HTTP status for a refusal (RFC 9110, RFC 6585)."""
    return {"access.wait": 429, "access.busy": 503, "control.not-running": 503, "control.timeout": 503}.get(
        error.code, 422
    )
