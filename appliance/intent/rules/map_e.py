"""A MAP-E line's ports: a few blocks of an IPv4 address that other customers use as well.

The kernel's NAT knows one range of ports and does not go on to another when that is full: it drops
the packet, and the sender waits. So the blocks take turns, each passes on what it has no room for,
and a connection for which none has room is refused before NAT. Whether a block is full towards one
destination, the rules count themselves: connections that live, by the block that is written on them.
Ports are shared between destinations, as with any NAT.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from appliance.intent import names
from appliance.intent.firewall import (
    Chain,
    Counter,
    Drop,
    Field,
    Forget,
    Hook,
    Jump,
    MarkConnection,
    Match,
    MoreThan,
    NamedSet,
    Refuse,
    Remember,
    Rule,
    SourceNat,
    Table,
    TakeTurns,
)
from appliance.intent.map_e import BLOCKS, Share, block_size
from appliance.intent.model import Line
from appliance.intent.rules.ground import (
    ECHO_REQUEST,
    ICMP,
    KNOWN,
    NEW,
    TCP,
    UDP,
    Ground,
    is_,
    is_not,
    outside,
    within,
)

_WITH_PORTS = is_(Field.L4PROTO, "tcp", "udp")
_ECHOES = is_(Field.ICMP_TYPE, "echo-request", "echo-reply")
_ENDS = Match((Field.CT_ENDS,), ())


@dataclass(frozen=True, slots=True)
class _Kind:
    """What shares the ports of a line: connections with ports, or echoes with their identifiers.

    key: of sets by destination. towards: the fields of that key. quiet: seconds without any packet of a full block's
    connections, after which it is tried again. TCP says when it ends; the rest ends by the kernel's time-outs.
    """

    name: str
    first: Match
    key: tuple[str, ...]
    towards: tuple[Field, ...]
    quiet: int

    def users(self, line: Line) -> str:
        return f"{line.name}_{self.name}_users"

    def taken(self, line: Line) -> str:
        return f"{line.name}_{self.name}_taken"

    def full(self, line: Line) -> str:
        return f"{line.name}_{self.name}_full"

    def count(self, line: Line) -> str:
        return f"{line.name}_{self.name}_count"


_PORTS = _Kind(
    "port",
    _WITH_PORTS,
    ("inet_proto", "ipv4_addr", "inet_service"),
    (Field.L4PROTO, Field.DESTINATION4, Field.DPORT),
    60,
)
_ECHOS = _Kind("echo", ECHO_REQUEST, ("ipv4_addr",), (Field.DESTINATION4,), 30)
_KINDS = (_PORTS, _ECHOS)


def chains(ground: Ground) -> tuple[Chain, ...]:
    """As long as a line has not said which address and ports are ours, nothing leaves by it."""
    lines = _lines(ground)
    if not lines:
        return ()
    return (
        *(_room(line) for line in lines),
        Chain(
            "ports_counted",
            Hook("filter", "postrouting", "srcnat + 10", "accept"),
            tuple(
                Rule((_to(line), kind.first), Jump(kind.count(line)), "Own ports: which blocks are full")
                for line in lines
                for kind in _KINDS
            ),
        ),
        *(_count(line, kind) for line in lines for kind in _KINDS),
        Chain(
            "ports_given_back",
            Hook("filter", "prerouting", "filter + 10", "accept"),
            tuple(_given_back(line) for line in lines),
        ),
        Chain(
            "ports_guard",
            Hook("filter", "postrouting", "srcnat + 20", "accept"),
            tuple(Rule((_to(line),), Jump(_guard(line)), "Own ports: what leaves by a MAP-E line") for line in lines),
        ),
        *(chain for line in lines for chain in _of_share(line, None)),
    )


def with_shares(table: Table, lines: tuple[Line, ...], shares: Mapping[str, Share]) -> Table:
    """The table once the lines, by name, have said which address and ports are ours."""
    told = {chain.name: chain for line in lines if line.name in shares for chain in _of_share(line, shares[line.name])}
    return replace(table, chains=tuple(told.get(chain.name, chain) for chain in table.chains))


def source_nat(ground: Ground) -> tuple[Rule, ...]:
    return tuple(
        Rule((_to(line),), Jump(_ports(line)), "Own ports: a MAP-E line has one address and a few ports")
        for line in _lines(ground)
    )


def room(ground: Ground) -> tuple[Rule, ...]:
    """Before a packet is let out to the internet: whether NAT will have a port for it."""
    why = "Own ports: a MAP-E line carries what has a port, as long as one is free"
    return tuple(Rule((_to(line),), Jump(_left(line)), why) for line in _lines(ground))


def sets(ground: Ground) -> tuple[NamedSet, ...]:
    return tuple(
        wanted
        for line in _lines(ground)
        for kind in _KINDS
        for wanted in (
            NamedSet(kind.users(line), kind.key, "Own ports: who uses them, by destination", dynamic=True),
            NamedSet(
                kind.taken(line),
                ("mark", *kind.key),
                "Own ports: who uses them, by block and destination",
                dynamic=True,
            ),
            NamedSet(
                kind.full(line),
                ("mark", *kind.key),
                "Own ports: blocks without a free one there",
                timeout=True,
                dynamic=True,
            ),
        )
    )


def counters(ground: Ground) -> tuple[Counter, ...]:
    if not _lines(ground):
        return ()
    return (
        Counter(names.REFUSED_PORTS, "Connections refused: a MAP-E line has no port for them"),
        Counter(names.STOPPED_PORTS, "Packets stopped that would have left with an address or port of others"),
    )


def _lines(ground: Ground) -> tuple[Line, ...]:
    return tuple(line for line in ground.lines if _size(line))


def _size(line: Line) -> int:
    """Ports in each of the line's blocks, 0 where it is no MAP-E line."""
    return block_size(line.softwire.rule.psid_bits) if line.softwire and line.softwire.rule else 0


