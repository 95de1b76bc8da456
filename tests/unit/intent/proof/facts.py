"""The words of the promise, taken from what the router should be and never from its rules."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from appliance.intent.model import PROBE_MARK, RouterIntent, Segment
from tests.unit.intent.proof.arrival import FIB_TYPE, Way
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.packet import EVER, NEVER, View, any_of
from tests.unit.intent.proof.vocabulary import ADDRESS_TYPES, Vocabulary


class Facts:
    def __init__(self, intent: RouterIntent, vocabulary: Vocabulary) -> None:
        self.intent = intent
        self.vocabulary = vocabulary
        self.segments = intent.lan.segments
        self.routers = tuple(segment.address.ip for segment in self.segments)
        self.router = self.routers[0]
        """Where redirects lead."""
        self.lines4 = tuple(line.interface for line in intent.lines if line.ipv4)
        self.lines6 = tuple(line.port for line in intent.lines if line.ipv6)
        self.lines = (*self.lines4, *(port for port in self.lines6 if port not in self.lines4))
        shares = {softwire.interface: softwire.share for softwire in intent.softwires}
        self.shared = {
            line.interface: shares.get(line.interface) for line in intent.lines if line.softwire and line.softwire.rule
        }
        """By interface of a MAP-E line: what is ours, None as long as the line has not said it."""
        self.far_ends = tuple(softwire.remote for softwire in intent.softwires)
        self.tunnels = tuple(tunnel.interface for tunnel in intent.tunnels)
        self.prefixes = tuple({prefix for tunnel in intent.tunnels for prefix in tunnel.allowed_prefixes})
        self.inner = (intent.inner_address,) if intent.inner_address else ()
        """The router's address in the tunnels."""
        self.inside = (*self.prefixes, *intent.lan.networks, *map(IPv4Network, self.inner))
        self.is_direct = z3.BoolVal(bool(self.lines) and not self.tunnels)
        """Whether the way to the engines is the internet."""
        self.gate_ports = tuple(service.gate_port for service in intent.services if service.gate_port)
        self.passthrough_ports = tuple({service.port for service in intent.services if service.gate_port is None})
        self.asked_ports = intent.asked_ports
        self.probe_mark = PROBE_MARK
        self.names_inside = tuple({server for forward in intent.lan.forwards for server in forward.servers})
        self.any_may_open = z3.BoolVal(any(segment.reaches for segment in self.segments))
        """Whether any segment may open connections to another."""
        self.has_internet = z3.BoolVal(bool(intent.lan.internet_hosts))
        """Whether a terminal can be switched to the internet."""

        self.lets_out = z3.Or(self.has_internet, self.is_direct)
        """Whether anything of a terminal's may leave by a line."""

    # ---- where -----------------------------------------------------------------------------------

    def from_lan(self, at: View) -> z3.BoolRef:
        return at.is_(Field.IIF, *self.intent.lan.interfaces)

    def to_lan(self, at: View) -> z3.BoolRef:
        return at.is_(Field.OIF, *self.intent.lan.interfaces)

    def from_first_segment(self, at: View) -> z3.BoolRef:
        """The only one with a fast path."""
        return at.is_(Field.IIF, self.segments[0].interface)

    def serves_dhcp(self, at: View, field: Field) -> z3.BoolRef:
        """field: the interface that is asked about."""
        return at.is_(field, *(segment.interface for segment in self.segments if segment.dhcp))

    def to_router(self, at: View) -> z3.BoolRef:
        return at.is_(Field.DESTINATION4, *self.routers)

    def turns_round(self, at: View) -> z3.BoolRef:
        """To a network behind an inner router, from the wire on which that router is."""
        return any_of(
            z3.And(at.is_(Field.IIF, segment.interface), at.is_(Field.DESTINATION4, behind.network))
            for segment in self.segments
            for behind in segment.behind
        )

    def may_open(self, at: View) -> z3.BoolRef:
        """Connections from the segment where the packet came in to that where it goes out."""
        return any_of(
            z3.And(at.is_(Field.IIF, segment.interface), at.is_(Field.OIF, *segment.reaches))
            for segment in self.segments
        )

    def stays_on_its_wire(self, at: View) -> z3.BoolRef:
        """In a segment that has inner routers."""
        return any_of(
            z3.And(at.is_(Field.IIF, segment.interface), at.is_(Field.OIF, segment.interface))
            for segment in self.segments
            if segment.behind
        )

    def from_line(self, at: View) -> z3.BoolRef:
        return at.is_(Field.IIF, *self.lines)

    def to_line(self, at: View) -> z3.BoolRef:
        return at.is_(Field.OIF, *self.lines)

    def carried(self, at: View, field: Field) -> z3.BoolRef:
        """By a line that carries packets of this family. field: the interface that is asked about. Without any line
        for IPv6 there is none to tell from IPv4: it is off everywhere."""
        if not self.lines6:
            return EVER
        return z3.Or(
            z3.And(at.is_(field, *self.lines4), at.is_(Field.FAMILY, "ipv4")),
            z3.And(at.is_(field, *self.lines6), at.is_(Field.FAMILY, "ipv6")),
        )

    def by_shared_address(self, at: View) -> z3.BoolRef:
        """Out by a MAP-E line."""
        return at.is_(Field.OIF, *self.shared)

    def from_tunnel(self, at: View) -> z3.BoolRef:
        return at.is_(Field.IIF, *self.tunnels)

    def to_tunnel(self, at: View) -> z3.BoolRef:
        return at.is_(Field.OIF, *self.tunnels)

    # ---- who -------------------------------------------------------------------------------------

    def is_listed(self, at: View) -> z3.BoolRef:
        """Address and card together."""
        return any_of(
            z3.And(at.is_(Field.SOURCE4, host.address), at.is_(Field.ETHER_SOURCE, host.mac))
            for host in self.intent.lan.hosts
        )

    def is_impostor(self, at: View) -> z3.BoolRef:
        wears = at.is_(Field.SOURCE4, *(host.address for host in self.intent.lan.hosts))
        return z3.And(wears, z3.Not(self.is_listed(at)))

    def is_forged_on_lan(self, at: View) -> z3.BoolRef:
        everybody = (segment.address.network.broadcast_address for segment in self.segments)
        honest = z3.And(
            any_of(self._belongs_there(at, segment) for segment in self.segments),
            z3.Not(at.is_(Field.SOURCE4, *self.routers, *everybody)),
            z3.Not(at.is_(Field.FIB_SOURCE_INTERFACE, "missing")),
        )
        return z3.And(at.is_(Field.FAMILY, "ipv4"), z3.Not(honest), z3.Not(self.asks_for_address(at)))

    @staticmethod
    def _belongs_there(at: View, segment: Segment) -> z3.BoolRef:
        return z3.And(at.is_(Field.IIF, segment.interface), at.is_(Field.SOURCE4, *segment.networks))

    def is_on_internet(self, at: View) -> z3.BoolRef:
        """For as long as the kernel counts; whoever is in that set though no terminal of the settings is a stranger."""
        if z3.is_false(self.has_internet):
            return NEVER
        return at.within(names.INTERNET_TERMINALS, Field.SOURCE4, Field.ETHER_SOURCE)

    @staticmethod
    def asks_for_address(at: View) -> z3.BoolRef:
        """RFC 2131: without an address of its own."""
        return z3.And(at.is_(Field.SOURCE4, IPv4Address(0)), at.is_(Field.UDP_SPORT, 68), at.is_(Field.UDP_DPORT, 67))

    def is_a_terminals(self, at: View) -> z3.BoolRef:
        """By its address alone, as the fast path knows it."""
        return at.is_(Field.SOURCE4, *(host.address for host in self.intent.lan.hosts))

    def could_be_fast(self, at: View) -> z3.BoolRef:
        """What belongs to a connection that was put on the fast path (`only_guarded_connections_are_fast`)."""
        return z3.And(self.leads_where_fast_ways_lead(at), self.is_a_terminals(at))

    def leads_where_fast_ways_lead(self, at: View) -> z3.BoolRef:
        return z3.And(
            self.from_first_segment(at),
            at.is_(Field.DESTINATION4, *self.prefixes),
            at.is_(Field.TCP_DPORT, *self.passthrough_ports),
        )

    def is_stopped_at_the_guard(self, at: View) -> z3.BoolRef:
        """Before anything else is asked: as if it wanted to be fast, and may not."""
        listed, engine = self.is_listed(at), self.to_proven(at, names.ENGINE_VERIFIED)
        may = z3.And(listed, z3.Or(engine, self.to_proven(at, names.GATE_VERIFIED)))
        return z3.And(
            self.leads_where_fast_ways_lead(at),
            z3.Or(self.is_on_internet(at), z3.And(self.is_a_terminals(at), z3.Not(may))),
        )

    # ---- maintenance ---------------------------------------------------------------------------

    def asks_for_a_target(self, at: View) -> z3.BoolRef:
        """A maintainer at one of the ports that lead to a terminal's service."""
        ports = (target.outer_port for target in self.intent.maintenance.targets)
        return z3.And(
            self._is_a_maintainers(at), at.is_(Field.DESTINATION4, *self.inner), at.is_(Field.TCP_DPORT, *ports)
        )

    def led_to_its_target(self, wire: View, routed: View) -> z3.BoolRef:
        return any_of(
            z3.And(
                wire.is_(Field.TCP_DPORT, target.outer_port),
                routed.is_(Field.DESTINATION4, target.address),
                routed.is_(Field.TCP_DPORT, target.port),
            )
            for target in self.intent.maintenance.targets
        )

    def _is_a_maintainers(self, at: View) -> z3.BoolRef:
        return at.is_(Field.SOURCE4, *(one for who in self.intent.maintenance.maintainers for one in who.addresses))

    def asks_by_consent(self, at: View) -> z3.BoolRef:
        """Of a terminal's service what the clinic has opened to this sender, by a port that leads there."""
        if not self.intent.maintenance.targets:
            return NEVER
        consented = at.within(names.MAINTENANCE, Field.SOURCE4, Field.DESTINATION4, Field.TCP_DPORT)
        return z3.And(self.question(at), at.is_(Field.CT_STATUS, "dnat"), consented)

    def answers_by_consent(self, at: View) -> z3.BoolRef:
        """The same service's answers."""
        if not self.intent.maintenance.targets:
            return NEVER
        consented = at.within(names.MAINTENANCE, Field.DESTINATION4, Field.SOURCE4, Field.SPORT)
        is_tcp = at.is_(Field.L4PROTO, "tcp")
        return z3.And(self.answer(at), at.is_(Field.CT_STATUS, "dnat"), is_tcp, consented)

    # ---- what ------------------------------------------------------------------------------------

    @staticmethod
    def to_proven(at: View, set_name: str) -> z3.BoolRef:
        return at.within(set_name, Field.DESTINATION4, Field.TCP_DPORT)

    @staticmethod
    def asked_for_proven(at: View) -> z3.BoolRef:
        return at.within(names.GATE_VERIFIED, Field.CT_ORIGINAL_DESTINATION4, Field.CT_ORIGINAL_DPORT)

    @staticmethod
    def question(at: View) -> z3.BoolRef:
        return z3.And(at.is_(Field.CT_STATE, "new", "established"), at.is_(Field.CT_DIRECTION, "original"))

    @staticmethod
    def answer(at: View) -> z3.BoolRef:
        return z3.And(at.is_(Field.CT_STATE, "established"), at.is_(Field.CT_DIRECTION, "reply"))

    @staticmethod
    def error(at: View) -> z3.BoolRef:
        """About a connection of which the other side is the sender's."""
        return z3.And(
            at.is_(Field.CT_STATE, "related"), at.is_(Field.CT_DIRECTION, "reply"), at.is_(Field.L4PROTO, "icmp")
        )

    @staticmethod
    def error6(at: View) -> z3.BoolRef:
        kinds = ("destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem")
        return z3.And(
            at.is_(Field.CT_STATE, "related"), at.is_(Field.CT_DIRECTION, "reply"), at.is_(Field.ICMP6_TYPE, *kinds)
        )

    # ---- what the router makes true ----------------------------------------------------------------

    def of_the_router(self, packet: Journey) -> Iterator[z3.BoolRef]:
        """Its ports are Ethernet's, its own addresses are local. A redirected connection leads to the router or to
        what can be opened for maintenance, since no rule begins another (`a_redirect_leads_to_the_router_itself`,
        `a_maintainer_is_led_to_one_terminals_service`)."""
        if packet.way is Way.OUTWARD:
            return
        card = packet.wire.fields[Field.ETHER_SOURCE].present
        yield z3.Implies(z3.Or(self.from_lan(packet.wire), self.from_line(packet.wire)), card)
        own = packet.routed.is_(Field.DESTINATION4, *self.routers, *self.inner)
        yield z3.Implies(own, ADDRESS_TYPES["local"] == FIB_TYPE)
        yield z3.Implies(
            z3.And(
                packet.routed.is_(Field.CT_STATUS, "dnat"),
                packet.routed.is_(Field.CT_DIRECTION, "original"),
                z3.Not(packet.fresh),
            ),
            z3.Or(
                packet.routed.is_(Field.DESTINATION4, self.router),
                z3.And(
                    self.from_tunnel(packet.wire),
                    any_of(
                        z3.And(
                            packet.routed.is_(Field.DESTINATION4, target.address),
                            packet.routed.is_(Field.TCP_DPORT, target.port),
                        )
                        for target in self.intent.maintenance.targets
                    ),
                ),
            ),
        )
