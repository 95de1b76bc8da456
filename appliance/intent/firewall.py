"""A small model of a netfilter table: what `kernel.nft` renders and what proofs reason about.

Nothing here knows nft's syntax. Field names and semantics are those of nft(8) and
netfilter; a rule matches when every one of its matches does, and its verdict then applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network


class Field(StrEnum):
    """A packet's or a connection's property; the value is nft's expression for it."""

    IIF = "iifname"
    OIF = "oifname"
    FAMILY = "meta nfproto"
    L4PROTO = "meta l4proto"
    MARK = "meta mark"
    UID = "meta skuid"
    ETHER_SOURCE = "ether saddr"
    SOURCE4 = "ip saddr"
    DESTINATION4 = "ip daddr"
    SOURCE6 = "ip6 saddr"
    DESTINATION6 = "ip6 daddr"
    SPORT = "th sport"
    DPORT = "th dport"
    TCP_DPORT = "tcp dport"
    UDP_SPORT = "udp sport"
    UDP_DPORT = "udp dport"
    TCP_FLAGS_SYN = "tcp flags syn / syn,rst"
    TCP_FLAGS_RST = "tcp flags rst"
    ICMP_TYPE = "icmp type"
    ICMP_ID = "icmp id"
    ICMP6_TYPE = "icmpv6 type"
    TTL = "ip ttl"
    HOP_LIMIT = "ip6 hoplimit"
    CT_STATE = "ct state"
    CT_STATUS = "ct status"
    CT_DIRECTION = "ct direction"
    CT_MARK = "ct mark"
    CT_ENDS = "ct expiration < 1s"
    CT_ORIGINAL_DESTINATION4 = "ct original ip daddr"
    CT_ORIGINAL_DPORT = "ct original proto-dst"
    FIB_SOURCE_INTERFACE = "fib saddr . iif oif"
    FIB_ROUTE = "fib daddr oif"
    FIB_DESTINATION_TYPE = "fib daddr type"


