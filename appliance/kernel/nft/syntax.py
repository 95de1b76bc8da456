"""The firewall model as text for `nft -f` (nft(8)): readable, one rule a line, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from appliance.intent.firewall import (
    Accept,
    Chain,
    ClampMss,
    Count,
    Counter,
    Drop,
    Field,
    FlowTable,
    Forget,
    Hook,
    In,
    Jump,
    MarkConnection,
    Masquerade,
    Match,
    MoreThan,
    NamedMap,
    NamedSet,
    Note,
    NoTrack,
    Offload,
    RedirectByMap,
    RedirectTo,
    Refuse,
    Remember,
    Rule,
    SourceNat,
    Table,
    TakeTurns,
    Value,
)

_COMMENT_LIMIT = 127
"""Bytes (libnftnl: NFTNL_UDATA_COMMENT_MAXLEN with its terminator)."""
_STRINGS = frozenset({Field.IIF, Field.OIF, Field.UID, "ifname"})
"""Fields and set types whose values are free text; every other str is a word of nft's own."""
_CONDITIONS = frozenset({Field.TCP_FLAGS_SYN, Field.TCP_FLAGS_RST, Field.CT_ENDS})
"""Fields that are a whole condition by themselves."""
_TCP_FIELDS = frozenset({Field.TCP_DPORT, Field.TCP_FLAGS_SYN, Field.TCP_FLAGS_RST})
_UDP_FIELDS = frozenset({Field.UDP_SPORT, Field.UDP_DPORT})
_ICMP_FIELDS = frozenset({Field.ICMP_TYPE, Field.ICMP_ID, Field.ICMP6_TYPE})
_WORD = re.compile(r"[A-Za-z0-9_:./-]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

_RESET = "reject with tcp reset"
_PROHIBITED = "reject with icmpx admin-prohibited"


def render(table: Table) -> str:
    """The whole table with its static elements. Loading it twice would double the rules: see `load`."""
    blocks = [
        *(_block(f"counter {counter.name}", counter_lines(counter)) for counter in table.counters),
        *(_block(f"set {wanted.name}", [*set_lines(wanted), *element_lines(wanted)]) for wanted in table.sets),
        *(_block(f"map {wanted.name}", map_lines(wanted)) for wanted in table.maps),
        *(_block(f"flowtable {wanted.name}", flow_table_lines(wanted)) for wanted in table.flow_tables),
        *(_block(f"chain {chain.name}", [*hook_lines(chain.hook), *chain_lines(chain)]) for chain in table.chains),
    ]
    return f"table inet {name(table.name)} {{\n" + "\n".join(blocks) + "}\n"


def counter_lines(counter: Counter) -> list[str]:
    return [f"comment {comment(counter.why)}"]


def set_lines(wanted: NamedSet) -> list[str]:
    kinds = (("interval", wanted.interval), ("timeout", wanted.timeout), ("dynamic", wanted.dynamic))
    flags = [flag for flag, on in kinds if on]
    return [
        f"type {' . '.join(wanted.key)}",
        *([f"size {wanted.size}"] if wanted.dynamic else []),
        *([f"flags {', '.join(flags)}"] if flags else []),
        f"comment {comment(wanted.why)}",
    ]


def map_lines(wanted: NamedMap) -> list[str]:
    return [
        f"type {' . '.join(wanted.key)} : {wanted.value}",
        *(["flags timeout"] if wanted.timeout else []),
        f"comment {comment(wanted.why)}",
    ]


def element_lines(wanted: NamedSet) -> list[str]:
    texts = elements(wanted)
    if not texts:
        return []
    return ["elements = {", *(f"\t{text}," for text in texts), "}"]


def elements(wanted: NamedSet) -> list[str]:
    """The static elements; for an interval set of networks without overlap, which nft refuses."""
    rows: Iterable[tuple[Value, ...]] = wanted.elements or ()
    if wanted.interval and len(wanted.key) == 1:
        rows = [(value,) for value in _without_overlap(row[0] for row in rows)]
    return list(dict.fromkeys(element(wanted.key, row) for row in rows))


def element(key: Sequence[str], values: Sequence[Value]) -> str:
    """One key as nft writes it: its parts joined by dots."""
    if len(key) != len(values):
        raise ValueError(f"an element of {' . '.join(key)} has {len(key)} parts, not {len(values)}")
    return " . ".join(scalar(kind, value) for kind, value in zip(key, values, strict=True))


def hook_lines(hook: Hook | None) -> list[str]:
    if hook is None:
        return []
    devices = f"{_devices(hook.devices)} " if hook.devices else ""
    return [f"type {hook.type} hook {hook.hook} {devices}priority {hook.priority}; policy {hook.policy};"]


def flow_table_lines(wanted: FlowTable) -> list[str]:
    """nft has no comment for a flow table that the kernel would keep."""
    return [
        f"# {' '.join(wanted.why.split())}",
        f"hook ingress priority {wanted.priority};",
        f"{_devices(wanted.devices)};",
    ]


def _devices(interfaces: Sequence[str]) -> str:
    return f"devices = {{ {', '.join(scalar(Field.IIF, interface) for interface in interfaces)} }}"


def chain_lines(chain: Chain) -> list[str]:
    return [line for rule in chain.rules for line in rule_lines(rule)]


def rule_lines(rule: Rule) -> list[str]:
    """One line, or two for a `Refuse` that may meet both TCP and the rest."""
    # nft knows the type of a connection's original port only after a match on the transport protocol.
    matches = sorted(rule.matches, key=lambda match: Field.CT_ORIGINAL_DPORT in match.fields)
    parts = [_match(match) for match in matches]
    tail = [f"comment {comment(rule.why)}"]
    counter = [f'counter name "{name(rule.counter)}"'] if rule.counter else []
    match rule.verdict:
        case Refuse():
            return [" ".join([*prefix, *parts, *counter, verdict, *tail]) for prefix, verdict in _refusals(rule)]
        case Count():
            if not counter:
                raise ValueError(f"a rule that only counts needs a counter: {rule.why}")
            return [" ".join([*parts, *counter, *tail])]
        case _:
            return [" ".join([*parts, *counter, _verdict(rule), *tail])]


def comment(why: str) -> str:
    """A quoted comment: nft has no escape for its quotes and a limit in bytes."""
    text = " ".join(why.replace('"', "'").split())
    return f'"{text.encode()[:_COMMENT_LIMIT].decode(errors="ignore")}"'


def name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"not a name for nft: {text!r}")
    return text


