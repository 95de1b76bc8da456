"""What the compiled rules do with one packet that begins something: netfilter's semantics in the words of our model.

Semantics of nft(8): a rule fires when all its matches hold; accept ends its base chain, drop and reject end the packet,
what has no verdict goes on to the next rule. The packet is the first of its connection and comes from a wire of the
clinic's; what the kernel knows of routes and of the sets' contents is given. Nothing here asks the kernel anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from appliance.intent.firewall import (
    Accept,
    Chain,
    Drop,
    Field,
    Hook,
    In,
    Jump,
    Match,
    MoreThan,
    NoTrack,
    Offload,
    RedirectByMap,
    RedirectTo,
    Refuse,
    Rule,
    Table,
    TakeTurns,
    Value,
)

Packet = Mapping[Field, Value | bool]
"""What the packet and its connection are. A field that is not there matches nothing, not even negated (as in nft)."""
Key = tuple[Value, ...]
Sets = Mapping[str, frozenset[Key]]
Maps = Mapping[str, Mapping[Key, int]]

_PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
_CONNTRACK = -200
"""NF_IP_PRI_CONNTRACK: before it, a packet has no connection yet."""


class End(StrEnum):
    """What becomes of the packet. NO_WAY: no rule ends it, and no route leads on."""

    PASSES = "passes"
    REFUSED = "refused"
    DROPPED = "dropped"
    NO_WAY = "no-way"


@dataclass(frozen=True, slots=True)
class Routed:
    """kind: as ``fib daddr type`` names it (local, unicast, broadcast, multicast), ``missing`` for no route.

    interface: by which it goes out, empty when it does not.
    """

    kind: str
    interface: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What the kernel holds now. routes: by destination, those of the packet and of our own addresses that it may be
    led to. way_back: the interface by which the sender is reached, empty when there is none."""

    sets: Sets
    maps: Maps
    routes: Mapping[IPv4Address, Routed]
    way_back: str


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that fired; rule None: the policy of the base chain."""

    chain: str
    rule: Rule | None

    @property
    def why(self) -> str:
        return self.rule.why if self.rule else "policy"


@dataclass(frozen=True, slots=True)
class Nearest:
    """The rule that would have let the packet pass, but for these of its matches."""

    rule: Rule
    unmet: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """decided: the last step that mattered: what let it in or out, or what ended it; None for no way at all.

    interface: by which it leaves, empty when it is for the router itself or ends. led_to: where a redirect took it.
    nearest: for what was refused by the end of a chain. packet: as it was when it ended.
    """

    end: End
    steps: tuple[Step, ...]
    decided: Step | None
    interface: str = ""
    led_to: tuple[IPv4Address, int] | None = None
    nearest: Nearest | None = None
    packet: Packet = field(default_factory=dict)


def travel(table: Table, packet: Packet, world: World) -> Journey:
    """packet: as it arrives; what connection tracking and routing add is added here. Pure.

    What many other connections do to this one (`MoreThan`) is not known here, and taken not to matter.
    """
    return _Traveller(table, packet, world).go()


class _Ended(Exception):  # noqa: N818 - no error: the packet has come to its end
    def __init__(self, end: End) -> None:
        super().__init__(end)
        self.end = end


class _Traveller:
    def __init__(self, table: Table, packet: Packet, world: World) -> None:
        self._table = table
        self._chains = {chain.name: chain for chain in table.chains}
        self._now: dict[Field, Value | bool] = {**packet, Field.CT_STATE: "invalid"}
        self._world = world
        self._steps: list[Step] = []
        self._led_to: tuple[IPv4Address, int] | None = None
        self._is_untracked = self._is_tracked = False
        self._passed_over: list[Nearest] = []

    def go(self) -> Journey:
        self._now[Field.FIB_SOURCE_INTERFACE] = self._world.way_back or "missing"
        if self._world.way_back != self._now[Field.IIF]:
            self._now[Field.FIB_SOURCE_INTERFACE] = "missing"
        self._look_up()
        try:
            self._meet("ingress")
            self._meet("prerouting")
            routed = self._routed()
            if routed.kind == "missing":
                raise _Ended(End.NO_WAY)
            if routed.kind != "unicast":
                return self._arrived("input")
            self._now[Field.OIF] = routed.interface
            return self._arrived("forward", routed.interface)
        except _Ended as ended:
            return self._journey(ended.end)

    def _routed(self) -> Routed:
        destination = self._now[Field.DESTINATION4]
        known = self._world.routes.get(destination) if isinstance(destination, IPv4Address) else None
        return known or Routed("missing")

    def _look_up(self) -> None:
        routed = self._routed()
        self._now[Field.FIB_ROUTE] = routed.interface or ("missing" if routed.kind == "missing" else "lo")
        self._now[Field.FIB_DESTINATION_TYPE] = "unicast" if routed.kind == "missing" else routed.kind

    def _arrived(self, hook: str, interface: str = "") -> Journey:
        self._meet(hook)
        return self._journey(End.PASSES, interface)

    def _journey(self, end: End, interface: str = "") -> Journey:
        decided = self._deciding(end)
        nearest = min(self._passed_over, key=lambda one: len(one.unmet), default=None)
        return Journey(
            end,
            tuple(self._steps),
            decided,
            interface,
            self._led_to,
            nearest if end is End.REFUSED else None,
            dict(self._now),
        )

    def _deciding(self, end: End) -> Step | None:
        if end is End.NO_WAY:
            return None
        return self._steps[-1] if self._steps else None

    def _meet(self, hook: str) -> None:
        for at, chain in _base_chains(self._table, hook):
            if hook == "ingress" and self._now[Field.IIF] not in at.devices:
                continue
            if hook != "ingress" and _priority(at.priority) > _CONNTRACK:
                self._track()
            self._passed_over.clear()
            if not self._walk(chain) and at.policy == "drop":
                self._steps.append(Step(chain.name, None))
                raise _Ended(End.DROPPED)

    def _track(self) -> None:
        if self._is_tracked:
            return
        self._is_tracked = True
        self._now[Field.CT_STATE] = "untracked" if self._is_untracked else "new"
        if not self._is_untracked:
            self._now[Field.CT_DIRECTION] = "original"
            self._now[Field.CT_STATUS] = "none"
            self._now[Field.CT_ORIGINAL_DESTINATION4] = self._now[Field.DESTINATION4]
            if Field.DPORT in self._now:
                self._now[Field.CT_ORIGINAL_DPORT] = self._now[Field.DPORT]

    def _walk(self, chain: Chain) -> bool:
        """Whether a rule accepted it. Raises _Ended."""
        if chain.hook and chain.hook.type == "nat" and self._is_untracked:
            return True
        for rule in chain.rules:
            unmet = tuple(match for match in rule.matches if not holds(match, self._now, self._world.sets))
            if unmet:
                if isinstance(rule.verdict, Accept):
                    self._passed_over.append(Nearest(rule, unmet))
                continue
            if self._fires(chain, rule):
                return True
        return False

    def _fires(self, chain: Chain, rule: Rule) -> bool:
        step = Step(chain.name, rule)
        match rule.verdict:
            case Accept():
                self._steps.append(step)
                return True
            case Drop():
                self._steps.append(step)
                raise _Ended(End.DROPPED)
            case Refuse():
                self._steps.append(step)
                raise _Ended(End.REFUSED)
            case Jump(name):
                self._steps.append(step)
                return self._walk(self._chains[name])
            case TakeTurns(names):
                self._steps.append(step)
                return self._walk(self._chains[names[0]])
            case RedirectByMap(address, fields, map_name):
                key = tuple(self._now[one] for one in fields)
                port = self._world.maps.get(map_name, {}).get(key)
                if port is None:
                    return False
                self._steps.append(step)
                self._lead(address, port)
                return True
            case RedirectTo(address, port):
                self._steps.append(step)
                self._lead(address, port)
                return True
            case NoTrack():
                self._steps.append(step)
                self._is_untracked = True
            case Offload():
                # Only what is established takes the fast path (nft_flow_offload.c).
                pass
            case _:
                self._steps.append(step)
        return False

    def _lead(self, address: IPv4Address, port: int) -> None:
        self._led_to = address, port
        self._now[Field.DESTINATION4] = address
        for one in (Field.DPORT, Field.TCP_DPORT, Field.UDP_DPORT):
            if one in self._now:
                self._now[one] = port
        self._now[Field.CT_STATUS] = "dnat"
        self._look_up()


def holds(match: Match, packet: Packet, sets: Sets) -> bool:
    """Whether the packet has what the match asks for."""
    values = tuple(packet.get(one) for one in match.fields)
    if any(value is None for value in values):
        return False
    if isinstance(match.values, MoreThan):
        return False
    if isinstance(match.values, In):
        found = any(_is_in(values, key) for key in sets.get(match.values.set_name, frozenset()))
    elif not match.values:
        found = bool(values[0])
    else:
        found = any(_same(values[0], wanted) for wanted in match.values)
    return found is not match.negate


def _is_in(values: tuple[object, ...], key: Key) -> bool:
    return len(values) == len(key) and all(map(_same, values, key))


def _same(value: object, wanted: Value) -> bool:
    if isinstance(wanted, IPv4Network):
        return isinstance(value, IPv4Address) and value in wanted
    if isinstance(wanted, IPv6Network):
        return isinstance(value, IPv6Address) and value in wanted
    return value == wanted


def _base_chains(table: Table, hook: str) -> Iterator[tuple[Hook, Chain]]:
    """In the order in which the kernel calls them."""
    hooked = [(chain.hook, chain) for chain in table.chains if chain.hook and chain.hook.hook == hook]
    yield from sorted(hooked, key=lambda one: _priority(one[0].priority))


def _priority(words: str) -> int:
    """A priority as nft(8) writes it: a name, a number, or a name and a distance."""
    found = re.fullmatch(r"(-?\w+)(?: ([+-]) (\d+))?", words)
    if found is None:
        raise ValueError(f"priority {words}")
    name, sign, distance = found.groups()
    return (_PRIORITIES[name] if name in _PRIORITIES else int(name)) + int(f"{sign or '+'}{distance or 0}")
