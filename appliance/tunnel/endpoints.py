"""Where the concentrators are: when to look their names up again, and what to tell WireGuard.

Names are resolved at the start, when the line's address changes, when a handshake is overdue, and
every few minutes: WireGuard itself resolves once and never again. A good answer is kept until a
better one comes; a resolver that fails takes nothing away, for neither family. Only addresses of a
family that the tunnel's line carries are used, and when one brings no handshake the next has its turn,
of the same family or the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from math import inf

from appliance.tunnel.names import Reason, Unresolved, resolve_a, resolve_aaaa

RENEW_EVERY = 300.0
"""Seconds between two look-ups of a name while all is well."""
SHORTEST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0
"""Seconds between two look-ups of one name while something is wrong."""
ADDRESS_PATIENCE = 20.0
"""Seconds for which one of several addresses is given a chance: WireGuard tries every 5 s (REKEY_TIMEOUT)."""


Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """host: name or literal address."""

    tunnel: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Started:
    at: float


@dataclass(frozen=True, slots=True)
class LineChanged:
    """The WAN got another address, gateway or resolvers."""

    at: float


@dataclass(frozen=True, slots=True)
class Carries:
    """Versions of IP that the line of the tunnel carries from now on, the preferred one first; none: it is dead.

    Until this is said of a tunnel, everything is taken to be carried.
    """

    tunnel: str
    versions: tuple[int, ...]
    at: float


@dataclass(frozen=True, slots=True)
class HandshakeOld:
    """No handshake for longer than WireGuard tolerates (REJECT_AFTER_TIME, 180 s); may be said again and again."""

    tunnel: str
    at: float


@dataclass(frozen=True, slots=True)
class HandshakeFresh:
    tunnel: str
    at: float


@dataclass(frozen=True, slots=True)
class EndpointLost:
    """The tunnel's interface was made anew and knows no endpoint."""

    tunnel: str
    at: float


@dataclass(frozen=True, slots=True)
class Resolved:
    """addresses: of both families; one of which nothing is known may be missing."""

    host: str
    addresses: tuple[Address, ...]
    at: float


@dataclass(frozen=True, slots=True)
class ResolveFailed:
    host: str
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    at: float


Event = Started | LineChanged | Carries | HandshakeOld | HandshakeFresh | EndpointLost | Resolved | ResolveFailed | Tick


@dataclass(frozen=True, slots=True)
class Resolve:
    """Answer with `Resolved` or `ResolveFailed`."""

    host: str


@dataclass(frozen=True, slots=True)
class SetEndpoint:
    """Also when WireGuard has it already: it then forgets from which address of ours it spoke until now."""

    tunnel: str
    address: Address
    port: int


Command = Resolve | SetEndpoint


@dataclass(slots=True)
class _Name:
    """due: when to look it up next. waiting: a look-up is under way. trials: look-ups since all was well."""

    due: float = inf
    waiting: bool = False
    trials: int = 0
    asked_at: float = 0.0

    def hurry(self, now: float) -> None:
        """At once when all was well until now, else after the back-off."""
        backoff = 0.0 if self.trials == 0 else min(LONGEST_BACKOFF, SHORTEST_BACKOFF * 2.0 ** (self.trials - 1))
        self.due = min(self.due, max(now, self.asked_at + backoff))

    def ask(self, now: float) -> bool:
        if self.waiting or now < self.due:
            return False
        self.waiting, self.asked_at, self.due = True, now, inf
        self.trials = min(self.trials + 1, 10)
        return True


@dataclass(slots=True)
class _Tunnel:
    """address: in force since `set_at`. tried: addresses that brought no handshake. answers: all that is known of the
    host, by family. versions: that its line carries, None while nobody has said."""

    endpoint: Endpoint
    address: Address | None
    set_at: float = -inf
    overdue: bool = False
    tried: set[Address] = field(default_factory=set)
    answers: dict[int, tuple[Address, ...]] = field(default_factory=dict)
    versions: tuple[int, ...] | None = None

    def learn(self, addresses: Iterable[Address]) -> None:
        by_version: dict[int, tuple[Address, ...]] = {}
        for address in addresses:
            by_version[address.version] = (*by_version.get(address.version, ()), address)
        self.answers |= by_version

    def choose(self, now: float) -> Address | None:
        """The address to use from now on, None to stay with the one in force."""
        versions = tuple(self.answers) if self.versions is None else self.versions
        answers = [address for version in versions for address in self.answers.get(version, ())]
        if not answers:
            return None
        if self.address in answers and not (self.overdue and now >= self.set_at + ADDRESS_PATIENCE):
            return None
        if self.address is not None:
            self.tried.add(self.address)
        if self.tried.issuperset(answers):
            self.tried = {self.address} if self.address is not None else set()
        return next((address for address in answers if address not in self.tried), None)


