"""Keeps the softwires pointed at their far ends: an AFTR is known by a name, and only to the line's own resolvers.

When to ask, the core of `tunnel.endpoints` decides, as for the concentrators: at the start, when the line
changes, when the softwire is silent, and now and then. What is found is kept where `ways.given` reads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address

from appliance.control import far_ends
from appliance.control.clock import boottime
from appliance.control.ways import Given, given
from appliance.engines.leases6 import Lease6
from appliance.intent.model import Line, RouterIntent
from appliance.kernel.line import packets
from appliance.tunnel import endpoints
from appliance.tunnel.endpoints import Endpoint, Endpoints
from appliance.tunnel.names import Unresolved, resolve_aaaa
from appliance.tunnel.silence import Silence

TICK = 1.0
"""Seconds."""
RESOLVE_SECONDS = 3.0
"""How long one of the line's resolvers may take."""


class FarEndKeeper:
    """Of the lines that carry IPv4 inside IPv6."""

    def __init__(self, intent: RouterIntent) -> None:
        self._intent = intent
        self._lines = {line.name: line for line in intent.lines if line.softwire}
        self._hosts = {line.name: line.softwire.far_end for line in intent.lines if line.softwire}
        self._silence = {name: Silence() for name in self._lines}
        self._leases: dict[str, Lease6 | None] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._found: list[endpoints.Event] = []

    async def run(self) -> None:
        known = {name: address for name, line in self._lines.items() if (address := far_ends.known(line))}
        core = Endpoints((Endpoint(name, host, 0) for name, host in self._hosts.items()), known)
        self._carry_out(core.handle(endpoints.Started(boottime())))
        while True:
            for event in self._events():
                self._carry_out(core.handle(event))
            await asyncio.sleep(TICK)

    def _events(self) -> Iterator[endpoints.Event]:
        found, now = given(self._intent), boottime()
        leases = {name: found.six[name] for name in self._lines}
        if leases != self._leases:
            self._leases = leases
            yield endpoints.LineChanged(now)
        for line in self._lines.values():
            yield from self._listen(line, found, now)
        events, self._found = self._found, []
        yield from events
        yield endpoints.Tick(now)

    def _listen(self, line: Line, found: Given, now: float) -> Iterator[endpoints.Event]:
        counted = packets(line.interface) if found.softwires[line.name] else None
        if counted is None:
            return
        is_silent = self._silence[line.name].hear(*counted, now)
        yield (endpoints.HandshakeOld if is_silent else endpoints.HandshakeFresh)(line.name, now)

    def _carry_out(self, commands: Iterable[endpoints.Command]) -> None:
        for command in commands:
            match command:
                case endpoints.Resolve(host):
                    task = asyncio.create_task(self._resolve(host))
                    self._errands.add(task)
                    task.add_done_callback(self._errands.discard)
                case endpoints.SetEndpoint(name, IPv6Address() as address) if not far_ends.literal(self._hosts[name]):
                    far_ends.keep(name, self._hosts[name], address)

    async def _resolve(self, host: str) -> None:
        leases = (self._leases.get(name) for name, wanted in self._hosts.items() if wanted == host)
        servers = tuple(server for lease in leases if lease is not None for server in lease.dns)
        answer = await resolve_aaaa(host, servers, RESOLVE_SECONDS)
        self._found.append(
            endpoints.ResolveFailed(host, boottime())
            if isinstance(answer, Unresolved)
            else endpoints.Resolved(host, tuple(answer), boottime())
        )
