"""Numbers for the words of the firewall's model, since a solver reasons about bits.

A word, a field or a type that is not listed here raises `NotTaughtError`: whoever extends the model
teaches the proof what the kernel makes of it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from appliance.intent import names
from appliance.intent.firewall import Field, Table, Value

STRANGER = "stranger0"
"""An interface that no rule knows."""
NOWHERE = ""
"""What a rule sees as the interface where a packet has none (nft_meta.c: an empty name)."""

PROTOCOLS = {"icmp": 1, "ipip": 4, "tcp": 6, "udp": 17, "ipv6": 41, "gre": 47, "esp": 50, "icmpv6": 58, "sctp": 132}
"""IANA protocol numbers."""
STATES = {"new": 0, "established": 1, "related": 2, "invalid": 3, "untracked": 4}
ADDRESS_TYPES = {"unicast": 0, "local": 1, "broadcast": 2, "multicast": 3, "anycast": 4, "blackhole": 5}
ICMP_TYPES = {
    "echo-reply": 0,
    "destination-unreachable": 3,
    "source-quench": 4,
    "redirect": 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp-request": 13,
}
ICMP6_TYPES = {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "parameter-problem": 4,
    "echo-request": 128,
    "echo-reply": 129,
    "mld-listener-query": 130,
    "mld-listener-report": 131,
    "mld-listener-done": 132,
    "nd-router-solicit": 133,
    "nd-router-advert": 134,
    "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136,
    "nd-redirect": 137,
    "mld2-listener-report": 143,
}

_WORDS: dict[str, dict[str, int]] = {
    Field.FAMILY: {"ipv4": 2, "ipv6": 10},
    Field.L4PROTO: PROTOCOLS,
    Field.ICMP_TYPE: ICMP_TYPES,
    Field.ICMP6_TYPE: ICMP6_TYPES,
    Field.CT_STATE: STATES,
    Field.CT_STATUS: {"dnat": 1},
    Field.CT_DIRECTION: {"original": 0, "reply": 1},
    Field.FIB_DESTINATION_TYPE: ADDRESS_TYPES,
    Field.FIB_SOURCE_INTERFACE: {"missing": 0},
    Field.FIB_ROUTE: {"missing": 0},
}
_NUMBERS = frozenset(
    {Field.MARK, Field.TTL, Field.HOP_LIMIT, Field.TCP_DPORT, Field.UDP_SPORT, Field.UDP_DPORT, Field.CT_ORIGINAL_DPORT}
    | {Field.SPORT, Field.DPORT, Field.ICMP_ID, Field.CT_MARK, Field.L4PROTO}
    | {"inet_service", "mark"}
)
_IPV4 = frozenset({Field.SOURCE4, Field.DESTINATION4, Field.CT_ORIGINAL_DESTINATION4, "ipv4_addr"})
_IPV6 = frozenset({Field.SOURCE6, Field.DESTINATION6, "ipv6_addr"})
_INTERFACES = frozenset({Field.IIF, Field.OIF, "ifname"})
_MACS = frozenset({Field.ETHER_SOURCE, "ether_addr"})
WIDTHS = {
    "inet_proto": 8,
    "ipv4_addr": 32,
    "ipv6_addr": 128,
    "inet_service": 16,
    "ether_addr": 48,
    "ifname": 8,
    "mark": 32,
}
"""Bits of a set's key, by nft's type name."""


class NotTaughtError(Exception):
    """The model says something that the proof has not been taught."""


class Vocabulary:
    """The words of one table: its interfaces and users besides those that every table shares."""

    def __init__(self, table: Table) -> None:
        used: dict[str, set[str]] = {"interface": set(), "user": set()}
        for chain in table.chains:
            for match in (match for rule in chain.rules for match in rule.matches):
                if isinstance(match.values, tuple):
                    for value in match.values:
                        if match.fields[0] in _INTERFACES:
                            used["interface"].add(str(value))
                        elif match.fields[0] is Field.UID and isinstance(value, str):
                            used["user"].add(value)
        for wanted in table.sets:
            for position, kind in enumerate(wanted.key):
                if kind == "ifname":
                    used["interface"] |= {str(row[position]) for row in wanted.elements or ()}
        self.interfaces = (NOWHERE, "lo", *sorted(used["interface"] - {"lo"}), STRANGER)
        users = used["user"] | {names.GATE_USER, names.PAGE_USER, names.TIME_USER, names.NAMES_USER}
        self.users = {name: 900 + number for number, name in enumerate(sorted(users))}

    def number(self, kind: str, value: Value) -> int:
        """kind: a `Field` or the type name of a set's key. Raises NotTaughtError."""
        if kind in _INTERFACES and value in self.interfaces:
            return self.interfaces.index(str(value))
        if kind in _WORDS and isinstance(value, str) and value in _WORDS[kind]:
            return _WORDS[kind][value]
        if kind in _NUMBERS and isinstance(value, int):
            return value
        if kind == Field.UID and isinstance(value, int):
            return value
        if kind == Field.UID and value in self.users:
            return self.users[str(value)]
        if kind in _IPV4 and isinstance(value, IPv4Address):
            return int(value)
        if kind in _IPV6 and isinstance(value, IPv6Address):
            return int(value)
        if kind in _MACS and isinstance(value, str):
            return int(value.replace(":", ""), 16)
        raise NotTaughtError(f"{value!r} as {kind!r}: teach it to tests/unit/intent/proof/vocabulary.py")

    def word(self, kind: str, number: int) -> str:
        """For people."""
        if kind in _INTERFACES:
            return repr(self.interfaces[number])
        if kind in _WORDS:
            return next((word for word, value in _WORDS[kind].items() if value == number), str(number))
        if kind in _IPV4:
            return str(IPv4Address(number))
        if kind in _IPV6:
            return str(IPv6Address(number))
        if kind in _MACS:
            return number.to_bytes(6, "big").hex(":")
        if kind == Field.UID:
            return next((name for name, value in self.users.items() if value == number), str(number))
        return str(number)


def network(value: Value) -> IPv4Network | IPv6Network | None:
    return value if isinstance(value, IPv4Network | IPv6Network) else None