def _to(line: Line) -> Match:
    return is_(Field.OIF, line.interface)


def _left(line: Line) -> str:
    return f"{line.name}_room"


def _ports(line: Line) -> str:
    return f"{line.name}_ports"


def _block(line: Line, number: int) -> str:
    return f"{line.name}_ports_{number}"


def _guard(line: Line) -> str:
    return f"{line.name}_guard"


def _room(line: Line) -> Chain:
    return Chain(
        _left(line),
        None,
        (
            Rule(
                (is_not(Field.L4PROTO, "tcp", "udp", "icmp"),),
                Refuse(),
                "Refuse at once: what has no port finds no way back (RFC 7597 section 8.1)",
                names.REFUSED_PORTS,
            ),
            Rule(
                (ICMP, NEW, is_not(Field.ICMP_TYPE, "echo-request")),
                Refuse(),
                "Refuse at once: what has no identifier finds no way back (RFC 7597 section 8.2)",
                names.REFUSED_PORTS,
            ),
            *(
                Rule(
                    (first, NEW, Match(kind.towards, MoreThan(kind.users(line), BLOCKS * _size(line)))),
                    Refuse(),
                    "Refuse at once: all ports of the line are in use towards there",
                    names.REFUSED_PORTS,
                )
                for first, kind in ((TCP, _PORTS), (UDP, _PORTS), (ECHO_REQUEST, _ECHOS))
            ),
        ),
    )


def _count(line: Line, kind: _Kind) -> Chain:
    """After NAT. A block's last port has been taken when as many connections live as it has ports."""
    key = (Field.CT_MARK, *kind.towards)
    full = within(kind.full(line), *key)
    no_room_left = Match(key, MoreThan(kind.taken(line), _size(line) - 1))
    remember = Remember(kind.full(line), key, kind.quiet)
    return Chain(
        kind.count(line),
        None,
        (
            Rule((NEW, no_room_left), remember, "Own ports: this was the block's last one towards there"),
            Rule(
                (KNOWN, full, _ENDS),
                Forget(kind.full(line), key),
                "Own ports: the end of a connection frees one",
            ),
            Rule((full, no_room_left), remember, "Own ports: the block is as full as it was"),
            Rule((full,), Forget(kind.full(line), key), "Own ports: some of the block have become free"),
        ),
    )


def _given_back(line: Line) -> Rule:
    back = (Field.CT_MARK, Field.L4PROTO, Field.SOURCE4, Field.SPORT)
    return Rule(
        (is_(Field.IIF, line.interface), _WITH_PORTS, KNOWN, _ENDS),
        Forget(_PORTS.full(line), back),
        "Own ports: the end of a connection frees one",
    )


def _of_share(line: Line, share: Share | None) -> Iterator[Chain]:
    yield Chain(_ports(line), None, tuple(_in_turns(line)) if share else ())
    for number in range(1, BLOCKS + 1):
        yield Chain(_block(line, number), None, tuple(_given(line, share, number)) if share else ())
    yield Chain(_guard(line), None, tuple(_guards(share)))


def _in_turns(line: Line) -> Iterator[Rule]:
    chains = tuple(_block(line, number) for number in range(1, BLOCKS + 1))
    yield Rule((), TakeTurns(chains), "Own ports: all blocks are used alike")
    for chain in chains:
        yield Rule((), Jump(chain), "Own ports: where its block is full, a connection takes one of another")


def _given(line: Line, share: Share, number: int) -> Iterator[Rule]:
    yield Rule((), MarkConnection(number), "Own ports: which block a connection has its port from")
    for kind in _KINDS:
        yield Rule(
            (kind.first, outside(kind.full(line), Field.CT_MARK, *kind.towards)),
            SourceNat(share.address, share.blocks[number - 1]),
            "Own ports: those of one block, as long as one is free towards there",
        )


def _guards(share: Share | None) -> Iterator[Rule]:
    """Every packet, whoever sent it and whatever NAT made of it."""
    why = "Own ports: nothing leaves with an address or port of others"
    if share is None:
        yield Rule((), Drop(), why, names.STOPPED_PORTS)
        return
    foreign = (
        (is_not(Field.SOURCE4, share.address),),
        (_WITH_PORTS, is_not(Field.SPORT, *share.blocks)),
        (_ECHOES, is_not(Field.ICMP_ID, *share.blocks)),
        (is_not(Field.L4PROTO, "tcp", "udp", "icmp"),),
    )
    for matches in foreign:
        yield Rule(matches, Drop(), why, names.STOPPED_PORTS)