def scalar(kind: str, value: Value) -> str:
    """kind: a `Field` or the type name of a set's key. Words and names cannot break out of their place."""
    if isinstance(value, IPv4Network | IPv6Network) and value.prefixlen == value.max_prefixlen:
        return str(value.network_address)
    if not isinstance(value, str):
        return f"{value:#x}" if kind == Field.MARK and isinstance(value, int) else str(value)
    if kind in _STRINGS:
        if '"' in value or "\n" in value or not value:
            raise ValueError(f"not a name: {value!r}")
        return f'"{value}"'
    if not _WORD.fullmatch(value):
        raise ValueError(f"not a word of nft: {value!r}")
    return value


def _match(match: Match) -> str:
    fields = " . ".join(match.fields)
    negation = "!= " if match.negate else ""
    if isinstance(match.values, In):
        return f"{fields} {negation}@{name(match.values.set_name)}"
    if isinstance(match.values, MoreThan):
        if match.negate:
            raise ValueError("a set has one limit, and its elements keep the sense in which it was first asked")
        return f"add @{name(match.values.set_name)} {{ {fields} ct count over {match.values.limit} }}"
    field = match.fields[0]
    if len(match.fields) > 1:
        raise ValueError(f"several fields are compared with a named set only: {fields}")
    if field in _CONDITIONS:
        if match.values or match.negate:
            raise ValueError(f"{field} is a condition by itself")
        return fields
    if not match.values:
        raise ValueError(f"{field} is compared with nothing")
    texts = list(dict.fromkeys(scalar(field, value) for value in _without_overlap(match.values)))
    if field is Field.CT_STATUS:
        # Bits, not a value: any of them set, or none of them.
        return f"{fields} {'! ' if match.negate else ''}{','.join(texts)}"
    if len(texts) == 1:
        return f"{fields} {negation}{texts[0]}"
    return f"{fields} {negation}{{ {', '.join(texts)} }}"


