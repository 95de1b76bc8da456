"""The local API's methods about the connectivity report."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any, Protocol

from appliance.control import reporting
from appliance.control.changing import Changer
from appliance.control.diagnosing import Working
from appliance.control.dispatch import JSON, BadParams, Handler, Peer
from appliance.control.records import Records


class Router(Protocol):
    """What the methods need of the daemon."""

    records: Records
    changer: Changer

    def working(self) -> Working: ...


def methods(router: Router) -> Mapping[str, Handler]:
    async def make(params: dict[str, Any], _: Peer) -> JSON:
        language = params.get("language")
        if language not in ("ja", "en"):
            raise BadParams("report.make の language は ja か en です。", "report.make takes language, ja or en.")
        ready = router.working().ready
        status, evidence = router.records.status(), router.records.evidence()
        material = await asyncio.to_thread(reporting.material, ready, router.changer.history, status, evidence)
        report = await asyncio.to_thread(reporting.printed, material, language)
        return {
            "pdf": base64.b64encode(report.pdf).decode("ascii"),
            "number": report.number,
            "passed": report.passed,
        }

    return {"report.make": make}
