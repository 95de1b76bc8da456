"""The promise, over any clinic and any packet: what is written here may never be false."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain as flatten
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from appliance.account.model import Account
from appliance.errors import SekishoError
from appliance.intent import names
from appliance.intent.compile import compile
from appliance.intent.firewall import Field, In, Jump, RedirectByMap, Refuse, Table
from appliance.intent.model import PROBE_MARK, RouterIntent
from appliance.site.model import Site
from tests.unit.intent.packets import Decision, contents, decide
from tests.unit.intent.worlds import accounts, clinics, filled_sets, packets, sites

many = settings(max_examples=200, deadline=None)
some = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])

CLINICS = clinics()


@dataclass(frozen=True, slots=True)
class Meeting:
    """A router, the content of its sets, and a packet."""

    intent: RouterIntent = field(repr=False)
    sets: dict[str, Any]
    packet: dict[Field, Any]

    def decision(self, hook: str, priority: str = "filter", **changes: Any) -> Decision:
        packet = self.packet | {Field[name]: value for name, value in changes.items()}
        return decide(self.intent.firewall, hook, packet, self.sets, priority)

    def accepted(self, hook: str) -> bool:
        return self.decision(hook).verdict == "accept"

    def is_at_tunnel(self, where: Field) -> bool:
        return self.packet[where] in {tunnel.interface for tunnel in self.intent.tunnels}

    def is_from_listed_terminal(self) -> bool:
        sender = (self.packet[Field.SOURCE4], self.packet[Field.ETHER_SOURCE])
        return sender in {(host.address, host.mac) for host in self.intent.lan.hosts}

    def is_answer(self) -> bool:
        return self.packet[Field.CT_DIRECTION] == "reply" and self.packet[Field.CT_STATE] in ("established", "related")

    def gate_ports(self) -> set[int]:
        return {service.gate_port for service in self.intent.services if service.gate_port}


@st.composite
def meetings(draw: st.DrawFn, **fixed: Any) -> Meeting:
    intent = draw(st.sampled_from(CLINICS))
    return Meeting(intent, contents(intent.firewall, draw(filled_sets())), draw(packets(intent, **fixed)))


@st.composite
def intents(draw: st.DrawFn) -> RouterIntent:
    account, site = draw(accounts()), draw(sites())
    try:
        return compile(account, site)
    except SekishoError as error:
        assert error.code.startswith("intent.")
        reject()


@many
@given(meetings())
def test_only_two_ways_lead_through_the_router(meeting: Meeting) -> None:
    if not meeting.accepted("forward"):
        return
    packet = meeting.packet
    if packet[Field.IIF] == "lan0":
        assert meeting.is_at_tunnel(Field.OIF)
        assert meeting.is_from_listed_terminal()
        assert packet[Field.CT_DIRECTION] == "original"
        assert (packet[Field.DESTINATION4], packet[Field.TCP_DPORT]) in meeting.sets[names.ENGINE_VERIFIED]
    else:
        assert meeting.is_at_tunnel(Field.IIF)
        assert packet[Field.OIF] == "lan0"
        assert meeting.is_answer()


@many
@given(meetings(IIF="wan0"))
def test_nothing_from_the_wan_passes(meeting: Meeting) -> None:
    assert meeting.decision("forward").verdict == "drop"


@many
@given(meetings(IIF="lan0"), st.sampled_from(("input", "forward")))
def test_the_lan_gets_an_answer_always(meeting: Meeting, hook: str) -> None:
    decision = meeting.decision(hook)
    assert decision.by, "a LAN packet must never reach a silent policy"
    if decision.verdict == "drop":
        assert meeting.packet[Field.FIB_DESTINATION_TYPE] in ("broadcast", "multicast")


@many
@given(meetings(IIF="lan0", L4PROTO="tcp"))
def test_the_gate_hears_only_listed_terminals_that_ask_for_a_proven_engine(meeting: Meeting) -> None:
    packet = meeting.packet
    if packet.get(Field.TCP_DPORT) not in meeting.gate_ports() or meeting.is_answer() or not meeting.accepted("input"):
        return
    assert packet[Field.CT_STATUS] == "dnat"
    assert meeting.is_from_listed_terminal()
    asked = (packet[Field.CT_ORIGINAL_DESTINATION4], packet[Field.CT_ORIGINAL_DPORT])
    assert asked in meeting.sets[names.GATE_VERIFIED]


@many
@given(meetings(IIF="lan0", L4PROTO="tcp", TCP_DPORT=names.PAGE_PORT))
def test_the_page_is_behind_its_redirect(meeting: Meeting) -> None:
    if meeting.accepted("input") and not meeting.is_answer():
        assert meeting.packet[Field.CT_STATUS] == "dnat"
        assert meeting.packet[Field.DESTINATION4] == meeting.intent.lan.address.ip


@many
@given(meetings(UID=names.GATE_USER))
def test_the_gate_speaks_only_with_proven_engines(meeting: Meeting) -> None:
    packet = meeting.packet
    if packet[Field.OIF] == "lan0" or not meeting.accepted("output"):
        return
    assert meeting.is_at_tunnel(Field.OIF)
    if packet.get(Field.TCP_FLAGS_RST) or packet.get(Field.UDP_DPORT) == 3784:
        return
    assert (packet[Field.DESTINATION4], packet[Field.TCP_DPORT]) in meeting.sets[names.GATE_VERIFIED]


@many
@given(meetings(L4PROTO="tcp"))
def test_what_has_no_owner_carries_nothing_to_an_unproven_engine(meeting: Meeting) -> None:
    packet = meeting.packet
    packet.pop(Field.UID, None)
    if not meeting.is_at_tunnel(Field.OIF) or meeting.is_answer() or not meeting.accepted("output"):
        return
    if packet[Field.DESTINATION4] in meeting.intent.tunnel_dns and packet[Field.TCP_DPORT] == 53:
        return
    if not packet[Field.TCP_FLAGS_RST]:
        pair = (packet[Field.DESTINATION4], packet[Field.TCP_DPORT])
        assert pair in meeting.sets[names.GATE_VERIFIED] | meeting.sets[names.ENGINE_VERIFIED]


@many
@given(meetings(OIF="wan0"))
def test_by_the_wan_leave_only_tunnels_dhcp_time_and_names(meeting: Meeting) -> None:
    if not meeting.accepted("output"):
        return
    packet, intent = meeting.packet, meeting.intent
    destination = packet[Field.DESTINATION4]
    assert not any(destination in prefix for tunnel in intent.tunnels for prefix in tunnel.allowed_prefixes)
    assert destination not in intent.lan.address.network
    port = packet.get(Field.UDP_DPORT, packet.get(Field.TCP_DPORT))
    assert (
        (destination, packet.get(Field.UDP_DPORT)) in meeting.sets[names.TUNNEL_ENDPOINTS]
        or (port == 53 and (destination,) in meeting.sets[names.WAN_RESOLVERS])
        or packet.get(Field.UDP_DPORT) == 123
        or (packet.get(Field.UDP_SPORT), packet.get(Field.UDP_DPORT)) == (68, 67)
    )
    assert packet.get(Field.UID) not in (names.GATE_USER, names.PAGE_USER)


@many
@given(meetings())
def test_with_nothing_proven_nothing_begins(meeting: Meeting) -> None:
    """A fresh boot, or every process of ours dead for longer than the sets' time-outs."""
    bare = Meeting(meeting.intent, contents(meeting.intent.firewall, {}), meeting.packet)
    if not meeting.is_answer():
        assert not bare.accepted("forward")