def _without_overlap(values: Iterable[Value]) -> list[Value]:
    """nft refuses overlapping networks in one set."""
    values = list(values)
    four = collapse_addresses(value for value in values if isinstance(value, IPv4Network))
    six = collapse_addresses(value for value in values if isinstance(value, IPv6Network))
    return [*four, *six, *(value for value in values if not isinstance(value, IPv4Network | IPv6Network))]


def _refusals(rule: Rule) -> list[tuple[list[str], str]]:
    """Prefix and verdict of each line: the answer that every transport protocol of the rule understands."""
    protocols = {_protocol(match) for match in rule.matches} - {None}
    if protocols == {"tcp"}:
        return [([], _RESET)]
    if protocols:
        return [([], _PROHIBITED)]
    return [(["meta l4proto tcp"], _RESET), ([], _PROHIBITED)]


def _protocol(match: Match) -> str | None:
    """The one transport protocol that this match lets through, None when it does not tell or leaves TCP and others."""
    if match.fields == (Field.L4PROTO,) and match.negate and "tcp" in _values(match):
        return "another"
    if not match.negate and match.fields == (Field.L4PROTO,) and isinstance(match.values, tuple):
        return str(match.values[0]) if len(match.values) == 1 else None
    if _TCP_FIELDS & set(match.fields):
        return "tcp"
    if _UDP_FIELDS & set(match.fields):
        return "udp"
    if _ICMP_FIELDS & set(match.fields):
        return "icmp"
    return None


def _values(match: Match) -> tuple[Value, ...]:
    return match.values if isinstance(match.values, tuple) else ()


def _verdict(rule: Rule) -> str:
    match rule.verdict:
        case Accept():
            return "accept"
        case Drop():
            return "drop"
        case Jump(chain):
            return f"jump {name(chain)}"
        case TakeTurns(chains):
            turns = ", ".join(f"{turn} : jump {name(chain)}" for turn, chain in enumerate(chains))
            return f"numgen inc mod {len(chains)} vmap {{ {turns} }}"
        case MarkConnection(mark):
            return f"ct mark set {mark:#x}"
        case Remember(set_name, fields, seconds):
            return f"update @{name(set_name)} {{ {' . '.join(fields)} timeout {seconds}s }} accept"
        case Note(set_name, fields, seconds):
            return f"update @{name(set_name)} {{ {' . '.join(fields)} timeout {seconds}s }}"
        case Forget(set_name, fields):
            return f"delete @{name(set_name)} {{ {' . '.join(fields)} }} accept"
        case SourceNat(address, None):
            return f"snat ip to {address}"
        case SourceNat(address, ports):
            return f"snat ip to {address}:{ports}"
        case Masquerade():
            return "meta nfproto ipv4 masquerade"
        case RedirectByMap(address, fields, map_name):
            return f"dnat ip to {address} : {' . '.join(fields)} map @{name(map_name)}"
        case RedirectTo(address, port):
            return f"dnat ip to {address}:{port}"
        case ClampMss():
            return "tcp option maxseg size set rt mtu"
        case NoTrack():
            return "notrack"
        case Offload(flow_table):
            return f"flow add @{name(flow_table)}"
        case _:
            raise TypeError(rule.verdict)


def _block(head: str, lines: Sequence[str]) -> str:
    kind, _, own = head.partition(" ")
    body = "".join(f"\t\t{line}\n" for line in lines)
    return f"\t{kind} {name(own)} {{\n{body}\t}}\n"
