"""When a line gives another address, the conversations from the old one are over: the kernel forgets those.

A tunnel's packets then begin a conversation of their own, instead of being taken for part of one that goes nowhere.
"""

from __future__ import annotations

import asyncio
import logging
from ipaddress import IPv4Address, IPv6Address

from appliance.control.ways import given, own_addresses
from appliance.intent.model import RouterIntent
from appliance.kernel import conntrack

LOOK_EVERY = 0.25
"""Seconds."""

_log = logging.getLogger(__name__)


async def forget_addresses(intent: RouterIntent) -> None:
    own = _own(intent)
    while True:
        await asyncio.sleep(LOOK_EVERY)
        before, own = own, _own(intent)
        for address in {address for address, _ in before - own}:
            count = await asyncio.to_thread(conntrack.forget, address)
            _log.info("the line's address %s is gone, and with it %d conversations", address, count)


def _own(intent: RouterIntent) -> set[tuple[IPv4Address | IPv6Address, int | None]]:
    """Addresses, those of softwires with the number of the port set: another set is as good as another address."""
    found = given(intent)
    inside = (way for way in found.softwires.values() if way is not None)
    shares = {(way.address, way.share.psid if way.share else None) for way in inside}
    return {(address, None) for address in own_addresses(found)} | shares
