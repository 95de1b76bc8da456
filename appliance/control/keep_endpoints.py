"""Keeps the tunnels pointed at their concentrators: carries out what the pure core of `tunnel.endpoints` decides.

The firewall hears of an address before WireGuard does, or the first packets would be refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from appliance.control.applying import Applier
from appliance.control.clock import boottime
from appliance.control.records import Records
from appliance.control.watch_tunnels import TunnelWatch
from appliance.control.ways import Given, given, resolvers, versions, want_prefix, ways
from appliance.errors import SekishoError
from appliance.intent import names
from appliance.intent.model import RouterIntent, Tunnel
from appliance.kernel import conntrack, nft, wireguard
from appliance.kernel.line import is_there
from appliance.tunnel import endpoints
from appliance.tunnel.endpoints import Endpoint, Endpoints
from appliance.tunnel.names import Unresolved

TICK = 0.25
"""Seconds: how soon a new lease is noticed."""
RESOLVE_SECONDS = 3.0
"""How long one of the line's resolvers may take."""

_log = logging.getLogger(__name__)


class EndpointKeeper:
    def __init__(self, intent: RouterIntent, applier: Applier, tunnels: TunnelWatch, records: Records) -> None:
        self._intent = intent
        self._applier = applier
        self._tunnels = tunnels
        self._records = records
        self._versions = {4 for line in intent.lines if line.ipv4} | {6 for line in intent.lines if line.ipv6}
        segments = intent.lan.segments
        self._inside = [segment.address.network for segment in segments]
        self._inside += [behind.network for segment in segments for behind in segment.behind]
        self._inside += [prefix for tunnel in intent.tunnels for prefix in tunnel.allowed_prefixes]
        self._allowed: frozenset[tuple[IPv4Address | IPv6Address, int]] = frozenset()
        self._lines: dict[str, str] = {}
        self._firewall: object = None
        self._fill = False
        self._resolvers: tuple[IPv4Address | IPv6Address, ...] | None = None
        self._given: tuple[Given, frozenset[str]] | None = None
        """What the lines gave, and which of their ports are there, when the kernel was told of it."""
        self._events: asyncio.Queue[endpoints.Event] = asyncio.Queue()
        self._errands: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        core = await self._begin()
        ticking = asyncio.create_task(self._tick())
        try:
            self._events.put_nowait(endpoints.Started(boottime()))
            while True:
                event = await self._events.get()
                if self._fill:
                    self._fill = False
                    await self._allow(core)
                await self._carry_out(core, core.handle(event))
        finally:
            ticking.cancel()

    async def _begin(self) -> Endpoints:
        """A core that knows the endpoints in force, as an earlier run of ours may have left them."""
        peers = await asyncio.to_thread(wireguard.observe_peers)
        known = {}
        for tunnel in self._intent.tunnels:
            peer = peers.get(tunnel.interface)
            if peer and peer.endpoint:
                known[tunnel.name] = peer.endpoint.address
        wanted = (Endpoint(tunnel.name, tunnel.endpoint_host, tunnel.endpoint_port) for tunnel in self._intent.tunnels)
        core = Endpoints(wanted, known)
        for event in self._carried(given(self._intent)):
            core.handle(event)
        return core

    async def _tick(self) -> None:
        while True:
            try:
                await self._look_at_lines()
            except SekishoError as error:
                # An interface may go between the look and the deed; the next look tells.
                _log.warning("%s", error)
            for event in self._tunnels.peer_events(boottime()):
                self._events.put_nowait(event)
            self._events.put_nowait(endpoints.Tick(boottime()))
            # A tunnel that has moved may need an address of the other family before BFD gives it up.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._tunnels.moved.wait(), TICK)
            self._tunnels.moved.clear()

    async def _look_at_lines(self) -> None:
        if self._firewall is not self._applier.firewall:
            self._firewall, self._resolvers, self._fill = self._applier.firewall, None, True
        found = given(self._intent)
        servers = resolvers(self._intent, found)
        if servers != self._resolvers:
            await self._allow_resolvers(servers)
            self._resolvers = servers
            await self._applier.resolve_by(servers)
        there = frozenset(line.port for line in self._intent.lines if is_there(line.port))
        if (found, there) != self._given:
            await self._applier.ask_for_prefixes(want_prefix(found))
            await self._applier.lead(ways(found))
            self._given = (found, there)
            for event in self._carried(found):
                self._events.put_nowait(event)
            self._events.put_nowait(endpoints.LineChanged(boottime()))
        elif self._tunnels.lines != self._lines:
            for event in self._carried(found):
                self._events.put_nowait(event)

    def _carried(self, found: Given) -> list[endpoints.Event]:
        """Which versions of IP each tunnel has on its line of now."""
        self._lines = dict(self._tunnels.lines)
        by_name = {line.name: versions(line, found) for line in self._intent.lines}
        return [endpoints.Carries(tunnel, by_name[line], boottime()) for tunnel, line in self._lines.items()]

    async def _allow_resolvers(self, servers: Iterable[IPv4Address | IPv6Address]) -> None:
        four = [(server,) for server in servers if server.version == 4]
        if 4 in self._versions:
            await asyncio.to_thread(nft.replace_elements, names.WAN_RESOLVERS, four)
        if 6 in self._versions:
            # The zone of a link-local address is not part of the packet.
            six = [(IPv6Address(int(server)),) for server in servers if server.version == 6]
            await asyncio.to_thread(nft.replace_elements, names.WAN_RESOLVERS6, six)

    async def _carry_out(self, core: Endpoints, commands: Iterable[endpoints.Command]) -> None:
        for command in commands:
            match command:
                case endpoints.Resolve(host):
                    task = asyncio.create_task(self._resolve(host))
                    self._errands.add(task)
                    task.add_done_callback(self._errands.discard)
                case endpoints.SetEndpoint():
                    await self._set(core, command)

    async def _resolve(self, host: str) -> None:
        answer = await endpoints.resolve(host, self._versions, self._resolvers or (), RESOLVE_SECONDS, self._inside)
        failed = isinstance(answer, Unresolved)
        for tunnel in self._intent.tunnels:
            if tunnel.endpoint_host == host:
                self._records.record("tunnel.endpoint", tunnel.name, not failed, detail=host)
        self._events.put_nowait(
            endpoints.ResolveFailed(host, boottime())
            if isinstance(answer, Unresolved)
            else endpoints.Resolved(host, tuple(answer), boottime())
        )

    async def _allow(self, core: Endpoints) -> None:
        allowed = core.addresses()
        four = [(address, port) for address, port in allowed if address.version == 4]
        if 4 in self._versions:
            await asyncio.to_thread(nft.replace_elements, names.TUNNEL_ENDPOINTS, four)
        if 6 in self._versions:
            six = [(address, port) for address, port in allowed if address.version == 6]
            await asyncio.to_thread(nft.replace_elements, names.TUNNEL_ENDPOINTS6, six)
        # One that has moved to another address still speaks from the former until it hears from us, and WireGuard
        # follows whoever spoke last (roaming): unknown, it is not heard.
        for address, port in self._allowed - allowed:
            await asyncio.to_thread(conntrack.forget_peer, address, port)
        self._allowed = allowed

    async def _set(self, core: Endpoints, command: endpoints.SetEndpoint) -> None:
        await self._allow(core)
        tunnel = next(tunnel for tunnel in self._intent.tunnels if tunnel.name == command.tunnel)
        await asyncio.to_thread(_point, tunnel, command)


def _point(tunnel: Tunnel, command: endpoints.SetEndpoint) -> None:
    peer = wireguard.observe_peers().get(tunnel.interface)
    if peer is not None and peer.latest_handshake:
        wireguard.set_endpoint(tunnel.interface, tunnel.peer_public_key, command.address, command.port)
    else:
        wireguard.introduce(tunnel, command.address, command.port)
