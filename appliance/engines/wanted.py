"""Which daemons a router needs."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address

from appliance.engines.bird import Standing, bird_spec
from appliance.engines.chrony import chrony_spec
from appliance.engines.dhcpcd import dhcpcd6_spec, dhcpcd_spec
from appliance.engines.dnsmasq import dnsmasq_outside_spec, dnsmasq_spec, needs_outside
from appliance.engines.gate_process import gate_spec
from appliance.engines.pppd import pppd_spec
from appliance.engines.spec import EngineSpec
from appliance.engines.web_process import web_spec
from appliance.intent.model import Line, RouterIntent
from appliance.secret import Secret


def engines_for(
    intent: RouterIntent,
    standings: Mapping[str, Standing],
    answers: Mapping[str, Sequence[IPv4Address]],
    resolvers: Sequence[IPv4Address | IPv6Address] = (),
    owns_clock: bool = False,
    asking: Container[str] = (),
    passwords: Mapping[str, Secret] | None = None,
    resting: Container[str] = (),
) -> tuple[EngineSpec, ...]:
    """All daemons in the order in which they start.

    standings: for BIRD, by tunnel name, every tunnel. answers: proven addresses by engine name. resolvers: the
    lines' DNS servers, as far as they are known. owns_clock: this machine may set its clock. asking: names of the
    lines that are asked for a prefix. passwords: of the lines that need one, as far as they are known. resting: names
    of the lines that are to be left alone.
    """
    awake = [line for line in intent.lines if line.name not in resting]
    return (
        *(spec for line in awake for spec in _client(line, passwords or {})),
        *(dhcpcd6_spec(line, line.name in asking) for line in awake if line.ipv6),
        *((bird_spec(intent, standings),) if intent.tunnels else ()),
        gate_spec(),
        dnsmasq_spec(intent, answers),
        *((dnsmasq_outside_spec(intent, resolvers),) if needs_outside(intent) else ()),
        *((chrony_spec(intent, resolvers, owns_clock=owns_clock),) if intent.lines else ()),
        web_spec(),
    )


def _client(line: Line, passwords: Mapping[str, Secret]) -> Iterator[EngineSpec]:
    """Who asks the line for an IPv4 address. Without a password nobody knocks: providers lock out who guesses."""
    if line.kind == "dhcp":
        yield dhcpcd_spec(line)
    if line.is_session and line.name in passwords:
        yield pppd_spec(line, passwords[line.name])
