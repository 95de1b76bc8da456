"""Terminals that staff switch from the receipt engine to the internet and back. The kernel counts the time.

The kernel's set is the only truth: it empties itself, and a restart of ours reads what it holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from appliance.control.clock import boottime
from appliance.control.ready import Ready, SiteView, Terminal
from appliance.control.records import Records
from appliance.errors import SekishoError
from appliance.gate import reset
from appliance.intent import names
from appliance.intent.model import PROBE_MARK, RouterIntent
from appliance.kernel import conntrack, nft

LOOK_EVERY = 2.0
"""Seconds between two looks at the kernel's set: how late people see that the time was up."""

PAGE_PORTS = (80, 443)
"""TCP, where terminals find the page."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one terminal that may be switched. minutes: for how long at most. until: seconds of CLOCK_BOOTTIME, None in
    the receipt state."""

    name: str
    label: str
    minutes: int
    until: float | None


def standings(site: SiteView, left: Mapping[IPv4Address, float], now: float) -> tuple[Standing, ...]:
    """left: seconds that the kernel still leaves each address on the internet. now: CLOCK_BOOTTIME."""
    return tuple(
        Standing(
            terminal.name,
            terminal.label,
            terminal.internet_minutes,
            now + left[terminal.address] if left.get(terminal.address, 0) > 0 else None,
        )
        for terminal in site.terminals
        if terminal.internet_minutes is not None
    )


def terminal_named(site: SiteView, name: str, *, as_staff: bool = False) -> Terminal:
    """as_staff: asked for by whoever sits before the page, and has not logged in.

    Raises SekishoError: there is no such terminal, it may not be switched, or not so.
    """
    if as_staff and not site.switch_by_page:
        raise SekishoError(
            "terminal.not-by-page",
            "この医院では、ページからの切り替えは使えません。"
            "使うには、設定の [page] に switch_terminals = true と書いて反映してください。",
            "Terminals cannot be switched from the page here; to allow it, write switch_terminals = true in [page] of "
            "the settings and apply them.",
        )
    found = next((terminal for terminal in site.terminals if terminal.name == name), None)
    if found is None:
        known = ", ".join(terminal.name for terminal in site.terminals if terminal.internet_minutes) or "—"
        raise SekishoError(
            "terminal.unknown",
            f"{name} という名前の端末はありません。切り替えられる端末は {known} です。",
            f"There is no terminal {name}; those that can be switched are: {known}.",
        )
    if found.internet_minutes is None:
        raise SekishoError(
            "terminal.receipt-only",
            f"端末 {name} はインターネットに切り替えられません。"
            "切り替えるには、設定の internet_minutes に時間を書いて反映してください。",
            f"Terminal {name} cannot be switched to the internet; to allow it, give it internet_minutes in the "
            "settings and apply them.",
        )
    return found


def seconds_for(terminal: Terminal, minutes: int | None) -> int:
    """minutes: as asked, None for as long as the settings allow. Raises SekishoError."""
    longest = terminal.internet_minutes or 0
    if minutes is None:
        return longest * 60
    if not 1 <= minutes <= longest:
        raise SekishoError(
            "terminal.minutes",
            f"端末 {terminal.name} をインターネットに切り替えられるのは 1 分から {longest} 分までです。",
            f"Terminal {terminal.name} can be switched to the internet for 1 to {longest} minutes.",
        )
    return minutes * 60


class Terminals:
    """Switches terminals in the kernel, and shows what the kernel holds."""

    def __init__(self, ready: Ready, records: Records) -> None:
        self._site = ready.site
        self._intent = ready.intent
        self._records = records

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except SekishoError as error:
                # A change that takes the set away has it done before it ends this watch.
                _log.warning("cannot see who is on the internet: %s", error)
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        left = await asyncio.to_thread(_left, self._intent)
        self._records.show_terminals(standings(self._site, left, boottime()))

    async def to_internet(self, name: str, minutes: int | None, *, as_staff: bool) -> dict[str, Any]:
        terminal = terminal_named(self._site, name, as_staff=as_staff)
        seconds = seconds_for(terminal, minutes)
        await asyncio.to_thread(nft.grant, [nft.Grant(names.INTERNET_TERMINALS, _key(terminal), seconds)])
        _log.warning("%s is switched to the internet for %d minutes", name, seconds // 60)
        await self._end_connections(terminal)
        return {"name": name, "state": "internet", "minutes": seconds // 60}

    async def to_receipt(self, name: str, *, as_staff: bool) -> dict[str, Any]:
        terminal = terminal_named(self._site, name, as_staff=as_staff)
        await asyncio.to_thread(nft.revoke, [nft.Grant(names.INTERNET_TERMINALS, _key(terminal))])
        _log.warning("%s is switched back to the receipt engine", name)
        await self._end_connections(terminal)
        return {"name": name, "state": "receipt"}

    async def _end_connections(self, terminal: Terminal) -> None:
        """Those of the former state: a terminal that waits in silence is made to speak, and is then refused."""
        router = self._intent.lan.address.ip
        # Not the page's: who presses the button sits before this terminal, and waits for the answer.
        page = {(router, port) for port in PAGE_PORTS}
        flows = await asyncio.to_thread(conntrack.forget_translated, terminal.address, page)
        await asyncio.to_thread(reset.wake, flows, PROBE_MARK)
        await self.look()


def _key(terminal: Terminal) -> tuple[IPv4Address, str]:
    return terminal.address, terminal.mac


def _left(intent: RouterIntent) -> dict[IPv4Address, float]:
    if not intent.lan.internet_hosts:
        return {}
    held = nft.elements(names.INTERNET_TERMINALS)
    return {IPv4Address(element.key[0]): float(element.expires or 0) for element in held}
