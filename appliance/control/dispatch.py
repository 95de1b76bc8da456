"""One call of the local API: whose it is, whether he may, and the record of what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from appliance.audit.entry import Actor, Deed
from appliance.control.roles import Role
from appliance.errors import SekishoError

JSON = dict[str, Any] | list[Any] | str | int | float | bool | None

_log = logging.getLogger(__name__)


class BadParams(SekishoError):  # noqa: N818 - the name that JSON-RPC gives it
    """A handler's complaint about its params; the caller gets error -32602."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__("control.bad-params", ja, en)


class NoSuchMethod(SekishoError):  # noqa: N818 - as above
    def __init__(self) -> None:
        super().__init__(
            "control.no-such-method",
            "その機能はこのルーターにないので、コマンドとルーターの版が合っているか確かめてください。",
            "The router has no such method: check that the command and the router are of the same version.",
        )


class NotPermitted(SekishoError):  # noqa: N818 - as above
    def __init__(self) -> None:
        super().__init__(
            "control.not-permitted",
            "この操作は許可されていないので、管理者（root）で実行するか、許可された利用者でログインしてください"
            "（例: sudo sekisho status）。",
            "You are not permitted to do this: run it as the administrator, root (for example: sudo sekisho status), "
            "or log in as somebody who is.",
        )


def session_ended() -> SekishoError:
    return SekishoError(
        "access.session-ended",
        "ログインの有効期間が終わったので、もう一度ログインしてください。",
        "Your log-in has ended: log in again.",
    )


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is calling. role None: a stranger.

    name: of the log-in, address: of the browser, both as the page says them, empty for everybody else.
    session: names the session without giving power over it, empty where nobody has logged in.
    """

    uid: int
    pid: int
    role: Role | None
    name: str = ""
    address: str = ""
    session: str = ""

    @property
    def actor(self) -> Actor:
        return Actor(self.role.value if self.role else f"uid {self.uid}", self.name, self.address)


@dataclass(frozen=True, slots=True)
class Guest:
    """Whose a session is. role: what it may do, that of the page while its password is still the first one."""

    session: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Stream:
    """What a handler returns to keep sending: the caller gets ``true``, then a notification `method` for each value.

    Bound to the connection, at most one on each. When the values end or fail, the connection is
    closed: a subscriber never mistakes the last value for the present one.
    """

    method: str
    values: AsyncGenerator[JSON, None]


Handler = Callable[[dict[str, Any], Peer], Awaitable[JSON | Stream]]
Subject = Callable[[Mapping[str, Any], Any], dict[str, Any]]
"""From params and result (None when it was refused) to what the audit record says it was done to: no secrets."""


@dataclass(frozen=True, slots=True)
class Method:
    """subject: of the record; None for what only looks, which is not recorded."""

    handler: Handler
    allowed: frozenset[Role]
    subject: Subject | None = None


class Dispatcher:
    """guest: whose a session token is, None for one that is unknown or has ended. record: writes a deed down.

    From the page, and from nobody else, a call may bring ``session`` (a token) and ``client`` (the browser's
    address) among its params; the handler sees neither.
    """

    def __init__(
        self,
        methods: Mapping[str, Method],
        guest: Callable[[str], Guest | None],
        record: Callable[[Deed], Awaitable[None]],
    ) -> None:
        self._methods = methods
        self._guest = guest
        self._record = record

    async def call(self, name: str, params: dict[str, Any], peer: Peer) -> JSON | Stream:
        """The method's result. Raises SekishoError for a refusal, and whatever else the handler raises."""
        method = self._methods.get(name)
        if method is None:
            raise NoSuchMethod
        token = None
        if peer.role is Role.PAGE:
            params = dict(params)
            peer = replace(peer, address=_text(params.pop("client", "")))
            token = params.pop("session", None)
        result: JSON | Stream = None
        outcome = "failed"
        try:
            if token is not None:
                peer = self._as_guest(peer, token)
            if peer.role not in method.allowed:
                _log.warning("uid %d (pid %d) may not call %s", peer.uid, peer.pid, name)
                raise NotPermitted
            result = await method.handler(params, peer)
            outcome = "done"
            return result
        except SekishoError as error:
            outcome = f"refused {error.code}"
            raise
        except asyncio.CancelledError:
            outcome = "interrupted"
            raise
        finally:
            if method.subject is not None:
                await self._record(Deed(peer.actor, name, method.subject(params, result), outcome))

    def _as_guest(self, peer: Peer, token: object) -> Peer:
        guest = self._guest(token) if isinstance(token, str) else None
        if guest is None:
            raise session_ended()
        return replace(peer, role=guest.role, name=guest.name, session=guest.session)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
