"""The promise, over many clinics and packets: what is written here may never be false.

Each property is tried on every packet that the rules are made for with one property changed, and
on random ones further away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from appliance.account.model import Account
from appliance.errors import SekishoError
from appliance.intent import names
from appliance.intent.compile import compile
from appliance.intent.firewall import Accept, Field, In, Jump, Note, Offload, RedirectByMap, Refuse, Remember, Table
from appliance.intent.model import PROBE_MARK, RouterIntent
from appliance.intent.rules.ground import is_
from appliance.site.model import Site
from tests.unit.intent.packets import Decision, Packet, Sets, contents, decide
from tests.unit.intent.traffic import PROVEN, neighbourhood, packets
from tests.unit.intent.worlds import accounts, clinics, intents, sites

some = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
many = settings(max_examples=500, deadline=None)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A router, the content of its sets, and a packet."""

    intent: RouterIntent = field(repr=False)
    sets: Sets
    packet: Packet

    def decision(self, hook: str, priority: str = "filter", **changes: Any) -> Decision:
        packet = {**self.packet, **{Field[name]: value for name, value in changes.items()}}
        return decide(self.intent.firewall, hook, packet, self.sets, priority)

    def accepted(self, hook: str) -> bool:
        return self.decision(hook).verdict == "accept"

    def __getitem__(self, name: Field) -> Any:
        return self.packet.get(name)

    def is_at_tunnel(self, where: Field) -> bool:
        return self[where] in {tunnel.interface for tunnel in self.intent.tunnels}

    def is_from_listed_terminal(self) -> bool:
        sender = (self[Field.SOURCE4], self[Field.ETHER_SOURCE])
        return sender in {(host.address, host.mac) for host in self.intent.lan.hosts}

    def is_answer(self) -> bool:
        return self[Field.CT_DIRECTION] == "reply" and self[Field.CT_STATE] in ("established", "related")

    def gate_ports(self) -> set[int]:
        return {service.gate_port for service in self.intent.services if service.gate_port}

    def prefixes(self) -> set[IPv4Network]:
        return {prefix for tunnel in self.intent.tunnels for prefix in tunnel.allowed_prefixes}

    def destination(self) -> tuple[Any, ...]:
        return (self[Field.DESTINATION4], self[Field.TCP_DPORT])


def only_two_ways_lead_through_the_router(meeting: Meeting) -> None:
    if not meeting.accepted("forward"):
        return
    if meeting[Field.IIF] == "lan0":
        assert meeting.is_at_tunnel(Field.OIF)
        assert meeting.is_from_listed_terminal()
        assert meeting[Field.CT_DIRECTION] == "original"
        assert meeting.destination() in meeting.sets[names.ENGINE_VERIFIED]
    else:
        assert meeting.is_at_tunnel(Field.IIF)
        assert meeting[Field.OIF] == "lan0"
        assert meeting.is_answer()


def nothing_from_the_wan_passes(meeting: Meeting) -> None:
    if meeting[Field.IIF] == "wan0":
        assert meeting.decision("forward").verdict == "drop"


def the_lan_gets_an_answer_always(meeting: Meeting) -> None:
    if meeting[Field.IIF] != "lan0":
        return
    for decision in (meeting.decision("input"), meeting.decision("forward")):
        assert decision.by, "a LAN packet must never reach a silent policy"
        if decision.verdict == "drop":
            assert meeting[Field.FIB_DESTINATION_TYPE] in ("broadcast", "multicast")


def the_lan_reaches_the_routers_services_and_no_others(meeting: Meeting) -> None:
    if meeting[Field.IIF] != "lan0" or meeting.is_answer() or not meeting.accepted("input"):
        return
    assert meeting[Field.CT_STATE] not in ("invalid", "untracked") or meeting[Field.UDP_DPORT] == 67
    if meeting[Field.TCP_DPORT] in meeting.gate_ports():
        assert meeting[Field.CT_STATUS] == "dnat"
        assert meeting.is_from_listed_terminal()
        asked = (meeting[Field.CT_ORIGINAL_DESTINATION4], meeting[Field.CT_ORIGINAL_DPORT])
        assert asked in meeting.sets[names.GATE_VERIFIED]
    elif meeting[Field.UDP_DPORT] == 67:
        assert meeting.intent.lan.segments[0].dhcp is not None
    else:
        assert meeting[Field.DESTINATION4] == meeting.intent.lan.address.ip
        assert (
            (
                meeting[Field.TCP_DPORT] in (names.PAGE_PORT, names.PAGE_REDIRECT_PORT)
                and meeting[Field.CT_STATUS] == "dnat"
            )
            or 53 in (meeting[Field.UDP_DPORT], meeting[Field.TCP_DPORT])
            or meeting[Field.UDP_DPORT] == 123
            or meeting[Field.ICMP_TYPE] == "echo-request"
        )


