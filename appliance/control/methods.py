"""The local API's methods: what each takes, does and returns."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Protocol

from appliance.account.inspect import redacted
from appliance.control import find_line, holdings, importing, in_force
from appliance.control.applying import Applier
from appliance.control.holdings import Wanted
from appliance.control.records import Records
from appliance.control.roles import ALLOWED
from appliance.control.rpc import JSON, BadParams, Method, Peer, Stream
from appliance.errors import SekishoError
from appliance.kernel.changes import Change


class Router(Protocol):
    """What the methods need of the daemon."""

    applier: Applier
    records: Records

    async def plan(self, wanted: Wanted) -> list[Change]: ...

    async def bring_into_force(self, wanted: Wanted) -> list[Change]: ...

    async def take_down(self) -> list[Change]: ...

    def account_imported(self) -> None: ...

    def metrics(self) -> str: ...


def methods(router: Router) -> Mapping[str, Method]:
    async def status(_: dict[str, Any], __: Peer) -> JSON:
        return router.records.status()

    async def subscribe(_: dict[str, Any], __: Peer) -> Stream:
        return Stream("status", router.records.subscribe())

    async def plan(_: dict[str, Any], __: Peer) -> JSON:
        return {"changes": _changes(await router.plan(await asyncio.to_thread(holdings.wanted)))}

    async def apply(_: dict[str, Any], __: Peer) -> JSON:
        began = monotonic()
        changes = await router.bring_into_force(await asyncio.to_thread(holdings.wanted))
        return {"changes": _changes(changes), "seconds": round(monotonic() - began, 3)}

    async def down(_: dict[str, Any], __: Peer) -> JSON:
        return {"changes": _changes(await router.take_down())}

    async def account_show(_: dict[str, Any], __: Peer) -> JSON:
        account = await asyncio.to_thread(holdings.accounts().load)
        if account is None:
            raise holdings.no_account()
        return redacted(account, datetime.now(UTC))

    async def account_import(params: dict[str, Any], _: Peer) -> JSON:
        data, code = _account_params(params)
        account = await asyncio.to_thread(importing.import_account, data, code)
        router.account_imported()
        return account

    async def site_show(_: dict[str, Any], __: Peer) -> JSON:
        kept = await asyncio.to_thread(in_force.read)
        if kept is None:
            raise SekishoError(
                "control.no-site",
                "反映された設定がまだありません。「sekisho apply」で反映してください。",
                'no settings are in force yet; put them in force with "sekisho apply".',
            )
        return {"toml": kept.site, "in_force": router.applier.intent is not None}

    async def line_find(params: dict[str, Any], _: Peer) -> JSON:
        interface = params.get("interface")
        if not isinstance(interface, str | None):
            raise BadParams("line.find の interface は文字列です。", "line.find takes interface, a string.")
        return find_line.as_json(await asyncio.to_thread(find_line.find, interface))

    async def metrics(_: dict[str, Any], __: Peer) -> JSON:
        return {"text": router.metrics()}

    handlers = {
        "status": status,
        "subscribe": subscribe,
        "plan": plan,
        "apply": apply,
        "down": down,
        "account.show": account_show,
        "account.import": account_import,
        "site.show": site_show,
        "line.find": line_find,
        "metrics": metrics,
    }
    return {name: Method(handlers[name], allowed) for name, allowed in ALLOWED.items()}


def _changes(changes: Iterable[Change]) -> list[Any]:
    return [
        {"subsystem": change.subsystem, "subject": change.subject, "text": change.text.as_dict()} for change in changes
    ]


def _account_params(params: dict[str, Any]) -> tuple[bytes, str]:
    file, code = params.get("file"), params.get("code")
    if not isinstance(file, str) or not isinstance(code, str):
        raise BadParams(
            "account.import には file（base64）と code を文字列で渡してください。",
            "account.import takes file (base64) and code, both strings.",
        )
    try:
        return base64.b64decode(file, validate=True), code
    except binascii.Error:
        raise BadParams("file は base64 で渡してください。", "file must be base64.") from None
