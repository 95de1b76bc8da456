"""The local API's methods: what each takes, does and returns."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, Protocol

from appliance.control import (
    find_line,
    holdings,
    in_force,
    line_passwords,
    methods_access,
    methods_audit,
    methods_diagnose,
    methods_draft,
    methods_factory,
    methods_firmware,
    methods_history,
    methods_lan,
    methods_maintenance,
    methods_page,
    methods_report,
    sticks,
    versions,
    wishes,
)
from appliance.control.access import Access
from appliance.control.applying import Applier
from appliance.control.auditing import Auditor
from appliance.control.capturing import Capturing
from appliance.control.changing import By, Changer
from appliance.control.diagnosing import Diagnosing, Working
from appliance.control.dispatch import JSON, BadParams, Handler, Method, Peer, Stream
from appliance.control.explain import Explainer
from appliance.control.keep_history import HistoryKeeper
from appliance.control.maintaining import Maintaining
from appliance.control.manufacturing import Factory
from appliance.control.ready import Wanted
from appliance.control.recorded import RECORDED
from appliance.control.records import Records
from appliance.control.roles import ALLOWED, Role
from appliance.control.terminals import Terminals
from appliance.control.updating import Updater
from appliance.control.wishes import Wishes
from appliance.intent.model import RouterIntent
from appliance.kernel.changes import Change
from appliance.secret import Secret


class Router(Protocol):
    """What the methods need of the daemon."""

    applier: Applier
    records: Records
    changer: Changer
    auditor: Auditor
    diagnosing: Diagnosing
    capturing: Capturing
    explainer: Explainer
    access: Access
    history: HistoryKeeper
    updater: Updater
    factory: Factory

    def begin_again(self) -> None: ...

    async def plan(self, wanted: Wanted) -> list[Change]: ...

    async def take_down(self) -> list[Change]: ...

    async def wish(self, change: Callable[[Wishes, Sequence[str]], Wishes]) -> Wishes: ...

    def account_imported(self) -> None: ...

    async def take_trust(self, signed: bytes) -> dict[str, Any]: ...

    def terminals(self) -> Terminals: ...

    def maintaining(self) -> Maintaining: ...

    async def calendar(self) -> dict[str, Any]: ...

    def metrics(self) -> str: ...

    def page(self) -> dict[str, Any] | None: ...

    def working(self) -> Working: ...

    def looks_after(self) -> RouterIntent: ...


def methods(router: Router) -> Mapping[str, Method]:
    async def status(_: dict[str, Any], __: Peer) -> JSON:
        return router.records.status()

    async def subscribe(_: dict[str, Any], __: Peer) -> Stream:
        return Stream("status", router.records.subscribe())

    async def plan(_: dict[str, Any], __: Peer) -> JSON:
        return {"changes": _changes(await router.plan(await asyncio.to_thread(holdings.wanted)))}

    async def apply(params: dict[str, Any], peer: Peer) -> JSON:
        router.updater.refuse_changes()
        began, version = monotonic(), _version(params, "version")
        changes = await router.changer.apply(await _wanted(router, version), _by(peer), version)
        return {"changes": _changes(changes), "seconds": round(monotonic() - began, 3)}

    async def site_try(params: dict[str, Any], peer: Peer) -> JSON:
        router.updater.refuse_changes()
        seconds, version = params.get("seconds"), _version(params, "version")
        if not isinstance(seconds, int) or isinstance(seconds, bool):
            raise BadParams("site.try の seconds は整数で渡してください。", "site.try takes seconds, a whole number.")
        wanted = await _wanted(router, version)
        begun = await router.changer.try_out(wanted, seconds, _by(peer), version)
        return {"changes": _changes(begun.changes), "version": begun.version, "token": begun.token}

    async def site_trial(_: dict[str, Any], peer: Peer) -> JSON:
        trial, tried = router.records.status()["trial"], router.applier.intent
        since = _logged_in(router, peer)
        return trial and {
            **trial,
            "may_confirm": since is None or router.changer.is_after_begin(since),
            # Over the new settings the router may be found elsewhere.
            "address": str(tried.lan.address.ip) if tried else None,
        }

    async def site_confirm(params: dict[str, Any], peer: Peer) -> JSON:
        since = _logged_in(router, peer)
        if since is not None:
            await router.changer.confirm_after_log_in(since)
            return True
        token = params.get("token")
        if not isinstance(token, str):
            raise BadParams("site.confirm の token は文字列で渡してください。", "site.confirm takes token, a string.")
        await router.changer.confirm(token)
        return True

    async def site_cancel(_: dict[str, Any], __: Peer) -> JSON:
        await router.changer.cancel()
        return True

    async def site_history(_: dict[str, Any], __: Peer) -> JSON:
        return {"versions": await asyncio.to_thread(versions.listing, router.changer.history)}

    async def site_diff(params: dict[str, Any], _: Peer) -> JSON:
        before, after = _version(params, "before"), _version(params, "after")
        history = router.changer.history
        if before is not None and after is not None:
            return {**await asyncio.to_thread(versions.difference, history, before, after), "changes": None}
        # From what is in force, which the kernel can be asked about.
        number = before if after is None else after
        wanted = await _wanted(router, number)
        name = "new" if number is None else f"version {number}"
        told = await asyncio.to_thread(versions.difference, history, None, wanted, name)
        return {**told, "changes": _changes(await router.plan(wanted))}

    async def down(_: dict[str, Any], __: Peer) -> JSON:
        return {"changes": _changes(await router.take_down())}

    async def account_show(_: dict[str, Any], __: Peer) -> JSON:
        return await asyncio.to_thread(holdings.account_shown)

    async def account_import(params: dict[str, Any], _: Peer) -> JSON:
        router.updater.refuse_changes()
        data, code = await asyncio.to_thread(account_file, params)
        account = await asyncio.to_thread(holdings.import_account, data, code)
        router.account_imported()
        return account

    async def trust_show(_: dict[str, Any], __: Peer) -> JSON:
        return await asyncio.to_thread(holdings.trust_shown)

    async def trust_import(params: dict[str, Any], _: Peer) -> JSON:
        return await router.take_trust(signed_list(params))

    async def site_show(_: dict[str, Any], __: Peer) -> JSON:
        kept = await asyncio.to_thread(in_force.read)
        if kept is None:
            raise versions.no_site()
        return {"toml": kept.site, "in_force": router.applier.intent is not None}

    async def line_find(params: dict[str, Any], _: Peer) -> JSON:
        interface = params.get("interface")
        if not isinstance(interface, str | None):
            raise BadParams("line.find の interface は文字列です。", "line.find takes interface, a string.")
        return find_line.as_json(await asyncio.to_thread(find_line.find, interface))

    async def line_password(params: dict[str, Any], _: Peer) -> JSON:
        line, password = params.get("line"), params.get("password")
        if not isinstance(line, str) or line not in line_passwords.LINES or not isinstance(password, str):
            raise BadParams(
                "line.password には line（wan か backup_wan）と password を渡してください。",
                "line.password takes line (wan or backup_wan) and password.",
            )
        secret = Secret(password)
        await asyncio.to_thread(line_passwords.keep, line, secret)
        await router.applier.know({line: secret})
        return True

    async def terminal_internet(params: dict[str, Any], peer: Peer) -> JSON:
        name, minutes = params.get("terminal"), params.get("minutes")
        if not isinstance(name, str) or not (minutes is None or type(minutes) is int):
            raise BadParams(
                "terminal.internet には terminal（名前）と minutes（分、または null）を渡してください。",
                "terminal.internet takes terminal, a name, and minutes, a number or null.",
            )
        return await router.terminals().to_internet(name, minutes, as_staff=peer.role is Role.PAGE)

    async def terminal_receipt(params: dict[str, Any], peer: Peer) -> JSON:
        name = params.get("terminal")
        if not isinstance(name, str):
            raise BadParams(
                "terminal.receipt には terminal（名前）を渡してください。", "terminal.receipt takes terminal, a name."
            )
        return await router.terminals().to_receipt(name, as_staff=peer.role is Role.PAGE)

    async def tunnel_pin(params: dict[str, Any], _: Peer) -> JSON:
        tunnel = params.get("tunnel")
        if tunnel is not None and not isinstance(tunnel, str):
            raise BadParams(
                "tunnel.pin には tunnel（名前、または null）を渡してください。",
                "tunnel.pin takes tunnel, a name or null.",
            )
        return _wishes(await router.wish(lambda before, names: wishes.pin(before, tunnel, names)))

    async def tunnel_drain(params: dict[str, Any], _: Peer) -> JSON:
        tunnel, back = params.get("tunnel"), params.get("back", False)
        if not isinstance(tunnel, str) or not isinstance(back, bool):
            raise BadParams(
                "tunnel.drain には tunnel（名前）と back（true か false）を渡してください。",
                "tunnel.drain takes tunnel, a name, and back, true or false.",
            )
        return _wishes(await router.wish(lambda before, names: wishes.drain(before, tunnel, back, names)))

    async def metrics(_: dict[str, Any], __: Peer) -> JSON:
        return {"text": router.metrics()}

    handlers: dict[str, Handler] = {
        "status": status,
        "subscribe": subscribe,
        "plan": plan,
        "apply": apply,
        "down": down,
        "account.show": account_show,
        "account.import": account_import,
        "trust.show": trust_show,
        "trust.import": trust_import,
        "site.show": site_show,
        "line.find": line_find,
        "line.password": line_password,
        "site.try": site_try,
        "site.trial": site_trial,
        "site.confirm": site_confirm,
        "site.cancel": site_cancel,
        "site.history": site_history,
        "site.diff": site_diff,
        "terminal.internet": terminal_internet,
        "terminal.receipt": terminal_receipt,
        "tunnel.pin": tunnel_pin,
        "tunnel.drain": tunnel_drain,
        "metrics": metrics,
        **methods_access.methods(router),
        **methods_audit.methods(router),
        **methods_draft.methods(),
        **methods_firmware.methods(router),
        **methods_factory.methods(router),
        **methods_lan.methods(router),
        **methods_maintenance.methods(router),
        **methods_report.methods(router),
        **methods_diagnose.methods(router),
        **methods_history.methods(router),
        **methods_page.methods(router),
    }
    subjects = {**RECORDED, **methods_access.subjects(router)}
    return {name: Method(handlers[name], allowed, subjects.get(name)) for name, allowed in ALLOWED.items()}


async def _wanted(router: Router, version: int | None) -> Wanted:
    """What was imported and edited last, or an earlier version as a whole."""
    if version is None:
        return await asyncio.to_thread(holdings.wanted)
    return await asyncio.to_thread(versions.wanted, router.changer.history, version)


def _by(peer: Peer) -> By:
    return By(peer.role.value if peer.role else "", peer.uid, peer.name)


def _logged_in(router: Router, peer: Peer) -> float | None:
    """When the page's session began (CLOCK_BOOTTIME, seconds); None for a caller without one."""
    session = router.access.store.sessions.get(peer.session) if peer.session else None
    return session.began if session else None


