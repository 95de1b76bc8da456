"""Logging in, in one step or two, and out; and the change of one's own password."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.access.log_ins import MOST_BROWSERS, Browser, Key, LogIn
from appliance.access.passwords import tidy
from appliance.access.sessions import ABSOLUTE, IDLE, Session, digest
from appliance.access.tickets import Tickets
from appliance.control import apart
from appliance.control.access_store import Caller, Store, accepted_step, at_text, called, now_text, with_step
from appliance.control.clock import boottime
from appliance.errors import SekishoError

BROWSER_LIFE = timedelta(days=365)
_KEYS = "appliance.access.keys"


@dataclass(frozen=True, slots=True)
class _Pending:
    """Whose password was right. was: as it was then."""

    was: LogIn
    origin: str
    challenge: str


class Entry:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._tickets: Tickets[_Pending] = Tickets()

    async def log_in(self, name: str, password: str, origin: str, address: str, browser: str) -> dict[str, Any]:
        """What `_welcome` says, or a ticket for `finish`. Raises ``access.wrong``, ``access.wait``, ``access.busy``."""
        tried = called(name)
        one = (await self._store.all()).get(tried)
        caller = Caller(address, self._store.known_browser(one, browser))
        # Before the row: whoever has to wait must not keep others waiting.
        self._store.refuse_early(tried, caller)
        async with self._store.turn(stranger=not caller.browser):
            one = (await self._store.all()).get(tried)
            if not await self._store.check(tried, one, password, caller) or one is None:
                raise _wrong()
            return await (self._ask_second(one, origin) if one.second else self._welcome(one, caller))

    async def finish(self, ticket: str, second: dict[str, Any], address: str, browser: str) -> dict[str, Any]:
        """second: ``code`` of an application, or ``key``, a browser's answer for a security key.

        Raises ``access.start-again``, ``access.wrong-second``, ``access.wait``, ``access.busy``.
        """
        async with self._store.turn():
            pending = self._tickets.tried(ticket, boottime())
            one = (await self._store.all()).get(pending.was.name) if pending else None
            if pending is None or one is None or one.password != pending.was.password:
                raise start_again()
            caller = Caller(address, self._store.known_browser(one, browser))
            self._store.refuse_early(one.name, caller)
            proven = await self._proven(one, second, pending)
            if proven is None:
                self._store.lockout.failed(one.name, caller.address, caller.browser, boottime())
                raise _wrong_second()
            self._tickets.close(ticket)
            return await self._welcome(proven, caller)

    async def change_password(self, session: str, name: str, old: str, new: str, address: str) -> dict[str, Any]:
        """All sessions end; the answer has a new one. Raises what `Store.own` and `passwords.refuse_poor` raise."""
        async with self._store.turn():
            one = await self._store.own(session, name, old, address)
            self._store.refuse_poor(new, name, one.second)
            if tidy(old) == tidy(new):
                raise SekishoError(
                    "access.password-same",
                    "いまと同じパスワードなので、別のものに決めてください。",
                    "That is the present password: take another.",
                )
            changed = replace(one, password=await self._store.hashed(tidy(new)), first=False, until="")
            await self._store.keep(changed)
            self._store.sessions.close_all(name)
            return self._session(changed, address)

    async def _ask_second(self, one: LogIn, origin: str) -> dict[str, Any]:
        """A key works only under the name of the router under which it was added."""
        here = [key.id for key in one.keys if origin.removeprefix("https://").partition(":")[0] == key.host]
        options: dict[str, Any] | None = None
        if here:
            options = await asyncio.to_thread(apart.call, _KEYS, "to_prove", origin, here)
        elif one.totp is None:
            host = one.keys[0].host
            raise SekishoError(
                "access.key-elsewhere",
                f"登録したセキュリティキーは https://{host}/ でしか使えないので、そちらを開いてログインしてください。",
                f"Your security key works only at https://{host}/: log in there.",
            )
        ticket = secrets.token_urlsafe(32)
        pending = _Pending(one, origin, options["challenge"] if options else "")
        self._tickets.open(ticket, pending, boottime())
        return {"second": {"ticket": ticket, "code": one.totp is not None, "key": options}}

    async def _proven(self, one: LogIn, second: dict[str, Any], pending: _Pending) -> LogIn | None:
        code, answer = second.get("code"), second.get("key")
        if isinstance(code, str):
            step = await accepted_step(one, code)
            return None if step is None else with_step(one, step)
        if isinstance(answer, dict) and pending.challenge:
            return await self._proven_by_key(one, answer, pending)
        return None

    async def _proven_by_key(self, one: LogIn, answer: dict[str, Any], pending: _Pending) -> LogIn | None:
        key = next((key for key in one.keys if key.id == answer.get("id")), None)
        if key is None:
            return None
        given = (answer, pending.challenge, pending.origin, key.public, key.count)
        count = await asyncio.to_thread(apart.call, _KEYS, "proven", *given)
        return None if count is None else replace(one, keys=_counted(one.keys, key, int(count)))

    async def _welcome(self, one: LogIn, caller: Caller) -> dict[str, Any]:
        """session: a token; browser: another, for the next time, where this browser is not known yet."""
        known = bool(caller.browser)
        token = "" if known else secrets.token_urlsafe(32)
        await self._store.keep(one if known else replace(one, browsers=_with_browser(one.browsers, token)))
        self._store.lockout.succeeded(one.name, caller.address, caller.browser)
        return self._session(one, caller.address) | {"browser": token or None}

    def _session(self, one: LogIn, address: str) -> dict[str, Any]:
        token = secrets.token_urlsafe(32)
        self._store.sessions.open(token, one.name, one.role, address, one.first, boottime())
        return {"session": token, "name": one.name, "role": one.role, "first": one.first}


def seconds_left(session: Session) -> float:
    return min(IDLE, session.began + ABSOLUTE - boottime())


def start_again() -> SekishoError:
    return SekishoError(
        "access.start-again",
        "時間が過ぎたか、確認に何度も失敗したので、はじめからやり直してください。",
        "The time is over, or it was tried too often: start again.",
    )


def _wrong() -> SekishoError:
    return SekishoError(
        "access.wrong",
        "ログイン名かパスワードが違うので、確かめてもう一度入力してください。",
        "The log-in name or the password is wrong: check them and type them again.",
    )


def _wrong_second() -> SekishoError:
    return SekishoError(
        "access.wrong-second",
        "確認コードかセキュリティキーが正しくないので、新しいコードでもう一度試してください"
        "（同じコードは 1 度しか使えません）。",
        "The code or the security key is not right: try again with a new code (each works only once).",
    )


def _counted(keys: tuple[Key, ...], used: Key, count: int) -> tuple[Key, ...]:
    return tuple(replace(key, count=count) if key == used else key for key in keys)


def _with_browser(browsers: tuple[Browser, ...], token: str) -> tuple[Browser, ...]:
    now = now_text()
    alive = [browser for browser in browsers if browser.until > now][-MOST_BROWSERS + 1 :]
    return (*alive, Browser(digest(token), at_text(datetime.now(UTC) + BROWSER_LIFE)))
