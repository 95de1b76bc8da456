"""Between the clinic's segments: nothing, unless the settings open a way; and to networks behind inner routers.

A machine answers another on its own wire past us, so what only turns round here (in and out by
one interface, to an inner router) is half of a conversation: connection tracking would take its
middle for a stranger's and stays out of it.
"""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import Accept, Field, NamedSet, NoTrack, Rule
from appliance.intent.rules.ground import ANSWER, ICMP, KNOWN, NEW_OR_KNOWN, QUESTION, RELATED, Ground, is_, within

_WAY = within(names.SEGMENT_WAYS, Field.IIF, Field.OIF)
_SAME_WIRE = within(names.TURNING_WIRES, Field.IIF, Field.OIF)
_BEHIND_SAME_WIRE = within(names.BEHIND_SEGMENTS, Field.IIF, Field.DESTINATION4)


def hairpins() -> tuple[Rule, ...]:
    return (
        Rule(
            (_BEHIND_SAME_WIRE,),
            NoTrack(),
            "Segments apart: what turns round to an inner router is half of a conversation",
        ),
    )


def turning_round() -> tuple[Rule, ...]:
    """Only out by the wire it came from."""
    return (
        Rule(
            (_SAME_WIRE, _BEHIND_SAME_WIRE, is_(Field.CT_STATE, "untracked")),
            Accept(),
            "Segments apart: to an inner router on the sender's own wire",
            names.PASSED_SEGMENT,
        ),
    )


def ways(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (_WAY, NEW_OR_KNOWN, QUESTION),
            Accept(),
            "Segments apart: only the ways that the settings open",
            names.PASSED_SEGMENT,
        ),
        Rule(
            (ground.to_lan, KNOWN, ANSWER),
            Accept(),
            "Segments apart: the answer from another one",
            names.PASSED_SEGMENT,
        ),
        Rule(
            (ground.to_lan, ICMP, RELATED),
            Accept(),
            "No black hole: errors about it, so that path MTU works (RFC 1191)",
        ),
    )


def sets(ground: Ground) -> tuple[NamedSet, ...]:
    segments = ground.lan.segments
    return (
        NamedSet(
            names.INSIDE_SOURCES,
            ("ifname", "ipv4_addr"),
            "Anti-spoofing: who speaks in which segment",
            interval=True,
            elements=tuple((segment.interface, network) for segment in segments for network in segment.networks),
        ),
        *((_opened(ground),) if ground.has_ways else ()),
        *(_behind(ground) if ground.has_behind else ()),
    )


def _opened(ground: Ground) -> NamedSet:
    return NamedSet(
        names.SEGMENT_WAYS,
        ("ifname", "ifname"),
        "Segments apart: from which to which connections may be opened",
        elements=tuple((segment.interface, other) for segment in ground.lan.segments for other in segment.reaches),
    )


def _behind(ground: Ground) -> tuple[NamedSet, ...]:
    segments = ground.lan.segments
    turning = tuple((segment.interface, segment.interface) for segment in segments if segment.behind)
    behind = tuple((segment.interface, item.network) for segment in segments for item in segment.behind)
    return (
        NamedSet(
            names.TURNING_WIRES,
            ("ifname", "ifname"),
            "Segments apart: wires on which what goes to an inner router turns round",
            elements=turning,
        ),
        NamedSet(
            names.BEHIND_SEGMENTS,
            ("ifname", "ipv4_addr"),
            "Segments apart: networks behind a router of that one",
            interval=True,
            elements=behind,
        ),
    )