@many
@given(meetings(OIF="sk-dc1"))
def test_the_probe_mark_opens_nothing_but_the_lan(meeting: Meeting) -> None:
    assert meeting.decision("output", MARK=PROBE_MARK) == meeting.decision("output", MARK=0)


@many
@given(meetings(IIF="sk-dc1"))
def test_from_the_data_center_only_answers_bfd_and_monitoring_come_in(meeting: Meeting) -> None:
    if not meeting.accepted("input") or meeting.is_answer():
        return
    packet, intent = meeting.packet, meeting.intent
    assert packet[Field.DESTINATION4] == intent.inner_address
    if packet.get(Field.UDP_DPORT) == 3784:
        assert packet[Field.TTL] == 255
        assert packet[Field.SOURCE4] == intent.tunnels[0].peer_address
    else:
        assert any(packet[Field.SOURCE4] in network for network in intent.monitoring)
        assert packet.get(Field.TCP_DPORT) == names.METRICS_PORT or packet.get(Field.ICMP_TYPE) == "echo-request"


@many
@given(meetings(IIF="wan0"))
def test_forged_insiders_are_gone_before_connection_tracking(meeting: Meeting) -> None:
    intent, packet = meeting.intent, meeting.packet
    inside = [intent.lan.address.network, *(prefix for tunnel in intent.tunnels for prefix in tunnel.allowed_prefixes)]
    claims = any(
        packet[end] in network or packet[end] == intent.inner_address
        for network in inside
        for end in (Field.SOURCE4, Field.DESTINATION4)
    )
    assert meeting.decision("prerouting", "raw").verdict == ("drop" if claims else "accept")


@many
@given(meetings(IIF="lan0"))
def test_forged_lan_senders_are_gone_before_connection_tracking(meeting: Meeting) -> None:
    packet, lan = meeting.packet, meeting.intent.lan.address
    source = packet[Field.SOURCE4]
    honest = source in lan.network and source not in (lan.ip, lan.network.broadcast_address)
    asks_for_address = int(source) == 0 and (packet.get(Field.UDP_SPORT), packet.get(Field.UDP_DPORT)) == (68, 67)
    if not honest and not asks_for_address:
        assert meeting.decision("prerouting", "raw").verdict == "drop"


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
    assert used_sets == {wanted.name for wanted in table.sets}
    used_maps = {rule.verdict.map_name for rule in rules if isinstance(rule.verdict, RedirectByMap)}
    assert used_maps == {wanted.name for wanted in table.maps}
    has_gate = any(service.gate_port for service in intent.services)
    used_counters = {rule.counter for rule in rules if rule.counter} | (set() if has_gate else {names.PASSED_GATE})
    assert used_counters == {counter.name for counter in table.counters}
    whys = flatten(
        (rule.why for rule in rules), *((thing.why,) for thing in (*table.sets, *table.maps, *table.counters))
    )
    for why in whys:
        assert why.isascii() and why[0].isupper() and 0 < len(why) <= 120
        assert '"' not in why
    for match in (match for rule in rules for match in rule.matches):
        assert isinstance(match.values, In) or len(match.fields) == 1
        assert match.values or match.fields[0] in (Field.TCP_FLAGS_SYN, Field.TCP_FLAGS_RST)


@some
@given(intents())
def test_every_chain_that_the_lan_meets_ends_in_a_refusal(intent: RouterIntent) -> None:
    chains = {chain.name: chain for chain in intent.firewall.chains}
    for base in ("input", "forward"):
        ways = [
            rule.verdict.chain
            for rule in chains[base].rules
            if isinstance(rule.verdict, Jump) and rule.matches[0].values == ("lan0",)
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
