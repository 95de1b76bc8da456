"""Second factors of one's own log-in: an authenticator application, security keys."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from typing import Any

from appliance.access.log_ins import MOST_KEYS, Key, LogIn, Totp
from appliance.access.tickets import Tickets
from appliance.control import apart
from appliance.control.access_entry import start_again
from appliance.control.access_store import Store, now_text, sealed_secret, totp_step
from appliance.control.clock import boottime
from appliance.errors import SekishoError

LONGEST_LABEL = 40
_KEYS = "appliance.access.keys"


@dataclass(frozen=True, slots=True)
class _Begun:
    """session: whose it is. secret: of an application (base32); challenge: for a key; the other is empty."""

    session: str
    secret: str = ""
    challenge: str = ""
    origin: str = ""


class Factors:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._tickets: Tickets[_Begun] = Tickets()

    async def begin(
        self, session: str, name: str, kind: str, password: str, origin: str, address: str
    ) -> dict[str, Any]:
        """kind: ``totp`` or ``key``. Nothing is asked for at a log-in before `confirm`."""
        async with self._store.turn():
            one = await self._store.own(session, name, password, address)
            if kind == "totp":
                made = await asyncio.to_thread(apart.call, "appliance.access.totp", "begin", "Sekisho", name)
                return {"ticket": self._open(_Begun(session, secret=made["secret"])), "totp": made}
            _refuse_key_here(one, origin)
            present = [key.id for key in one.keys]
            options = await asyncio.to_thread(apart.call, _KEYS, "to_add", origin, name, one.user, present)
            return {
                "ticket": self._open(_Begun(session, challenge=options["challenge"], origin=origin)),
                "key": options,
            }

    async def confirm(self, session: str, name: str, ticket: str, second: dict[str, Any], label: str) -> dict[str, Any]:
        """The first code, or the key's answer. Other sessions of the log-in end."""
        async with self._store.turn():
            begun = self._tickets.tried(ticket, boottime())
            if begun is None or begun.session != session:
                raise start_again()
            one = await self._store.get(name)
            changed = await (
                self._with_totp(one, second, begun) if begun.secret else _with_key(one, second, begun, label)
            )
            await self._store.keep(changed)
            self._tickets.close(ticket)
            self._store.sessions.close_all(name, but=session)
            return shown(changed)

    async def remove(self, session: str, name: str, what: str, password: str, address: str) -> dict[str, Any]:
        """what: ``totp``, or the id of a key. A short password must become a long one before the last goes."""
        async with self._store.turn():
            one = await self._store.own(session, name, password, address)
            left = replace(
                one,
                totp=None if what == "totp" else one.totp,
                keys=tuple(key for key in one.keys if key.id != what),
            )
            if left == one:
                raise SekishoError(
                    "access.no-such-factor",
                    "その 2 段階認証は登録されていないので、画面を開き直してください。",
                    "There is no such second factor: open the page anew.",
                )
            if not left.second:
                self._store.refuse_poor(password, name, False)
            await self._store.keep(left)
            self._store.sessions.close_all(name, but=session)
            return shown(left)

    def _open(self, begun: _Begun) -> str:
        ticket = secrets.token_urlsafe(32)
        self._tickets.open(ticket, begun, boottime())
        return ticket

    async def _with_totp(self, one: LogIn, second: dict[str, Any], begun: _Begun) -> LogIn:
        code = second.get("code")
        step = await totp_step(begun.secret, code, 0) if isinstance(code, str) else None
        if step is None:
            raise SekishoError(
                "access.wrong-second",
                "確認コードが違うので、アプリに表示されている 6 けたの数字を入力してください。"
                "合わないときは、スマートフォンとルーターの時計を確かめてください。",
                "The code is wrong: type the six digits that the application shows. If they never fit, check the "
                "clocks of the telephone and the router.",
            )
        return replace(one, totp=Totp(await sealed_secret(one.name, begun.secret), step))


async def _with_key(one: LogIn, second: dict[str, Any], begun: _Begun, label: str) -> LogIn:
    answer = second.get("key")
    given = (answer if isinstance(answer, dict) else {}, begun.challenge, begun.origin)
    made = await asyncio.to_thread(apart.call, _KEYS, "added", *given)
    key = Key(**made, label=label.strip()[:LONGEST_LABEL], added=now_text())
    return replace(one, keys=(*(other for other in one.keys if other.id != key.id), key))


def _refuse_key_here(one: LogIn, origin: str) -> None:
    if len(one.keys) >= MOST_KEYS:
        raise SekishoError(
            "access.too-many-keys",
            f"セキュリティキーは {MOST_KEYS} 個までなので、使わないものを外してから登録してください。",
            f"There are {MOST_KEYS} security keys already: remove one that is not used.",
        )
    host = origin.removeprefix("https://").partition(":")[0]
    if not origin.startswith("https://") or host.replace(".", "").isdigit() or host.startswith("["):
        raise SekishoError(
            "access.key-needs-name",
            "セキュリティキーは、ルーターを名前で開いたとき（https://名前/）だけ登録できます。名前で開き直してください。",
            "A security key can only be added where the router was opened by its name (https://NAME/): open it so.",
        )


def shown(one: LogIn) -> dict[str, Any]:
    """Which second factors a log-in has, without anything that is secret."""
    keys = [{"id": key.id, "label": key.label, "added": key.added, "host": key.host} for key in one.keys]
    return {"totp": one.totp is not None, "keys": keys}
