"""The access room behind the real dispatcher, and a page that calls it."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from appliance.control import access, access_entry, access_factors, access_sessions, access_store, methods_access
from appliance.control.access import Access
from appliance.control.auditing import Auditor
from appliance.control.dispatch import Dispatcher, Method, Peer
from appliance.control.recorded import RECORDED
from appliance.control.roles import ALLOWED, Role
from appliance.errors import SekishoError
from tests.unit.control.served import LIMIT, echo
from tests.unit.control.test_line_passwords import Reversed

ROOT = Peer(0, 1, Role.OPERATOR)
PAGE = Peer(990, 1, Role.PAGE)
HERE = "192.0.2.20"
ORIGIN = "https://router.example"
WALL = 1795856400.0
"""Seconds since 1970, for the codes: no busy machine shall turn one into the next."""
GOOD = "kaminari-yane-tokei"
OTHER = "mizuumi-hikari-kaban"


class Clock:
    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """The router's access room behind its dispatcher; each call as the page makes it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "access" / "log-ins.json"
        self.auditor = Auditor(directory / "audit")
        self.boot()

    def boot(self) -> None:
        self.access = Access(lambda: ("c0001", "れんげ内科医院"), self.path)
        router = SimpleNamespace(access=self.access)
        handlers = methods_access.methods(router) | {
            "terminal.receipt": echo,
            "status": echo,
            "site.try": echo,
            "audit.list": echo,
        }
        subjects = {**RECORDED, **methods_access.subjects(router)}
        methods = {name: Method(handler, ALLOWED[name], subjects.get(name)) for name, handler in handlers.items()}
        self._dispatcher = Dispatcher(methods, self.access.guest, self.auditor.record)

    def call(self, name: str, params: dict[str, Any], peer: Peer) -> Any:
        return asyncio.run(asyncio.wait_for(self._dispatcher.call(name, params, peer), 3 * LIMIT))

    def page(self, method: str, /, session: str | None = None, client: str = HERE, **params: Any) -> Any:
        given = params | {"client": client} | ({} if session is None else {"session": session})
        return self.call(method, given, PAGE)

    def root(self, method: str, /, **params: Any) -> Any:
        return self.call(method, params, ROOT)

    def log_in(self, name: str, password: str, **more: Any) -> Any:
        return self.page("access.log_in", name=name, password=password, origin=ORIGIN, **more)

    def vendor(self) -> str:
        """A session of the vendor with a password of his own."""
        first = self.root("access.first_password")["password"]
        session = self.log_in("vendor", first)["session"]
        return str(self.page("access.change_password", session, old=first, new=GOOD)["session"])

    def record(self) -> list[dict[str, Any]]:
        lines = b"".join(path.read_bytes() for path in sorted(self.auditor.directory.glob("*.jsonl"))).splitlines()
        return [json.loads(line) for line in lines]


def opened(directory: Path, patch: pytest.MonkeyPatch) -> tuple[Desk, Clock]:
    """A desk whose clocks are held still."""
    clock = Clock()
    for module in (access, access_entry, access_factors, access_sessions, access_store, methods_access):
        if hasattr(module, "boottime"):
            patch.setattr(module, "boottime", clock)
    patch.setattr(access_store, "time", SimpleNamespace(time=lambda: WALL))
    patch.setattr(access_store, "_sealer", lambda name: Reversed(f"totp-{name}"))
    return Desk(directory), clock


def refused(code: str) -> Any:
    return pytest.raises(SekishoError, match=f"^{code}: ")


def code_of(secret: str, later: int = 0) -> str:
    """later: steps."""
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(WALL) + 30 * later).decode()