def _version(params: dict[str, Any], name: str) -> int | None:
    number = params.get(name)
    if number is None or (isinstance(number, int) and not isinstance(number, bool)):
        return number
    raise BadParams(f"{name} は版の番号（整数）で渡してください。", f"{name} must be a version's number.")


def _wishes(wanted: Wishes) -> JSON:
    return {"pinned": wanted.pinned, "drained": sorted(wanted.drained)}


def _changes(changes: Iterable[Change]) -> list[Any]:
    return [
        {"subsystem": change.subsystem, "subject": change.subject, "text": change.text.as_dict()} for change in changes
    ]


def account_file(params: dict[str, Any]) -> tuple[bytes, str]:
    """Of account.import: the file, as it was sent or from a stick, and the code as typed.

    Raises BadParams, and SekishoError as `sticks.account`.
    """
    file, path, code = params.get("file"), params.get("path"), params.get("code")
    if isinstance(path, str) and file is None and isinstance(code, str):
        return sticks.account(path), code
    if path is not None or not isinstance(file, str) or not isinstance(code, str):
        raise BadParams(
            "account.import には code と、file（base64）か path（sticks.list のもの）を、文字列で渡してください。",
            "account.import takes code and either file (base64) or path (as sticks.list tells it), all strings.",
        )
    try:
        return base64.b64decode(file, validate=True), code
    except ValueError:
        raise BadParams("file は base64 で渡してください。", "file must be base64.") from None


def signed_list(params: dict[str, Any]) -> bytes:
    """Of trust.import. Raises BadParams."""
    signed = params.get("list")
    if not isinstance(signed, str):
        raise BadParams("trust.import の list は文字列で渡してください。", "trust.import takes list, a string.")
    # What is no character spoils the signature, which is then refused in the right words.
    return signed.encode(errors="replace")
