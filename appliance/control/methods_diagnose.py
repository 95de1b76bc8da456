"""The local API's methods for whoever looks for a fault: checks, explanations, captures, the support bundle."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from appliance.control import support_bundle
from appliance.control.capturing import LARGEST_KILOBYTES, LONGEST_SECONDS, SMALLEST_KILOBYTES, Capturing, Order
from appliance.control.changing import Changer
from appliance.control.diagnosing import Diagnosing, Working
from appliance.control.dispatch import JSON, BadParams, Handler, Peer
from appliance.control.explain import Explainer, Transport
from appliance.control.keep_history import HistoryKeeper
from appliance.control.records import Records


class Router(Protocol):
    """What these methods need of the daemon."""

    explainer: Explainer
    records: Records
    history: HistoryKeeper
    changer: Changer
    diagnosing: Diagnosing
    capturing: Capturing

    def working(self) -> Working: ...

    def metrics(self) -> str: ...


def methods(router: Router) -> Mapping[str, Handler]:
    async def begin(params: dict[str, Any], _: Peer) -> JSON:
        return {"checks": list[JSON](router.diagnosing.begin(_checks(params), router.working))}

    async def show(_: dict[str, Any], __: Peer) -> JSON:
        return {"checks": list[JSON](router.diagnosing.show())}

    async def explain(params: dict[str, Any], _: Peer) -> JSON:
        return await router.explainer.explain(router.working(), *_attempt(params))

    async def capture_start(params: dict[str, Any], _: Peer) -> JSON:
        return await router.capturing.start(_order(params), router.working().ready.intent)

    async def capture_stop(_: dict[str, Any], __: Peer) -> JSON:
        return {"stopped": await router.capturing.stop()}

    async def capture_list(_: dict[str, Any], __: Peer) -> JSON:
        return router.capturing.show()

    async def capture_read(params: dict[str, Any], _: Peer) -> JSON:
        name = params.get("name")
        if not isinstance(name, str):
            raise BadParams(
                "capture.read には name（記録の名前）を渡してください。", "capture.read takes name, a capture's."
            )
        return await asyncio.to_thread(router.capturing.read, name)

    async def bundle(_: dict[str, Any], __: Peer) -> JSON:
        return await support_bundle.make(
            router.records, router.history, router.diagnosing, router.changer.history, router.metrics
        )

    return {
        "diagnose.begin": begin,
        "diagnose.show": show,
        "explain": explain,
        "capture.start": capture_start,
        "capture.stop": capture_stop,
        "capture.list": capture_list,
        "capture.read": capture_read,
        "support.bundle": bundle,
    }


def _checks(params: dict[str, Any]) -> list[str]:
    checks = params.get("checks", [])
    if not isinstance(checks, list) or not all(isinstance(name, str) for name in checks):
        raise BadParams(
            "diagnose.begin の checks は名前の配列で渡してください。",
            "diagnose.begin takes checks, a list of names.",
        )
    return checks


def _attempt(params: dict[str, Any]) -> tuple[str, str, int, Transport]:
    """Of explain. Raises BadParams."""
    terminal, host, port, protocol = (params.get(name) for name in ("terminal", "host", "port", "protocol"))
    is_words = isinstance(terminal, str) and isinstance(host, str) and protocol in ("tcp", "udp")
    if not is_words or type(port) is not int or not 0 < port < 65536:
        raise BadParams(
            "explain には terminal（端末の名前か IP アドレス）、host、port（1〜65535）、protocol（tcp か udp）を"
            "渡してください。",
            "explain takes terminal (a name or an address), host, port (1 to 65535) and protocol (tcp or udp).",
        )
    return str(terminal), str(host), port, "tcp" if protocol == "tcp" else "udp"


def _order(params: dict[str, Any]) -> Order:
    """Of capture.start. Raises BadParams."""
    place, payload = params.get("place"), params.get("payload", False)
    seconds, kilobytes = params.get("seconds", 60), params.get("kilobytes", 2048)
    is_whole = type(seconds) is int and type(kilobytes) is int
    if not isinstance(place, str) or not isinstance(payload, bool) or not is_whole:
        raise BadParams(
            "capture.start には place（名前）、seconds、kilobytes（整数）、payload（true か false）を渡してください。",
            "capture.start takes place (a name), seconds and kilobytes (numbers) and payload (true or false).",
        )
    if not (1 <= seconds <= LONGEST_SECONDS and SMALLEST_KILOBYTES <= kilobytes <= LARGEST_KILOBYTES):
        raise BadParams(
            f"記録は 1〜{LONGEST_SECONDS} 秒、{SMALLEST_KILOBYTES}〜{LARGEST_KILOBYTES} KiB までです。",
            f"a capture takes 1 to {LONGEST_SECONDS} s and {SMALLEST_KILOBYTES} to {LARGEST_KILOBYTES} KiB.",
        )
    return Order(place, seconds, kilobytes, payload)
