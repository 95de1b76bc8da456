"""Tells of machines on the LAN that were refused because they are not listed as they are.

The kernel's set is the only truth: rules fill it, it forgets by itself, and it holds no more than so many.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from appliance.control.ready import Terminal
from appliance.control.records import Records
from appliance.errors import SekishoError
from appliance.intent import names
from appliance.kernel import nft

EVERY = 5.0
"""Seconds: somebody stands before a machine that cannot work, and looks at the lights."""

_log = logging.getLogger(__name__)


def who(address: str, mac: str, terminals: Iterable[Terminal]) -> tuple[str, str] | None:
    """Pure. Why this machine was refused (``another-card``, ``another-address``, ``not-listed``), and what staff call
    the terminal that it could be; None: it is listed by now."""
    listed = list(terminals)
    at = next((one for one in listed if str(one.address) == address), None)
    if at is not None:
        return None if at.mac == mac else ("another-card", at.label)
    of = next((one for one in listed if one.mac == mac), None)
    return ("another-address", of.label) if of is not None else ("not-listed", "")


async def watch_strangers(terminals: tuple[Terminal, ...], records: Records) -> None:
    """Feed of the router's light: ``lan.stranger``, of each machine anew while the kernel remembers it."""
    known: set[str] = set()
    while True:
        try:
            held = await asyncio.to_thread(nft.elements, names.STRANGERS)
        except SekishoError as error:
            # Somebody took the table away: what puts it back tells of it.
            _log.warning("cannot see who was refused: %s", error)
            held = []
        seen = set()
        for address, mac in (element.key for element in held):
            found = who(address, mac, terminals)
            if found is None:
                continue
            subject = f"{address} {mac}"
            seen.add(subject)
            if subject not in known:
                _log.warning("refused on the LAN: %s with card %s (%s)", address, mac, found[0])
            records.record("lan.stranger", subject, False, *found)
        for subject in known - seen:
            records.record("lan.stranger", subject, True)
        known = seen
        await asyncio.sleep(EVERY)
