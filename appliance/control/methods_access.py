"""Logging in, one's own log-in, and those of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from appliance.control.access import Access
from appliance.control.access_entry import seconds_left
from appliance.control.access_factors import shown
from appliance.control.dispatch import JSON, BadParams, Handler, Peer, Subject, session_ended
from appliance.control.roles import Role


class Router(Protocol):
    access: Access


def methods(router: Router) -> Mapping[str, Handler]:
    access = router.access

    async def log_in(params: dict[str, Any], peer: Peer) -> JSON:
        name, password, origin = _texts(params, "name", "password", "origin")
        return await access.entry.log_in(name, password, origin, peer.address, _browser(params))

    async def finish_log_in(params: dict[str, Any], peer: Peer) -> JSON:
        (ticket,) = _texts(params, "ticket")
        return await access.entry.finish(ticket, _second(params), peer.address, _browser(params))

    async def log_out(_: dict[str, Any], peer: Peer) -> JSON:
        access.store.sessions.close(_own(peer))
        return True

    async def who(_: dict[str, Any], peer: Peer) -> JSON:
        if not peer.session:
            return None
        one, session = await access.store.get(peer.name), access.store.sessions.get(peer.session)
        if session is None:
            raise session_ended()
        about = {"name": one.name, "role": one.role, "first": one.first, "second": shown(one)}
        return about | {"seconds_left": round(seconds_left(session))}

    async def sessions_list(_: dict[str, Any], peer: Peer) -> JSON:
        return {"sessions": access.sessions.listing(_own(peer), peer.name)}

    async def sessions_end(params: dict[str, Any], peer: Peer) -> JSON:
        which, password = _texts(params, "which", "password")
        return await access.sessions.end(_own(peer), peer.name, which, password, peer.address)

    async def change_password(params: dict[str, Any], peer: Peer) -> JSON:
        old, new = _texts(params, "old", "new")
        return await access.entry.change_password(_own(peer), peer.name, old, new, peer.address)

    async def begin(params: dict[str, Any], peer: Peer) -> JSON:
        kind, password, origin = _texts(params, "kind", "password", "origin")
        if kind not in ("totp", "key"):
            raise BadParams("kind は totp か key です。", "kind is totp or key.")
        return await access.factors.begin(_own(peer), peer.name, kind, password, origin, peer.address)

    async def confirm(params: dict[str, Any], peer: Peer) -> JSON:
        ticket, label = _texts(params, "ticket", "label")
        return await access.factors.confirm(_own(peer), peer.name, ticket, _second(params), label)

    async def remove(params: dict[str, Any], peer: Peer) -> JSON:
        what, password = _texts(params, "what", "password")
        return await access.factors.remove(_own(peer), peer.name, what, password, peer.address)

    async def accounts_list(_: dict[str, Any], peer: Peer) -> JSON:
        return {"accounts": await access.people.listing(_role(peer))}

    async def accounts_add(params: dict[str, Any], peer: Peer) -> JSON:
        name, role = _texts(params, "name", "role")
        return await access.people.add(_role(peer), name, role)

    async def accounts_reset(params: dict[str, Any], peer: Peer) -> JSON:
        return await access.people.reset(_role(peer), *_texts(params, "name"))

    async def accounts_remove(params: dict[str, Any], peer: Peer) -> JSON:
        await access.people.remove(_role(peer), *_texts(params, "name"))
        return True

    async def accounts_unlock(params: dict[str, Any], peer: Peer) -> JSON:
        await access.people.unlock(_role(peer), *_texts(params, "name"))
        return True

    async def first_password(_: dict[str, Any], __: Peer) -> JSON:
        return await access.people.first_password()

    return {
        "access.log_in": log_in,
        "access.finish_log_in": finish_log_in,
        "access.log_out": log_out,
        "access.who": who,
        "access.sessions.list": sessions_list,
        "access.sessions.end": sessions_end,
        "access.change_password": change_password,
        "access.second_factor.begin": begin,
        "access.second_factor.confirm": confirm,
        "access.second_factor.remove": remove,
        "access.accounts.list": accounts_list,
        "access.accounts.add": accounts_add,
        "access.accounts.reset": accounts_reset,
        "access.accounts.remove": accounts_remove,
        "access.accounts.unlock": accounts_unlock,
        "access.first_password": first_password,
    }


def subjects(router: Router) -> Mapping[str, Subject]:
    """What somebody typed for a name may be his password: only those that there are go into the record."""

    def tried(given: Mapping[str, Any], answered: Any) -> dict[str, Any]:
        asked = isinstance(answered, Mapping) and "second" in answered
        return {"name": router.access.store.known_name(given.get("name")), **({"second": "asked"} if asked else {})}

    return {"access.log_in": tried}


def _own(peer: Peer) -> str:
    """The session of whoever calls; root has none, and needs none."""
    if not peer.session:
        raise session_ended()
    return peer.session


def _role(peer: Peer) -> Role:
    return peer.role or Role.PAGE


def _texts(params: dict[str, Any], *names: str) -> list[str]:
    found = [params.get(name) for name in names]
    if not all(isinstance(value, str) for value in found):
        wanted = "、".join(names), ", ".join(names)
        raise BadParams(f"{wanted[0]} を文字列で渡してください。", f"Give {wanted[1]} as strings.")
    return [str(value) for value in found]


def _second(params: dict[str, Any]) -> dict[str, Any]:
    second = params.get("second")
    if not isinstance(second, dict):
        raise BadParams("second はオブジェクトで渡してください。", "second must be an object.")
    return second


def _browser(params: dict[str, Any]) -> str:
    token = params.get("browser")
    return token if isinstance(token, str) else ""
