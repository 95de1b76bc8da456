"""Whose log-ins there are: added, reset, removed by whoever is responsible for them."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.access.log_ins import MOST, NAME, ROLES, LogIn
from appliance.access.passwords import make_first, tidy_first
from appliance.control.access_factors import shown
from appliance.control.access_store import Store, at_text, now_text
from appliance.control.dispatch import NotPermitted
from appliance.control.roles import Role
from appliance.errors import SekishoError

FIRST_LIFE = timedelta(days=7)
"""Of a first password that somebody was told; the one on the label waits as long as the router lies in a store."""
VENDOR = "vendor"
"""The log-in that a router has from the factory."""


class People:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def listing(self, by: Role) -> list[dict[str, Any]]:
        found = (await self._store.all()).values()
        return [
            {"name": one.name, "role": one.role, "first": one.first, "until": one.until, "made": one.made}
            | {"second": shown(one)}
            for one in found
            if _may(by, one.role)
        ]

    async def first_password(self) -> dict[str, Any]:
        """Of the vendor's log-in, made with it. Raises ``access.has-vendor``."""
        async with self._store.turn():
            try:
                present = await self._store.all()
            except SekishoError:
                await self._store.begin_anew()
                present = await self._store.all()
            if any(one.role == Role.VENDOR for one in present.values()):
                raise SekishoError(
                    "access.has-vendor",
                    "ベンダーのログインはもうあります。パスワードを作り直すには「sekisho access reset ログイン名」を"
                    "実行してください。",
                    "There is a vendor's log-in already: `sekisho access reset NAME` makes it a new password.",
                )
            return await self._keep(_fresh(VENDOR, Role.VENDOR), "")

    async def label_password(self) -> tuple[str, str]:
        """Of the vendor's log-in, made with it or in the place of one that nobody has changed: the password, and its
        hash. Whether that may be is for the caller to know."""
        async with self._store.turn():
            answer = await self._keep(_fresh(VENDOR, Role.VENDOR), "")
            return answer["password"], (await self._store.get(VENDOR)).password

    async def back_to_label(self, hashed: str) -> None:
        """The vendor logs in with the password on the label, without a second factor, and has to change it. The
        others' log-ins stay as they are. hashed: PHC string."""
        async with self._store.turn():
            await self._store.keep(labelled(hashed))
            self._store.sessions.close_all(VENDOR)
            self._store.lockout.unlock(VENDOR)

    async def vendor(self) -> LogIn | None:
        return (await self._store.all()).get(VENDOR)

    async def add(self, by: Role, name: str, role: str) -> dict[str, Any]:
        """The answer has the first password: it is told once, and nowhere kept."""
        async with self._store.turn():
            present = await self._store.all()
            if not _may(by, role):
                raise NotPermitted
            _refuse_name(name, role)
            if name in present or len(present) >= MOST:
                raise SekishoError(
                    "access.name-taken",
                    f"同じログイン名がもうあるか、{MOST} 件いっぱいなので、別の名前にするか、"
                    "使わないものを消してください。",
                    f"That name is taken, or there are {MOST} log-ins: take another name, or remove one.",
                )
            return await self._keep(_fresh(name, role), at_text(datetime.now(UTC) + FIRST_LIFE))

    async def reset(self, by: Role, name: str) -> dict[str, Any]:
        """A new first password, no second factor, no session: for whoever has lost one or the other."""
        async with self._store.turn():
            one = await self._theirs(by, name)
            bare = replace(one, totp=None, keys=(), browsers=())
            answer = await self._keep(bare, at_text(datetime.now(UTC) + FIRST_LIFE))
            self._store.sessions.close_all(name)
            self._store.lockout.unlock(name)
            return answer

    async def remove(self, by: Role, name: str) -> None:
        async with self._store.turn():
            await self._theirs(by, name)
            await self._store.remove(name)

    async def unlock(self, by: Role, name: str) -> None:
        """Whoever tried under that name need not wait any more."""
        await self._theirs(by, name)
        self._store.lockout.unlock(name)

    async def _theirs(self, by: Role, name: str) -> LogIn:
        one = await self._store.get(name)
        if not _may(by, one.role):
            raise NotPermitted
        return one

    async def _keep(self, one: LogIn, until: str) -> dict[str, Any]:
        password = make_first(secrets.choice)
        hashed = await self._store.hashed(tidy_first(password))
        await self._store.keep(replace(one, password=hashed, first=True, until=until))
        return {"name": one.name, "role": one.role, "password": password, "until": until}


def _may(by: Role, role: str) -> bool:
    """The operator is responsible for all, the vendor for the clinic's."""
    return by is Role.OPERATOR or (by is Role.VENDOR and role == Role.MANAGER)


def labelled(hashed: str) -> LogIn:
    """The vendor's log-in as it is sent out. hashed: of the password on the label, PHC string."""
    return replace(_fresh(VENDOR, Role.VENDOR), password=hashed)


def _fresh(name: str, role: str) -> LogIn:
    user = secrets.token_urlsafe(32)
    return LogIn(name, str(role), password="", first=True, until="", made=now_text(), user=user)


def _refuse_name(name: str, role: str) -> None:
    if role not in ROLES or NAME.fullmatch(name) is None:
        raise SekishoError(
            "access.bad-name",
            "ログイン名は英小文字で始まる 2〜32 文字（英小文字・数字・. _ -）にしてください。",
            "A log-in name begins with a small letter and has 2 to 32 small letters, digits or . _ -.",
        )