def the_fast_path_asks_what_the_rules_ask(meeting: Meeting) -> None:
    """A packet that could belong to a connection on the fast path comes past the guard only if it could begin one."""
    ports = {service.port for service in meeting.intent.services if service.gate_port is None}
    inside = any(meeting[Field.DESTINATION4] in prefix for prefix in meeting.prefixes())
    terminal = meeting[Field.SOURCE4] in {host.address for host in meeting.intent.lan.hosts}
    if not (terminal and inside and meeting[Field.TCP_DPORT] in ports):
        return
    passes = meeting.is_from_listed_terminal() and meeting.destination() in meeting.sets[names.ENGINE_VERIFIED]
    to_gate = meeting.is_from_listed_terminal() and meeting.destination() in meeting.sets[names.GATE_VERIFIED]
    decision = meeting.decision("ingress", "-10")
    assert (decision.verdict == "refuse") is not (passes or to_gate)


def the_gate_speaks_only_with_proven_engines(meeting: Meeting) -> None:
    if meeting[Field.UID] != names.GATE_USER or meeting[Field.OIF] == "lan0" or not meeting.accepted("output"):
        return
    if (meeting[Field.DESTINATION4], meeting[Field.UDP_DPORT]) in meeting.sets[names.TUNNEL_ENDPOINTS]:
        return  # a tunnel's outer packet, in the name of the inner one's sender
    assert meeting.is_at_tunnel(Field.OIF)
    if not meeting[Field.TCP_FLAGS_RST] and meeting[Field.UDP_DPORT] != 3784:
        assert meeting.destination() in meeting.sets[names.GATE_VERIFIED]


def only_root_begins_a_connection_to_an_engine(meeting: Meeting) -> None:
    """And what has no owner carries nothing to an unproven one."""
    if meeting[Field.L4PROTO] != "tcp" or not meeting.is_at_tunnel(Field.OIF) or meeting.is_answer():
        return
    if meeting[Field.TCP_FLAGS_RST] or not meeting.accepted("output"):
        return
    match meeting[Field.UID]:
        case 0:
            assert any(
                meeting[Field.DESTINATION4] in net for tun in meeting.intent.tunnels for net in tun.allowed_prefixes
            )
        case names.GATE_USER:
            assert meeting.destination() in meeting.sets[names.GATE_VERIFIED]
        case _ if meeting[Field.DESTINATION4] in meeting.intent.tunnel_dns and meeting[Field.TCP_DPORT] == 53:
            pass
        case _:
            assert meeting[Field.CT_STATE] == "established"
            assert meeting.destination() in meeting.sets[names.GATE_VERIFIED] | meeting.sets[names.ENGINE_VERIFIED]


def is_time_asked_for(meeting: Meeting) -> bool:
    time = meeting.intent.time
    if meeting[Field.UDP_DPORT] == 123:
        return bool(time.ntp or time.nts)
    return meeting[Field.TCP_DPORT] == 4460 and bool(time.nts)


def by_the_wan_leave_only_tunnels_dhcp_time_and_names(meeting: Meeting) -> None:
    if meeting[Field.OIF] != "wan0" or not meeting.accepted("output"):
        return
    destination, port = meeting[Field.DESTINATION4], meeting[Field.UDP_DPORT] or meeting[Field.TCP_DPORT]
    assert not any(destination in prefix for prefix in meeting.prefixes())
    assert destination not in meeting.intent.lan.address.network
    if (destination, meeting[Field.UDP_DPORT]) in meeting.sets[names.TUNNEL_ENDPOINTS]:
        return
    assert (
        (port == 53 and (destination,) in meeting.sets[names.WAN_RESOLVERS])
        or (meeting[Field.UID] == names.TIME_USER and is_time_asked_for(meeting))
        or (meeting[Field.UDP_SPORT], meeting[Field.UDP_DPORT]) == (68, 67)
    )
    assert meeting[Field.UID] not in (names.GATE_USER, names.PAGE_USER)


def from_the_wan_come_only_answers_and_concentrators(meeting: Meeting) -> None:
    if meeting[Field.IIF] != "wan0" or meeting.is_answer() or not meeting.accepted("input"):
        return
    sender = (meeting[Field.SOURCE4], meeting[Field.UDP_SPORT])
    assert sender in meeting.sets[names.TUNNEL_ENDPOINTS] or meeting[Field.UDP_DPORT] == 68


