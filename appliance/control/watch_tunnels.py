"""Looks at both tunnels, lets the fail-over policy decide their order, and tells what it sees."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping

from appliance.control.applying import Applier
from appliance.control.clock import boottime
from appliance.control.records import Records
from appliance.control.wishes import Wishes
from appliance.engines.bird import Standing
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
DEAF_AFTER = 25.0
"""Seconds without a path and without a handshake until another address of the concentrator is tried."""
STALE_HANDSHAKE = 180.0
"""Seconds: REJECT_AFTER_TIME, after which WireGuard sends nothing without a new handshake (whitepaper, section 6.1)."""

_log = logging.getLogger(__name__)


class TunnelWatch:
    """told: what BIRD was told by an earlier run of ours, by tunnel name; nothing when there was none."""

    def __init__(
        self, intent: RouterIntent, told: Mapping[str, Standing], wishes: Wishes, applier: Applier, records: Records
    ) -> None:
        self._intent = intent
        self._applier = applier
        self._records = records
        order = sorted(told, key=lambda name: -told[name].preference)
        self._policy = Policy([tunnel.name for tunnel in intent.tunnels], order)
        self._wishes = Wishes()
        self._bird = BirdControl()
        self._up: dict[str, bool] = {}
        self._silent_since: dict[str, float] = {}
        self._carrying: str | None = None
        self._peers: dict[str, PeerState] = {}
        self.lines = {tunnel.name: tunnel.line for tunnel in intent.tunnels}
        """The access line that each tunnel uses, by their names."""
        self.moved = asyncio.Event()
        """`lines` has changed since whoever waits for it has cleared it."""
        self.mtus = {tunnel.name: told[tunnel.name].mtu if tunnel.name in told else None for tunnel in intent.tunnels}
        """How large a packet each tunnel carries, in bytes; None: as the account says."""
        for event in self._heed(wishes):
            self._policy.handle(event)

    @property
    def standings(self) -> dict[str, Standing]:
        """What BIRD shall be told, by tunnel name."""
        drained = self._wishes.drained
        return {
            name: Standing(preference, watched=name not in drained, mtu=self.mtus[name])
            for name, preference in self._policy.preferences.items()
        }

    @property
    def carrying(self) -> str | None:
        """Name of the tunnel that carried at the last look."""
        return self._carrying

    def path(self, tunnel: str) -> bool | None:
        """Whether packets passed both ways at the last look; None while nobody knows, as of a drained tunnel."""
        return None if tunnel in self._wishes.drained else self._up.get(tunnel)

    def use(self, tunnel: str, line: str) -> None:
        """The tunnel uses this access line from now on."""
        if self.lines[tunnel] != line:
            self.lines[tunnel] = line
            self.moved.set()

    def version(self, tunnel: Tunnel) -> int | None:
        """Of IP, by which the tunnel's outer packets went at the last look; None while nobody knows."""
        peer = self._peers.get(tunnel.interface)
        return peer.endpoint.address.version if peer and peer.endpoint else None

    async def wish(self, wishes: Wishes) -> None:
        """What the operator wants from now on."""
        for event in self._heed(wishes):
            await self.hear(event)
        # Being watched is no matter of order.
        await self._applier.stand(self.standings)

    async def narrow(self, tunnel: str, mtu: int) -> None:
        """The tunnel carries packets of `mtu` bytes and no larger ones."""
        widest = next(known.mtu for known in self._intent.tunnels if known.name == tunnel)
        _log.info("tunnel %s carries packets of %d bytes", tunnel, mtu)
        self.mtus[tunnel] = None if mtu == widest else mtu
        await self._applier.stand(self.standings)

    def _heed(self, wishes: Wishes) -> list[policy.Event]:
        """What is new in `wishes`, as events."""
        before, self._wishes = self._wishes, wishes.of(tunnel.name for tunnel in self._intent.tunnels)
        drained, now = self._wishes.drained, boottime()
        # What BIRD watches anew has not come up yet; that is no failure.
        for name in before.drained - drained:
            self._up[name] = False
        events: list[policy.Event] = [policy.Drain(name, now) for name in sorted(drained - before.drained)]
        events += [policy.Undrain(name, now) for name in sorted(before.drained - drained)]
        if self._wishes.pinned != before.pinned:
            pinned = self._wishes.pinned
            events.append(policy.Unpin(now) if pinned is None else policy.Pin(pinned, now))
        return events

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
            fresh = age is not None and age < STALE_HANDSHAKE and not self._is_deaf(tunnel.name, age, now)
            yield (endpoints.HandshakeFresh if fresh else endpoints.HandshakeOld)(tunnel.name, now)

    def _is_deaf(self, tunnel: str, handshake_age: float, now: float) -> bool:
        """Nothing comes through, and nobody has answered a call since: WireGuard calls after 15 s of silence
        (KEEPALIVE_TIMEOUT + REKEY_TIMEOUT) and then every 5 s."""
        silent = now - self._silent_since.get(tunnel, now)
        return self.path(tunnel) is False and silent > DEAF_AFTER and handshake_age > silent

    async def run(self) -> None:
        peers_due = 0.0
        while True:
            await self._look_at_paths()
            if boottime() >= peers_due:
                peers_due = boottime() + PEERS_EVERY
                await self._look_at_peers()
            await self.hear(policy.Tick(boottime()))
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
            drained = tunnel.name in self._wishes.drained
            self._records.record("tunnel.drained", tunnel.name, drained)
            self._records.record("tunnel.pinned", tunnel.name, tunnel.name == self._wishes.pinned)
            self._records.record("tunnel.engines", tunnel.name, tunnel.name not in self._policy.deaf)
            self._records.record("tunnel.carrying", tunnel.name, tunnel.interface == carrying)
            if tunnel.interface == carrying:
                self._carrying = tunnel.name
            if not drained:
                await self._path(tunnel.name, sessions.get(tunnel.interface, False))

    async def _path(self, tunnel: str, up: bool) -> None:
        self._records.record("tunnel.path", tunnel, up)
        if up:
            self._silent_since.pop(tunnel, None)
        else:
            self._silent_since.setdefault(tunnel, boottime())
        # A path that has not come up yet has not failed: no hold-down at a start.
        if up != self._up.setdefault(tunnel, False):
            self._up[tunnel] = up
            event = policy.PathUp if up else policy.PathDown
            await self.hear(event(tunnel, boottime()))

    async def _look_at_peers(self) -> None:
        self._peers = await asyncio.to_thread(wireguard.observe_peers)
        for tunnel in self._intent.tunnels:
            age = _handshake_age(self._peers, tunnel)
            ok = age is not None and age < STALE_HANDSHAKE
            self._records.record("tunnel.handshake", tunnel.name, ok, detail="" if age is None else f"{age:.0f}")

    async def hear(self, event: policy.Event) -> None:
        """Something happened to a tunnel: the order may change."""
        decision = self._policy.handle(event)
        if decision is not None:
            _log.info("order of the tunnels is now %s: %s", _in_order(decision.by_tunnel), decision.why.en)
            await self._applier.stand(self.standings)

    def _figures(self, tunnel: Tunnel) -> TunnelFigures:
        peer = self._peers.get(tunnel.interface)
        return TunnelFigures(
            path_up=self.path(tunnel.name),
            engines_answer=tunnel.name not in self._policy.deaf,
            pinned=tunnel.name == self._wishes.pinned,
            drained=tunnel.name in self._wishes.drained,
            line=self.lines[tunnel.name],
            mtu_bytes=self.mtus[tunnel.name] or tunnel.mtu,
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