@dataclass(frozen=True, slots=True)
class Ports:
    """From `first` to `last`, both included; of ICMP echoes, their identifiers."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


Value = str | int | Ports | IPv4Address | IPv4Network | IPv6Address | IPv6Network
"""A scalar to compare with; str for interface names, protocol, state and MAC values (nft's own words)."""


@dataclass(frozen=True, slots=True)
class In:
    """Member of a named set; `fields` of several entries are a concatenation."""

    set_name: str


@dataclass(frozen=True, slots=True)
class MoreThan:
    """More than `limit` connections that live have the same `fields`, this packet's among them.

    Each packet that is asked puts its connection into the named set, which counts by those keys; what has ended goes
    out of it by itself (nft(8), ``ct count``). One set has one limit.
    """

    set_name: str
    limit: int


@dataclass(frozen=True, slots=True)
class Match:
    """`fields` (one, or several as a concatenation) compared with literal values or a named set.

    values: any of them matches; empty for a field that is a condition by itself (TCP flags).
    Several fields always need `In` or `MoreThan`. negate: must not match.
    """

    fields: tuple[Field, ...]
    values: tuple[Value, ...] | In | MoreThan
    negate: bool = False


@dataclass(frozen=True, slots=True)
class Accept:
    pass


@dataclass(frozen=True, slots=True)
class Drop:
    """Silence: for the WAN and for what forges addresses, never for an honest LAN client."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer at once: TCP reset for TCP, ICMP/ICMPv6 admin-prohibited for the rest (one rule each when rendered)."""


@dataclass(frozen=True, slots=True)
class Jump:
    chain: str


@dataclass(frozen=True, slots=True)
class TakeTurns:
    """Jump to one of `chains`, each in its turn."""

    chains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkConnection:
    """Write `mark` on the connection and go on to the next rule."""

    mark: int


@dataclass(frozen=True, slots=True)
class Remember:
    """Put `fields` into a named set for `seconds` from now, and accept."""

    set_name: str
    fields: tuple[Field, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Note:
    """Put `fields` into a named set for `seconds` from now, and go on to the next rule; into a full set nothing goes.

    The kernel then breaks the rule off, so what decides about the packet must stand in a rule of its own.
    """

    set_name: str
    fields: tuple[Field, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Take `fields` out of a named set, and accept."""

    set_name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class SourceNat:
    """ports: None to keep the sender's where possible. The kernel takes any of `ports` that is free towards this
    destination; when none is, it drops the packet in the end, without a word (nf_conntrack_core.c, insertion)."""

    address: IPv4Address
    ports: Ports | None = None


@dataclass(frozen=True, slots=True)
class Masquerade:
    """To whatever address the outgoing interface has; connections end when it loses it (nft(8))."""


@dataclass(frozen=True, slots=True)
class RedirectByMap:
    """Redirect to a port of our own `address`, looked up in a named map with key `fields`; no entry, no redirect.

    Not nft's `redirect`: that takes the first address of the port, which may be somebody else's.
    """

    address: IPv4Address
    fields: tuple[Field, ...]
    map_name: str


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """Lead to a port of `address`, which is our own or a machine's of the clinic."""

    address: IPv4Address
    port: int


@dataclass(frozen=True, slots=True)
class ClampMss:
    """Set TCP MSS of SYN packets to the path MTU of the route (`tcp option maxseg size set rt mtu`)."""


@dataclass(frozen=True, slots=True)
class NoTrack:
    """Leave connection tracking out of this packet."""


@dataclass(frozen=True, slots=True)
class Count:
    """Count only and go on to the next rule."""


@dataclass(frozen=True, slots=True)
class Offload:
    """Let the packets to come of an established connection take the fast path, and go on to the next rule.

    No effect on a packet whose connection is not established.
    """

    flow_table: str


Verdict = (
    Accept
    | Drop
    | Refuse
    | Jump
    | TakeTurns
    | MarkConnection
    | Remember
    | Note
    | Forget
    | SourceNat
    | Masquerade
    | RedirectByMap
    | RedirectTo
    | ClampMss
    | NoTrack
    | Count
    | Offload
)


@dataclass(frozen=True, slots=True)
class Rule:
    """matches: all must hold. why: the promise this rule keeps, becomes its comment. counter: named counter."""

    matches: tuple[Match, ...]
    verdict: Verdict
    why: str
    counter: str | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """type: filter or nat; hook: ingress, prerouting, input, forward, output, postrouting; priority as in nft(8).

    devices: the interfaces of an ingress hook.
    """

    type: str
    hook: str
    priority: str
    policy: str
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    name: str
    hook: Hook | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A set of concatenated keys.

    key: nft type names, e.g. ("ipv4_addr", "inet_service"). timeout: elements expire by
    themselves. elements: the wanted content of a set that the settings decide; None for a set
    that is filled at run time (proofs) and must survive every reload untouched. dynamic: rules fill it,
    with `size` elements at most.
    """

    name: str
    key: tuple[str, ...]
    why: str
    timeout: bool = False
    interval: bool = False
    elements: tuple[tuple[Value, ...], ...] | None = None
    dynamic: bool = False
    size: int = 65535


@dataclass(frozen=True, slots=True)
class NamedMap:
    """Run-time filled map from concatenated keys to `value` (nft type name); see `NamedSet`."""

    name: str
    key: tuple[str, ...]
    value: str
    why: str
    timeout: bool = False


@dataclass(frozen=True, slots=True)
class Counter:
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class FlowTable:
    """The fast path: packets of the connections in it go from device to device past every hook but `ingress`.

    devices: the interfaces where such packets are caught, after the ingress chains of a lower priority.
    """

    name: str
    priority: str
    devices: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Table:
    """One nftables table of family inet."""

    name: str
    sets: tuple[NamedSet, ...]
    maps: tuple[NamedMap, ...]
    counters: tuple[Counter, ...]
    chains: tuple[Chain, ...]
    flow_tables: tuple[FlowTable, ...] = ()
