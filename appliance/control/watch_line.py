"""Looks at the WAN line and tells what it sees."""

from __future__ import annotations

import asyncio

from appliance.control.records import Records
from appliance.kernel.line import observe_line

EVERY = 5.0
SOON = 1.0
"""Seconds until the next look, and while there is no working line: people wait for the light."""


async def watch_line(interface: str, records: Records) -> None:
    while True:
        line = await asyncio.to_thread(observe_line, interface)
        records.record("wan.carrier", interface, line.carrier)
        records.record("wan.address", interface, bool(line.addresses), detail=", ".join(map(str, line.addresses)))
        if line.gateway_answers is not None:
            records.record("wan.gateway", interface, line.gateway_answers, detail=str(line.gateway))
        await asyncio.sleep(EVERY if line.gateway_answers else SOON)
