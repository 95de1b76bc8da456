"""When a line gives another address, the conversations from the old one are over: the kernel forgets those.

A tunnel's packets then begin a conversation of their own, instead of being taken for part of one that goes nowhere.
"""

from __future__ import annotations

import asyncio
import logging

from appliance.control.ways import given, own_addresses
from appliance.intent.model import RouterIntent
from appliance.kernel import conntrack

LOOK_EVERY = 0.25
"""Seconds."""

_log = logging.getLogger(__name__)


async def forget_addresses(intent: RouterIntent) -> None:
    own = own_addresses(given(intent))
    while True:
        await asyncio.sleep(LOOK_EVERY)
        before, own = own, own_addresses(given(intent))
        for address in before - own:
            count = await asyncio.to_thread(conntrack.forget, address)
            _log.info("the line's address %s is gone, and with it %d conversations", address, count)