class Endpoints:
    """Feed it events in the order of their time (seconds of one monotonic clock).

    Carry its commands out in order, after the firewall has `addresses`. known: addresses in force
    already, by tunnel, when an earlier daemon has set them. Events of other tunnels raise KeyError.
    """

    def __init__(self, endpoints: Iterable[Endpoint], known: Mapping[str, Address] | None = None) -> None:
        self._tunnels = {at.tunnel: _Tunnel(at, (known or {}).get(at.tunnel)) for at in endpoints}
        hosts = {tunnel.endpoint.host for tunnel in self._tunnels.values()}
        self._names = {host: _Name() for host in hosts if literal(host) is None}
        for tunnel in self._tunnels.values():
            address = literal(tunnel.endpoint.host) or tunnel.address
            tunnel.learn([address] if address else [])

    def addresses(self) -> frozenset[tuple[Address, int]]:
        """Every (address, UDP port) in force: what the firewall lets out by the WAN."""
        return frozenset(
            (tunnel.address, tunnel.endpoint.port) for tunnel in self._tunnels.values() if tunnel.address is not None
        )

    def handle(self, event: Event) -> list[Command]:
        now = event.at
        commands: list[Command] = []
        match event:
            case Started() | LineChanged():
                for name in self._names.values():
                    name.trials = 0
                    name.hurry(now)
                for tunnel in self._tunnels.values():
                    chosen = self._choose(tunnel, now)
                    commands += chosen or (_set(tunnel) if isinstance(event, LineChanged) else [])
            case Carries(which, versions):
                commands += self._carried(self._tunnels[which], versions, now)
            case HandshakeOld(which):
                self._tunnels[which].overdue = True
                self._hurry(self._tunnels[which].endpoint.host, now)
            case HandshakeFresh(which):
                self._tunnels[which].overdue = False
                self._tunnels[which].tried.clear()
                self._relax(self._tunnels[which].endpoint.host)
            case EndpointLost(which):
                commands += _set(self._tunnels[which])
            case Resolved(host, addresses):
                commands += self._resolved(host, addresses, now)
            case ResolveFailed(host):
                if host in self._names:
                    self._names[host].waiting = False
                    self._hurry(host, now)
            case Tick():
                pass
        return commands + [Resolve(host) for host, name in sorted(self._names.items()) if name.ask(now)]

    def next_deadline(self) -> float | None:
        """When a `Tick` makes a look-up due; None while none is planned."""
        due = min((name.due for name in self._names.values() if not name.waiting), default=inf)
        return None if due == inf else due

    def _resolved(self, host: str, addresses: Sequence[Address], now: float) -> list[Command]:
        name = self._names.get(host)
        if name is None:
            return []
        name.waiting = False
        commands: list[Command] = []
        for tunnel in self._tunnels.values():
            if tunnel.endpoint.host == host:
                tunnel.learn(addresses)
                commands += self._choose(tunnel, now)
        if self._is_troubled(host):
            self._hurry(host, now)
        else:
            self._relax(host)
        return commands

    def _carried(self, tunnel: _Tunnel, versions: tuple[int, ...], now: float) -> list[Command]:
        if versions == tunnel.versions:
            return []
        tunnel.versions = versions
        # What failed by another line may do well by this one.
        tunnel.tried.clear()
        return self._choose(tunnel, now)

    def _choose(self, tunnel: _Tunnel, now: float) -> list[Command]:
        chosen = tunnel.choose(now)
        if chosen is None:
            return []
        tunnel.address, tunnel.set_at = chosen, now
        return _set(tunnel)

    def _is_troubled(self, host: str) -> bool:
        return any(tunnel.overdue for tunnel in self._tunnels.values() if tunnel.endpoint.host == host)

    def _hurry(self, host: str, now: float) -> None:
        name = self._names.get(host)
        if name is not None and not name.waiting:
            name.hurry(now)

    def _relax(self, host: str) -> None:
        name = self._names.get(host)
        if name is not None and not name.waiting and not self._is_troubled(host):
            name.trials, name.due = 0, name.asked_at + RENEW_EVERY


def _set(tunnel: _Tunnel) -> list[Command]:
    if tunnel.address is None:
        return []
    return [SetEndpoint(tunnel.endpoint.tunnel, tunnel.address, tunnel.endpoint.port)]


def literal(host: str) -> Address | None:
    """The address that `host` itself is; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


async def resolve(
    host: str,
    versions: Collection[int],
    resolvers: Sequence[Address],
    timeout: float,
    inside: Collection[IPv4Network] = (),
) -> list[Address] | Unresolved:
    """Carries out `Resolve` over the lines' resolvers, one after the other; timeout in seconds for each.

    versions: of IP, that any line may carry. inside: networks of the LAN and of the tunnels themselves, where no
    concentrator can be. `Unresolved` only when no family has an address; then the more telling reason.
    """
    address = literal(host)
    if address is not None:
        return [address]
    four, six = await asyncio.gather(
        _asked(4 in versions, lambda: resolve_a(host, resolvers, None, timeout)),
        _asked(6 in versions, lambda: resolve_aaaa(host, resolvers, timeout)),
    )
    known = [address for answer in (four, six) if not isinstance(answer, Unresolved) for address in answer]
    if possible := [address for address in known if _is_outside(address, inside)]:
        return possible
    if known:
        return Unresolved(Reason.IMPOSSIBLE)
    reasons = [answer.reason for answer in (four, six) if isinstance(answer, Unresolved)]
    return Unresolved(min(reasons, key=list(Reason).index))


def _is_outside(address: Address, inside: Iterable[IPv4Network]) -> bool:
    nowhere = address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local
    return not nowhere and not any(address in network for network in inside)


async def _asked(
    wanted: bool, question: Callable[[], Coroutine[None, None, Sequence[Address] | Unresolved]]
) -> Sequence[Address] | Unresolved:
    return await question() if wanted else Unresolved(Reason.NO_SERVER)
