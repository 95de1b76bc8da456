"""The whole table: its sets, its counters, and the three decisions that send a packet to its side's chain."""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import (
    Accept,
    Chain,
    ClampMss,
    Counter,
    Field,
    Hook,
    Jump,
    NamedMap,
    NamedSet,
    Refuse,
    Rule,
    Table,
)
from appliance.intent.rules import (
    direct,
    entry,
    fast,
    internet,
    lan,
    maintenance,
    map_e,
    segments,
    strangers,
    tunnels,
    wan,
    wan6,
)
from appliance.intent.rules.ground import Ground, is_
from appliance.intent.rules.pruned import pruned


def table(ground: Ground) -> Table:
    return pruned(_whole(ground))


def _whole(ground: Ground) -> Table:
    return Table(
        name=names.TABLE,
        sets=_sets(ground),
        maps=(
            NamedMap(
                names.GATE_OPEN,
                ("ipv4_addr", "inet_service"),
                "inet_service",
                "Proven by the gate: engines that it serves now, and its local port for each",
                timeout=True,
            ),
        ),
        counters=_counters(ground),
        flow_tables=fast.flow_tables(ground),
        chains=(
            fast.guard(
                ground.lan.interface,
                ground.prefixes,
                ground.passthrough_ports if ground.has_fast_path else (),
                ground.has_internet,
            ),
            *entry.chains(ground),
            lan.impostors_chain(),
            lan.input_chain(ground),
            lan.forward_chain(ground),
            lan.output_chain(ground),
            wan.input_chain(ground),
            wan.forward_chain(ground),
            *((internet.forward_chain(ground),) if ground.has_internet else ()),
            *((direct.forward_chain(ground),) if ground.is_direct else ()),
            wan.output_chain(ground),
            *(() if ground.is_direct else tunnels.chains(ground)),
            *map_e.chains(ground),
            *_decisions(ground),
        ),
    )


def _decisions(ground: Ground) -> tuple[Chain, ...]:
    from_lan = "Refuse at once: what the LAN sends"
    from_wan = "Silence outside: what the WAN sends"
    from_tunnels = "Center kept out: what the data center sends"
    syn = is_(Field.TCP_FLAGS_SYN)
    clamp = "No black hole: segments fit the tunnel in both directions, whatever ICMP is lost"
    loopback = "Fail fast: the router talks with itself"
    return (
        Chain(
            "input",
            Hook("filter", "input", "filter", "drop"),
            (
                Rule((is_(Field.IIF, "lo"),), Accept(), loopback),
                Rule((ground.from_lan,), Jump(lan.INPUT), from_lan),
                Rule((ground.from_wan,), Jump(wan.INPUT), from_wan),
                *_unless(ground.is_direct, Rule((ground.from_tunnels,), Jump(tunnels.INPUT), from_tunnels)),
            ),
        ),
        Chain(
            "forward",
            Hook("filter", "forward", "filter", "drop"),
            (
                *_unless(
                    ground.is_direct,
                    Rule((ground.to_tunnels, syn), ClampMss(), clamp),
                    Rule((ground.from_tunnels, syn), ClampMss(), clamp),
                ),
                *(_line_clamps(ground) if ground.lets_out else ()),
                Rule((ground.from_lan,), Jump(lan.FORWARD), from_lan),
                Rule((ground.from_wan,), Jump(wan.FORWARD), from_wan),
                *_unless(ground.is_direct, Rule((ground.from_tunnels,), Jump(tunnels.FORWARD), from_tunnels)),
            ),
        ),
        Chain(
            "output",
            Hook("filter", "output", "filter", "drop"),
            (
                Rule((is_(Field.OIF, "lo"),), Accept(), loopback),
                Rule((ground.to_lan,), Jump(lan.OUTPUT), "Begins nothing: what the router says to the LAN"),
                Rule((ground.to_wan,), Jump(wan.OUTPUT), "No leak: what the router says to the WAN"),
                *_unless(
                    ground.is_direct,
                    Rule(
                        (ground.to_tunnels,),
                        Jump(tunnels.OUTPUT),
                        "Prover's reach: what the router says to the data center",
                    ),
                ),
                Rule((), Refuse(), "Fail fast: what the router's own programs may not do", names.REFUSED_OUTPUT),
            ),
        ),
    )


def _unless(condition: bool, *rules: Rule) -> tuple[Rule, ...]:
    return () if condition else rules


def _line_clamps(ground: Ground) -> tuple[Rule, ...]:
    why = "No black hole: segments fit the line too, for whom it lets out"
    syn = is_(Field.TCP_FLAGS_SYN)
    return (Rule((ground.to_wan, syn), ClampMss(), why), Rule((ground.from_wan, syn), ClampMss(), why))


def _counters(ground: Ground) -> tuple[Counter, ...]:
    between = (Counter(names.PASSED_SEGMENT, "Packets let through between segments"),)
    outside = (Counter(names.PASSED_INTERNET, "Terminals' packets let out to the internet"),)
    return (
        *_COUNTERS,
        *map_e.counters(ground),
        *(between if ground.has_ways or ground.has_behind else ()),
        *(outside if ground.has_internet else ()),
        *(maintenance.counters() if ground.has_maintenance else ()),
    )


def _sets(ground: Ground) -> tuple[NamedSet, ...]:
    service = ("ipv4_addr", "inet_service")
    return (
        NamedSet(
            names.TERMINALS,
            ("ipv4_addr", "ether_addr"),
            "Closed unless proven: terminals of the settings; only they may reach engines",
            elements=tuple((host.address, host.mac) for host in ground.lan.hosts),
        ),
        NamedSet(
            names.TERMINAL_ADDRESSES,
            ("ipv4_addr",),
            "No impostor: the terminals' addresses, to notice another machine that wears one",
            elements=tuple((host.address,) for host in ground.lan.hosts),
        ),
        NamedSet(
            names.ENGINE_VERIFIED,
            service,
            "Lapse: engines just proven, for terminals; expires by itself",
            timeout=True,
        ),
        NamedSet(
            names.GATE_VERIFIED,
            service,
            "Lapse: engines just proven, for the gate; expires by itself",
            timeout=True,
        ),
        strangers.remembered(),
        *segments.sets(ground),
        *map_e.sets(ground),
        *((internet.terminals_set(),) if ground.has_internet else ()),
        *(maintenance.sets() if ground.has_maintenance else ()),
        *((direct.asked_set(),) if ground.is_direct else ()),
        *(wan.sets(ground) if ground.outside4 else ()),
        *(wan6.sets(ground) if ground.outside6 else ()),
    )


_COUNTERS = (
    Counter(names.REFUSED_LAN, "LAN packets refused at once"),
    Counter(names.REFUSED_IMPOSTOR, "LAN packets refused: a terminal's address on another machine"),
    Counter(names.REFUSED_OUTPUT, "The router's own packets refused"),
    Counter(names.DROPPED_WAN, "WAN packets dropped"),
    Counter(names.DROPPED_TUNNEL, "Data center packets dropped"),
    Counter(names.FORGED_LAN, "LAN packets with a forged sender dropped"),
    Counter(names.FORGED_WAN, "WAN packets that claim or address the inside dropped"),
    Counter(names.PASSED_ENGINE, "Terminals' packets to proven engines"),
    Counter(names.PASSED_GATE, "Terminals' packets let in to the gate"),
    Counter(names.REDIRECTED_GATE, "Terminals' connections led to the gate"),
)