def with_nothing_proven_nothing_begins(meeting: Meeting) -> None:
    """A fresh boot, or every process of ours dead for longer than the sets' time-outs."""
    if not meeting.is_answer():
        bare = Meeting(meeting.intent, contents(meeting.intent.firewall, {}), meeting.packet)
        assert not bare.accepted("forward")


def the_probe_mark_opens_nothing_but_the_lan(meeting: Meeting) -> None:
    if meeting[Field.MARK] == PROBE_MARK and meeting[Field.OIF] != "lan0":
        assert meeting.decision("output") == meeting.decision("output", MARK=0)


def from_the_data_center_only_answers_bfd_and_monitoring_come_in(meeting: Meeting) -> None:
    if not meeting.is_at_tunnel(Field.IIF) or meeting.is_answer() or not meeting.accepted("input"):
        return
    assert meeting[Field.DESTINATION4] == meeting.intent.inner_address
    if meeting[Field.UDP_DPORT] == 3784:
        tunnel = next(tunnel for tunnel in meeting.intent.tunnels if tunnel.interface == meeting[Field.IIF])
        assert (meeting[Field.SOURCE4], meeting[Field.TTL]) == (tunnel.peer_address, 255)
    else:
        assert any(meeting[Field.SOURCE4] in network for network in meeting.intent.monitoring)
        assert meeting[Field.TCP_DPORT] == names.METRICS_PORT or meeting[Field.ICMP_TYPE] == "echo-request"


def forged_insiders_are_gone_before_connection_tracking(meeting: Meeting) -> None:
    if meeting[Field.IIF] != "wan0":
        return
    inside = {meeting.intent.lan.address.network, *meeting.prefixes()}
    claims = any(
        meeting[end] == meeting.intent.inner_address or any(meeting[end] in network for network in inside)
        for end in (Field.SOURCE4, Field.DESTINATION4)
    )
    assert meeting.decision("prerouting", "raw - 150").verdict == ("drop" if claims else "accept")


def forged_lan_senders_are_gone_before_connection_tracking(meeting: Meeting) -> None:
    if meeting[Field.IIF] != "lan0":
        return
    source, lan = meeting[Field.SOURCE4], meeting.intent.lan.address
    honest = source in lan.network and source not in (lan.ip, lan.network.broadcast_address)
    asks_for_address = int(source) == 0 and (meeting[Field.UDP_SPORT], meeting[Field.UDP_DPORT]) == (68, 67)
    if not honest and not asks_for_address:
        assert meeting.decision("prerouting", "raw - 150").verdict == "drop"


PROPERTIES: tuple[Callable[[Meeting], None], ...] = (
    only_two_ways_lead_through_the_router,
    the_fast_path_asks_what_the_rules_ask,
    nothing_from_the_wan_passes,
    the_lan_gets_an_answer_always,
    the_lan_reaches_the_routers_services_and_no_others,
    the_gate_speaks_only_with_proven_engines,
    only_root_begins_a_connection_to_an_engine,
    by_the_wan_leave_only_tunnels_dhcp_time_and_names,
    from_the_wan_come_only_answers_and_concentrators,
    with_nothing_proven_nothing_begins,
    the_probe_mark_opens_nothing_but_the_lan,
    from_the_data_center_only_answers_bfd_and_monitoring_come_in,
    forged_insiders_are_gone_before_connection_tracking,
    forged_lan_senders_are_gone_before_connection_tracking,
)

CLINICS = clinics()


@cache
def near() -> tuple[tuple[RouterIntent, Packet], ...]:
    return tuple((intent, packet) for intent in CLINICS for packet in neighbourhood(intent))


def near_meetings() -> Iterator[Meeting]:
    for proven in PROVEN:
        filled = {id(intent): contents(intent.firewall, proven) for intent in CLINICS}
        yield from (Meeting(intent, filled[id(intent)], packet) for intent, packet in near())


@pytest.mark.parametrize("holds", PROPERTIES, ids=[holds.__name__ for holds in PROPERTIES])
def test_near_what_is_welcome(holds: Callable[[Meeting], None]) -> None:
    for meeting in near_meetings():
        holds(meeting)


@st.composite
def meetings(draw: st.DrawFn) -> Meeting:
    intent = draw(st.sampled_from(CLINICS))
    return Meeting(intent, contents(intent.firewall, draw(st.sampled_from(PROVEN))), draw(packets(intent)))


