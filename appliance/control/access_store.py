"""The log-ins as the daemon holds them, and what everybody who asks for a password goes through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.access import log_ins
from appliance.access.lockout import LockOut
from appliance.access.log_ins import LogIn
from appliance.access.passwords import refuse_poor, tidy, tidy_first
from appliance.access.sessions import Sessions, digest
from appliance.account.seal import Sealer, SystemdCreds
from appliance.control import apart
from appliance.control.clock import boottime
from appliance.errors import SekishoError
from appliance.text import Text

MOST_AT_ONCE = 3
"""Strangers' checks, the one that is being made among them. Each takes a process and 19 MiB, and while it waits a
thread of the page, which staff need for their buttons."""
LONGEST_TYPED = 1024
"""Characters of a password that are looked at at all."""
LONGEST_NAME = 64
_HASHING = "appliance.access.hashing"


@dataclass(frozen=True, slots=True)
class Caller:
    """From where somebody tries. browser: what names a browser that is known under the name, empty for others."""

    address: str
    browser: str = ""


class Store:
    """known: words that no password may hold, the clinic's id among them."""

    def __init__(self, known: Callable[[], Iterable[str]], path: Path | None = None) -> None:
        self.sessions = Sessions()
        self.lockout = LockOut()
        self._path = path or paths.LOG_INS
        self._known = known
        self._log_ins: dict[str, LogIn] | None = None
        self._lock = asyncio.Lock()
        self._strangers = 0

    @asynccontextmanager
    async def turn(self, stranger: bool = False) -> AsyncGenerator[None, None]:
        """One at a time, for all that reads a password or changes a log-in.

        stranger: nothing shows that he has ever been here. Raises ``access.busy`` for one too many of them.
        """
        if stranger and self._strangers >= MOST_AT_ONCE:
            raise SekishoError(
                "access.busy",
                "いまログインの確認が混み合っているので、少し待ってからもう一度試してください。",
                "Too many log-ins are being checked: wait a moment and try again.",
            )
        self._strangers += stranger
        try:
            async with self._lock:
                yield
        finally:
            self._strangers -= stranger

    async def all(self) -> dict[str, LogIn]:
        if self._log_ins is None:
            self._log_ins = await asyncio.to_thread(log_ins.read, self._path)
        return self._log_ins

    async def get(self, name: str) -> LogIn:
        """Raises SekishoError ``access.no-such-log-in``."""
        found = (await self.all()).get(name)
        if found is None:
            raise SekishoError(
                "access.no-such-log-in",
                "そのログイン名は登録されていないので、一覧で確かめてください。",
                "There is no such log-in: look at the list.",
            )
        return found

    def known_name(self, typed: object) -> str | None:
        """The log-in that is meant, if there is one of that name."""
        name = called(typed) if isinstance(typed, str) else ""
        return name if name in (self._log_ins or {}) else None

    async def keep(self, one: LogIn) -> None:
        """Instead of the one with its name; the caller has the turn."""
        await self._write({**await self.all(), one.name: one})

    async def remove(self, name: str) -> None:
        await self._write({other: one for other, one in (await self.all()).items() if other != name})
        self.sessions.close_all(name)
        self.lockout.unlock(name)

    async def begin_anew(self) -> None:
        """What cannot be read any more is put aside."""
        await asyncio.to_thread(self._path.rename, self._path.with_suffix(".damaged"))
        self._log_ins = {}

    async def _write(self, changed: dict[str, LogIn]) -> None:
        await asyncio.to_thread(log_ins.write, self._path, changed)
        self._log_ins = changed

    async def check(self, name: str, one: LogIn | None, password: str, caller: Caller) -> bool:
        """Is it the password of `one` (None: nobody is called so)? Counts, and raises ``access.wait``."""
        self.refuse_early(name, caller)
        typed = password[:LONGEST_TYPED]
        usable = one is not None and not (one.until and one.until <= now_text())
        phc = one.password if one is not None and usable else None
        text = tidy_first(typed) if one is not None and one.first else tidy(typed)
        right = await asyncio.to_thread(apart.call, _HASHING, "matches", text, phc)
        if not right:
            self.lockout.failed(name, caller.address, caller.browser, boottime())
        return bool(right)

    def refuse_early(self, name: str, caller: Caller) -> None:
        seconds = self.lockout.wait(name, caller.address, caller.browser, boottime())
        if seconds > 0:
            whole = int(seconds) + 1
            raise SekishoError(
                "access.wait",
                f"ログインの失敗が続いたので、{whole} 秒待ってからもう一度試してください。",
                f"Logging in has failed several times: wait {whole} s, then try again.",
            )

    async def own(self, session: str, name: str, password: str, address: str) -> LogIn:
        """The log-in of a session, after its password was typed again. Raises ``access.wrong-password``."""
        one = await self.get(name)
        # Counted for this session alone: it locks nobody else out, and whoever has taken it over cannot guess on.
        if not await self.check(name, one, password, Caller(address, session)):
            raise SekishoError(
                "access.wrong-password",
                "いまのパスワードが違うので、もう一度入力してください。",
                "The present password is wrong: type it again.",
            )
        self.lockout.succeeded(name, address, session)
        return one

    async def hashed(self, password: str) -> str:
        return str(await asyncio.to_thread(apart.call, _HASHING, "hashed", password))

    def refuse_poor(self, password: str, name: str, second: bool) -> None:
        refuse_poor(password, [name, *self._known()], second)

    def known_browser(self, one: LogIn | None, token: str) -> str:
        """Its digest, if it has logged in under this name."""
        if one is None or not token:
            return ""
        found = digest(token)
        now = now_text()
        return found if any(browser.digest == found and browser.until > now for browser in one.browsers) else ""


def called(typed: str) -> str:
    """A log-in name as it is looked up: whatever the keyboard made of it."""
    return tidy(typed).strip().lower()[:LONGEST_NAME]


async def sealed_secret(name: str, secret: str) -> str:
    """The secret of an authenticator application, as it is kept. Raises ``account.cannot-seal``."""
    return await asyncio.to_thread(_sealer(name).seal, secret.encode("ascii"))


def _sealer(name: str) -> Sealer:
    return SystemdCreds(
        f"sekisho-totp-{name}",
        Text("認証アプリの秘密", "the authenticator application's secret"),
        Text(
            "本体の画面で「sekisho access reset」を実行して", "run `sekisho access reset` on the router's own console"
        ),
    )


def with_step(one: LogIn, step: int) -> LogIn:
    """A code of that step was accepted, and none before it will be."""
    return replace(one, totp=replace(one.totp, step=step)) if one.totp else one


async def accepted_step(one: LogIn, code: str) -> int | None:
    """The step of a code that is right and new."""
    if one.totp is None:
        return None
    secret = (await asyncio.to_thread(_sealer(one.name).unseal, one.totp.sealed)).decode("ascii")
    return await totp_step(secret, code, one.totp.step)


async def totp_step(secret: str, code: str, after: int) -> int | None:
    step: Any = await asyncio.to_thread(
        apart.call, "appliance.access.totp", "accepted", secret, code, time.time(), after
    )
    return int(step) if step is not None else None


def now_text() -> str:
    return at_text(datetime.now(UTC))


def at_text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
