"""Looks at both tunnels, lets the fail-over policy decide their order, and tells what it sees."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence

from appliance.control.applying import Applier
from appliance.control.clock import boottime
from appliance.control.records import Records
from appliance.engines.bird_control import BirdControl
from appliance.errors import SekishoError
from appliance.intent.model import RouterIntent, Tunnel
from appliance.kernel import wireguard
from appliance.kernel.wireguard import PeerState
from appliance.telemetry.snapshot import TunnelFigures
from appliance.tunnel import endpoints, policy
from appliance.tunnel.policy import Policy

PATHS_EVERY = 0.5
PEERS_EVERY = 5.0
"""Seconds, both."""
STALE_HANDSHAKE = 180.0
"""Seconds: REJECT_AFTER_TIME, after which WireGuard sends nothing without a new handshake (whitepaper, section 6.1)."""

_log = logging.getLogger(__name__)


class TunnelWatch:
    """order: of the tunnels' names as BIRD has it from an earlier run of ours, None when there was none."""

    def __init__(self, intent: RouterIntent, order: Sequence[str] | None, applier: Applier, records: Records) -> None:
        self._intent = intent
        self._applier = applier
        self._records = records
        self._policy = Policy([tunnel.name for tunnel in intent.tunnels], order)
        self._bird = BirdControl()
        self._up: dict[str, bool] = {}
        self._carrying: str | None = None
        self._peers: dict[str, PeerState] = {}

    @property
    def preferences(self) -> dict[str, int]:
        return self._policy.preferences

    def figures(self) -> dict[str, TunnelFigures]:
        """For monitoring, as of the last look."""
        return {tunnel.name: self._figures(tunnel) for tunnel in self._intent.tunnels}

    def peer_events(self, now: float) -> Iterator[endpoints.Event]:
        """What the last look at the WireGuard peers means for their endpoints; nothing before the first look."""
        for tunnel in self._intent.tunnels:
            peer = self._peers.get(tunnel.interface)
            if peer is None:
                continue
            if peer.endpoint is None:
                yield endpoints.EndpointLost(tunnel.name, now)
            age = _handshake_age(self._peers, tunnel)
            fresh = age is not None and age < STALE_HANDSHAKE
            yield (endpoints.HandshakeFresh if fresh else endpoints.HandshakeOld)(tunnel.name, now)

    async def run(self) -> None:
        peers_due = 0.0
        while True:
            await self._look_at_paths()
            if boottime() >= peers_due:
                peers_due = boottime() + PEERS_EVERY
                await self._look_at_peers()
            await self._decide(policy.Tick(boottime()))
            await asyncio.sleep(PATHS_EVERY)

    async def _look_at_paths(self) -> None:
        prefix = self._intent.tunnels[0].allowed_prefixes[0]
        try:
            sessions, carrying = await asyncio.to_thread(
                lambda: (self._bird.bfd_sessions(), self._bird.carrying(prefix))
            )
        except SekishoError as error:
            # No news is told as no news: the evidence grows old, and BIRD's own light says that it is silent.
            _log.debug("%s", error)
            return
        self._carrying = None
        for tunnel in self._intent.tunnels:
            up = sessions.get(tunnel.interface, False)
            self._records.record("tunnel.path", tunnel.name, up)
            self._records.record("tunnel.carrying", tunnel.name, tunnel.interface == carrying)
            if tunnel.interface == carrying:
                self._carrying = tunnel.name
            # A path that has not come up yet has not failed: no hold-down at a start.
            if up != self._up.setdefault(tunnel.name, False):
                self._up[tunnel.name] = up
                event = policy.PathUp if up else policy.PathDown
                await self._decide(event(tunnel.name, boottime()))

    async def _look_at_peers(self) -> None:
        self._peers = await asyncio.to_thread(wireguard.observe_peers)
        for tunnel in self._intent.tunnels:
            age = _handshake_age(self._peers, tunnel)
            ok = age is not None and age < STALE_HANDSHAKE
            self._records.record("tunnel.handshake", tunnel.name, ok, detail="" if age is None else f"{age:.0f}")

    async def _decide(self, event: policy.Event) -> None:
        decision = self._policy.handle(event)
        if decision is not None:
            _log.info("order of the tunnels is now %s: %s", _in_order(decision.by_tunnel), decision.why.en)
            await self._applier.prefer(decision.by_tunnel)

    def _figures(self, tunnel: Tunnel) -> TunnelFigures:
        peer = self._peers.get(tunnel.interface)
        return TunnelFigures(
            path_up=self._up.get(tunnel.name),
            carrying=tunnel.name == self._carrying,
            handshake_age_seconds=_handshake_age(self._peers, tunnel),
            received_bytes=peer.rx_bytes if peer else None,
            sent_bytes=peer.tx_bytes if peer else None,
        )


def _handshake_age(peers: Mapping[str, PeerState], tunnel: Tunnel) -> float | None:
    peer = peers.get(tunnel.interface)
    if peer is None or not peer.latest_handshake:
        return None
    return max(0.0, time.time() - peer.latest_handshake)


def _in_order(preferences: Mapping[str, int]) -> str:
    return ", ".join(sorted(preferences, key=lambda name: -preferences[name]))