@many
@given(meetings())
def test_further_away(meeting: Meeting) -> None:
    for holds in PROPERTIES:
        holds(meeting)


def test_what_is_welcome_has_its_way() -> None:
    """Or the properties would be true of a closed door: every rule that accepts is reached by some packet."""
    reached = {
        decision.by
        for meeting in near_meetings()
        for decision in (meeting.decision(hook) for hook in ("input", "forward", "output"))
        if decision.verdict == "accept"
    }
    wanted = {
        rule.why
        for intent in CLINICS
        for chain in intent.firewall.chains
        if chain.name in ("input", "forward", "output") or chain.hook is None
        for rule in chain.rules
        if isinstance(rule.verdict, Accept)
    }
    assert wanted - reached == {"Fail fast: the router talks with itself"}


@some
@given(accounts(), sites())
def test_equal_arguments_give_equal_intents(account: Account, site: Site) -> None:
    try:
        first = compile(account, site)
    except SekishoError:
        assume(False)
    assert first == compile(account.model_copy(), site.model_copy())


@some
@given(intents())
def test_the_table_is_whole(intent: RouterIntent) -> None:
    """Every name that a rule uses is there, every thing that is there is used, every reason fits a comment."""
    table: Table = intent.firewall
    rules = [rule for chain in table.chains for rule in chain.rules]
    chain_names = Counter(chain.name for chain in table.chains)
    assert set(chain_names.values()) == {1}
    jumps = {rule.verdict.chain for rule in rules if isinstance(rule.verdict, Jump)}
    assert jumps == {chain.name for chain in table.chains if chain.hook is None}
    used_sets = {match.values.set_name for rule in rules for match in rule.matches if isinstance(match.values, In)}
    used_sets |= {rule.verdict.set_name for rule in rules if isinstance(rule.verdict, Note | Remember)}
    assert used_sets == {wanted.name for wanted in table.sets}
    used_maps = {rule.verdict.map_name for rule in rules if isinstance(rule.verdict, RedirectByMap)}
    assert used_maps == {wanted.name for wanted in table.maps}
    has_gate = any(service.gate_port for service in intent.services)
    used_counters = {rule.counter for rule in rules if rule.counter} | (set() if has_gate else {names.PASSED_GATE})
    offloaded = {rule.verdict.flow_table for rule in rules if isinstance(rule.verdict, Offload)}
    assert offloaded == {flows.name for flows in table.flow_tables}
    assert used_counters == {counter.name for counter in table.counters}
    whys = [rule.why for rule in rules]
    whys += [wanted.why for wanted in table.sets] + [wanted.why for wanted in table.maps]
    whys += [counter.why for counter in table.counters]
    for why in whys:
        assert why.isascii() and why[0].isupper() and 0 < len(why) <= 120
        assert '"' not in why
    for match in (match for rule in rules for match in rule.matches):
        assert isinstance(match.values, In) or len(match.fields) == 1
        assert match.values or match.fields[0] in (Field.TCP_FLAGS_SYN, Field.TCP_FLAGS_RST)


@some
@given(intents())
def test_no_connection_of_a_maintainers_passes_unnoted(intent: RouterIntent) -> None:
    for rule in (rule for chain in intent.firewall.chains for rule in chain.rules):
        if (
            In(names.MAINTENANCE) in {match.values for match in rule.matches}
            and is_(Field.CT_STATE, "new") in rule.matches
        ):
            assert isinstance(rule.verdict, Remember)


@some
@given(intents())
def test_every_chain_that_the_lan_meets_ends_in_a_refusal(intent: RouterIntent) -> None:
    chains = {chain.name: chain for chain in intent.firewall.chains}
    for base in ("input", "forward"):
        ways = [
            rule.verdict.chain
            for rule in chains[base].rules
            if isinstance(rule.verdict, Jump) and rule.matches[0].values == intent.lan.interfaces
        ]
        assert len(ways) == 1
        last = chains[ways[0]].rules[-1]
        assert last.matches == () and isinstance(last.verdict, Refuse)


@some
@given(accounts(), sites())
def test_secrets_are_in_no_text(account: Account, site: Site) -> None:
    try:
        shown = repr(compile(account, site))
    except SekishoError as error:
        shown = f"{error!r} {error.text}"
    secrets = [
        account.wireguard_private_key,
        account.identity.key,
        *(tunnel.preshared_key for tunnel in account.tunnels),
    ]
    assert not any(secret.get_secret_value() in shown for secret in secrets)
    assert "PRIVATE KEY" not in shown
