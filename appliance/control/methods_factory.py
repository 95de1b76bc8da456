"""Manufacture, and the way back to it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any, Protocol

from appliance.control import resetting, sticks
from appliance.control.access import Access
from appliance.control.dispatch import JSON, BadParams, Handler, Peer
from appliance.control.manufacturing import Factory
from appliance.errors import SekishoError


class Router(Protocol):
    """What the methods need of the daemon."""

    access: Access
    factory: Factory

    def begin_again(self) -> None: ...


def methods(router: Router) -> Mapping[str, Handler]:
    async def make(params: dict[str, Any], _: Peer) -> JSON:
        given, listed, used = params.get("serial"), _texts(params, "listed"), _texts(params, "used")
        if not isinstance(given, str | None):
            raise BadParams("serial は文字列で渡してください。", "Give serial as a string.")
        label = await router.factory.begin(given, listed, used)
        return {**label, "pdf": base64.b64encode(label["pdf"]).decode("ascii")}

    async def made(params: dict[str, Any], _: Peer) -> JSON:
        serial = params.get("serial")
        if not isinstance(serial, str):
            raise BadParams("serial は文字列で渡してください。", "Give serial as a string.")
        await router.factory.made(serial)
        return True

    async def show(_: dict[str, Any], __: Peer) -> JSON:
        record = await asyncio.to_thread(router.factory.record)
        if record is None:
            return None
        return {
            "serial": record.serial,
            "key_sha256": record.key_sha256,
            "at": record.at,
            "is_made": record.is_made,
        }

    async def reset(params: dict[str, Any], _: Peer) -> JSON:
        what, by = params.get("what"), params.get("by")
        if what not in ("log-in", "everything") or by not in ("button", "console"):
            raise BadParams(
                "what は log-in か everything、by は button か console です。",
                "what is log-in or everything, by is button or console.",
            )
        record = await asyncio.to_thread(router.factory.record)
        if what == "log-in":
            if record is None or not record.password:
                raise no_label()
            await router.access.people.back_to_label(record.password)
        else:
            await asyncio.to_thread(resetting.wish, by)
            router.begin_again()
        return True

    async def sticks_list(_: dict[str, Any], __: Peer) -> JSON:
        return {"files": await asyncio.to_thread(sticks.listing)}

    return {
        "factory.make": make,
        "factory.made": made,
        "factory.show": show,
        "factory.reset": reset,
        "sticks.list": sticks_list,
    }


def no_label() -> SekishoError:
    return SekishoError(
        "factory.no-label",
        "この機器にはラベルの最初のパスワードがないので、本体の画面で「sekisho access reset vendor」を"
        "実行してください。",
        "This machine has no first password on a label: run `sekisho access reset vendor` on its own console.",
    )


def _texts(params: dict[str, Any], name: str) -> list[str]:
    found = params.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise BadParams(f"{name} は文字列の配列で渡してください。", f"Give {name} as an array of strings.")
    return found
