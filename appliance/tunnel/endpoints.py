"""Where the concentrators are: when to look their names up again, and what to tell WireGuard.

Names are resolved at the start, when the line's address changes, when a handshake is overdue, and
every few minutes: WireGuard itself resolves once and never again. A good answer is kept until a
better one comes; a resolver that fails takes nothing away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from math import inf

from appliance.tunnel.names import Unresolved, resolve_a

RENEW_EVERY = 300.0
"""Seconds between two look-ups of a name while all is well."""
SHORTEST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0
"""Seconds between two look-ups of one name while something is wrong."""
ADDRESS_PATIENCE = 20.0
"""Seconds for which one of several addresses is given a chance: WireGuard tries every 5 s (REKEY_TIMEOUT)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """host: name or literal IPv4 address."""

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
    host: str
    addresses: tuple[IPv4Address, ...]
    at: float


@dataclass(frozen=True, slots=True)
class ResolveFailed:
    host: str
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    at: float


Event = Started | LineChanged | HandshakeOld | HandshakeFresh | EndpointLost | Resolved | ResolveFailed | Tick


@dataclass(frozen=True, slots=True)
class Resolve:
    """Answer with `Resolved` or `ResolveFailed`."""

    host: str


@dataclass(frozen=True, slots=True)
class SetEndpoint:
    tunnel: str
    address: IPv4Address
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
    """address: in force since `set_at`. tried: addresses that brought no handshake."""

    endpoint: Endpoint
    address: IPv4Address | None
    set_at: float = -inf
    overdue: bool = False
    tried: set[IPv4Address] = field(default_factory=set)

    def choose(self, answers: Sequence[IPv4Address], now: float) -> IPv4Address | None:
        """The address to use from now on, None to stay with the one in force."""
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

    def __init__(self, endpoints: Iterable[Endpoint], known: Mapping[str, IPv4Address] | None = None) -> None:
        self._tunnels = {at.tunnel: _Tunnel(at, (known or {}).get(at.tunnel)) for at in endpoints}
        hosts = {tunnel.endpoint.host for tunnel in self._tunnels.values()}
        self._names = {host: _Name() for host in hosts if literal(host) is None}

    def addresses(self) -> frozenset[tuple[IPv4Address, int]]:
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
                    address = literal(tunnel.endpoint.host)
                    commands += self._answer(tunnel, [address] if address else [], now)
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

    def _resolved(self, host: str, addresses: Sequence[IPv4Address], now: float) -> list[Command]:
        name = self._names.get(host)
        if name is None:
            return []
        name.waiting = False
        commands: list[Command] = []
        for tunnel in self._tunnels.values():
            if tunnel.endpoint.host == host:
                commands += self._answer(tunnel, addresses, now)
        if self._is_troubled(host):
            self._hurry(host, now)
        else:
            self._relax(host)
        return commands

    def _answer(self, tunnel: _Tunnel, addresses: Sequence[IPv4Address], now: float) -> list[Command]:
        chosen = tunnel.choose(addresses, now) if addresses else None
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


def literal(host: str) -> IPv4Address | None:
    """The address that `host` itself is; None for a name."""
    try:
        return IPv4Address(host)
    except AddressValueError:
        return None


async def resolve(
    host: str, resolvers: Sequence[IPv4Address | IPv6Address], timeout: float
) -> list[IPv4Address] | Unresolved:
    """Carries out `Resolve` over the line's resolvers, one after the other; timeout in seconds for each."""
    address = literal(host)
    if address is not None:
        return [address]
    return await resolve_a(host, resolvers, None, timeout)
