"""Looks at a WAN line and tells what it sees; leaves a line alone whose addresses are already somebody's inside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network

from appliance.control import find_line
from appliance.control.applying import Applier
from appliance.control.clock import boottime
from appliance.control.far_ends import known
from appliance.control.records import Records
from appliance.control.ways import given, lease_of
from appliance.engines import session_log
from appliance.engines.leases6 import Lease6, read_lease6
from appliance.engines.pppd import log_file
from appliance.intent.model import Line, RouterIntent
from appliance.intent.overlap import clash, inside
from appliance.kernel.line import LineState, has_carrier, observe_line, packets
from appliance.tunnel.silence import Silence

EVERY = 5.0
SOON = 1.0
"""Seconds until the next look, and while there is no working line: people wait for the light."""
LEASE_EVERY = 0.25
"""Seconds: how soon a lease that overlaps is noticed."""
ASK_AGAIN = 10.0
SESSION_AGAIN = 60.0
"""Seconds until the line is asked whether it has something better to offer, and until a session is tried anew."""
_LOG_TAIL = 16384
"""Bytes of pppd's log: several tries."""

_log = logging.getLogger(__name__)


class LineWatch:
    """One line. Feed of the lights: ``wan.carrier``, ``wan.address`` (with the reason when there is none),
    ``wan.gateway``, and where there is another line ``wan.apart``."""

    def __init__(self, line: Line, intent: RouterIntent, applier: Applier, records: Records) -> None:
        self._line = line
        self._intent = intent
        self._silence = Silence()
        self._taken = inside(intent)
        self._applier = applier
        self._records = records
        self._clash: tuple[IPv4Network, IPv4Network] | None = None
        """What the line gave, and the network inside that it overlaps."""

    async def run(self) -> None:
        try:
            await asyncio.gather(self._tell(), self._keep_apart())
        finally:
            self._applier.wake(self._line.name)

    async def _tell(self) -> None:
        subject, record = self._line.interface, self._records.record
        while True:
            state = await asyncio.to_thread(self._observe)
            record("wan.carrier", subject, state.carrier)
            reason, detail = self._why_not(state)
            record("wan.address", subject, not reason, reason, detail)
            if state.gateway_answers is not None and not self._clash:
                record("wan.gateway", subject, state.gateway_answers, detail=str(state.gateway))
            if len(self._intent.lines) > 1:
                same = shared(self._line.name, await asyncio.to_thread(networks, self._intent))
                record("wan.apart", subject, same is None, "" if same is None else "same-range", str(same or ""))
            await asyncio.sleep(EVERY if state.gateway_answers else SOON)

    def _observe(self) -> LineState:
        if self._line.softwire:
            # What carries the softwire is the port, by IPv6; whether anything comes through it, see `_softwire`.
            return observe_line(self._line.port, 6)
        state = observe_line(self._line.interface, 4 if self._line.ipv4 else 6)
        if not self._line.is_session:
            return state
        # pppd ends a session whose far end falls silent (LCP echo): while there is one, somebody answers.
        return replace(state, carrier=has_carrier(self._line.port), gateway_answers=bool(state.addresses) or None)

    def _why_not(self, state: LineState) -> tuple[str, str]:
        """The reason why the line has no address of use, and what to name with it; no reason when it has one."""
        if self._clash:
            return "overlap", ", ".join(map(str, self._clash))
        lacks = "" if not self._line.ipv6 else what_is_missing(read_lease6(self._line.port))
        if lacks:
            return lacks, ""
        if state.addresses and self._line.softwire:
            return self._softwire(self._line.softwire.far_end)
        if state.addresses:
            return "", ", ".join(map(str, state.addresses))
        if not self._line.is_session:
            return "no-lease", ""
        if self._line.name not in self._applier.passwords:
            return "no-password", ""
        return session_log.fault(_tail(self._line)) or "no-session", ""

    def _softwire(self, far_end: str) -> tuple[str, str]:
        if known(self._line) is None:
            return "no-far-end", far_end
        way = given(self._intent).softwires[self._line.name]
        if way is None:
            return "wrong-rule", ""
        counted = packets(self._line.interface)
        if counted and self._silence.hear(*counted, boottime()):
            return "far-end-silent", far_end
        return "", str(way.address)

    async def _keep_apart(self) -> None:
        """An address that is somebody's inside as well is given back: both sides' packets would go astray."""
        while True:
            lease = None if self._clash else lease_of(self._line)
            other = clash(lease.address.network, self._taken) if lease else None
            if lease is None or other is None:
                await asyncio.sleep(LEASE_EVERY)
                continue
            self._clash = (lease.address.network, other)
            _log.warning("line %s gave an address in %s, which overlaps %s", self._line.name, *self._clash)
            await self._applier.rest(self._line.name)
            await self._until_better()
            self._clash = None
            self._applier.wake(self._line.name)
            await self._applier.renew_engines()

    async def _until_better(self) -> None:
        """A session has to be tried; a DHCP server can be asked what it would give without taking it."""
        if self._line.is_session:
            await asyncio.sleep(SESSION_AGAIN)
            return
        while True:
            await asyncio.sleep(ASK_AGAIN)
            evidence = await asyncio.to_thread(find_line.ask, self._line.port)
            offered = [offer.address.network for offer in evidence.offers]
            overlap = [other for network in offered if (other := clash(network, self._taken))]
            if offered and not overlap:
                return


def _tail(line: Line) -> str:
    try:
        with log_file(line).open("rb") as stream:
            stream.seek(max(0, log_file(line).stat().st_size - _LOG_TAIL))
            return stream.read().decode(errors="replace")
    except OSError:
        return ""


def networks(intent: RouterIntent) -> dict[str, IPv4Network]:
    """Of the wires between the router and each line's equipment, as leased or as set; by the line's name."""
    leased = {line.name: lease.address.network for line in intent.lines if (lease := lease_of(line))}
    fixed = {
        line.name: address.address.network
        for line in intent.lines
        for address in intent.addresses
        if address.interface == line.interface and isinstance(address.address, IPv4Interface)
    }
    return {**fixed, **leased}


def shared(name: str, wires: Mapping[str, IPv4Network]) -> IPv4Network | None:
    """Pure. The network of the line `name`, if any other line's has an address of it too.

    A session's is its own address alone: its far end gives it to nobody else.
    """
    own = wires.get(name)
    if own is None:
        return None
    return own if any(other.overlaps(own) for line, other in wires.items() if line != name) else None


def what_is_missing(lease: Lease6 | None) -> str:
    """Of all that a line by IPv6 must give; the words are reasons of the evidence ``wan.address``."""
    if lease is None or not lease.advertised:
        return "no-advertisement"
    if lease.address is None or lease.gateway is None:
        return "advertised-no-address"
    return "" if lease.dns else "no-resolvers"
