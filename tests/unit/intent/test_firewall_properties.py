"""The promise, over any clinic and any packet: what is written here may never be false."""

from __future__ import annotations

from collections import Counter
from itertools import chain as flatten
from typing import Any

from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from appliance.account.model import Account
from appliance.errors import SekishoError
from appliance.intent import names
from appliance.intent.compile import compile
from appliance.intent.firewall import Field, In, Jump, RedirectByMap, Refuse, Table
from appliance.intent.model import PROBE_MARK, RouterIntent
from appliance.site.model import Site
from tests.unit.intent.packets import contents, decide
from tests.unit.intent.worlds import accounts, clinics, filled_sets, packets, sites

many = settings(max_examples=200, deadline=None)
some = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])

CLINICS = clinics()

Meeting = tuple[RouterIntent, dict[str, Any], dict[Field, Any]]
"""A router, the content of its sets, and a packet."""


@st.composite
def meetings(draw: st.DrawFn, **fixed: Any) -> Meeting:
    intent = draw(st.sampled_from(CLINICS))
    return intent, contents(intent.firewall, draw(filled_sets())), draw(packets(intent, **fixed))


@st.composite
def intents(draw: st.DrawFn) -> RouterIntent:
    account, site = draw(accounts()), draw(sites())
    try:
        return compile(account, site)
    except SekishoError as error:
        assert error.code.startswith("intent.")
        reject()


def to_tunnel(intent: RouterIntent, packet: dict[Field, Any], field: Field = Field.OIF) -> bool:
    return packet[field] in {tunnel.interface for tunnel in intent.tunnels}


def is_listed(intent: RouterIntent, packet: dict[Field, Any]) -> bool:
    return any(
        host.address == packet[Field.SOURCE4] and host.mac == packet[Field.ETHER_SOURCE] for host in intent.lan.hosts
    )


@some
@given(accounts(), sites())
def test_equal_arguments_give_equal_intents(account: Account, site: Site) -> None:
    try:
        first = compile(account, site)
    except SekishoError:
        assume(False)
    assert first == compile(account.model_copy(), site.model_copy())


@many
@given(meetings())
def test_only_two_ways_lead_through_the_router(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    if decide(intent.firewall, "forward", packet, sets).verdict != "accept":
        return
    if packet[Field.IIF] == "lan0":
        assert to_tunnel(intent, packet)
        assert is_listed(intent, packet)
        assert packet[Field.L4PROTO] == "tcp"
        assert packet[Field.CT_DIRECTION] == "original"
        assert (packet[Field.DESTINATION4], packet[Field.TCP_DPORT]) in sets[names.ENGINE_VERIFIED]
    else:
        assert to_tunnel(intent, packet, Field.IIF)
        assert packet[Field.OIF] == "lan0"
        assert packet[Field.CT_DIRECTION] == "reply"
        assert packet[Field.CT_STATE] in ("established", "related")


@many
@given(meetings(IIF="wan0"))
def test_nothing_from_the_wan_passes(meeting: Meeting) -> None:
    intent, sets, packet = meeting
    assert decide(intent.firewall, "forward", packet, sets).verdict == "drop"


@many
@given(meetings(IIF="lan0"), st.sampled_from(("input", "forward")))
def test_the_lan_gets_an_answer_always(meeting: Meeting, hook: str) -> None:
    intent, sets, packet = meeting
    decision = decide(intent.firewall, hook, packet, sets)
    assert decision.by, "a LAN packet must never reach a silent policy"
    if decision.verdict == "drop":
        assert packet[Field.FIB_DESTINATION_TYPE] in ("broadcast", "multicast")


@many
@given(meetings(IIF="lan0", CT_STATUS="dnat", L4PROTO="tcp"))
def test_the_gate_hears_only_listed_terminals_that_ask_for_a_proven_engine(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    if packet.get(Field.TCP_DPORT) not in {service.gate_port for service in intent.services}:
        return
    if packet[Field.CT_STATE] == "established" and packet[Field.CT_DIRECTION] == "reply":
        return
    if decide(intent.firewall, "input", packet, sets).verdict == "accept":
        assert is_listed(intent, packet)
        asked = (packet[Field.CT_ORIGINAL_DESTINATION4], packet[Field.CT_ORIGINAL_DPORT])
        assert asked in sets[names.GATE_VERIFIED]


@many
@given(meetings(IIF="lan0"))
def test_a_local_port_that_is_behind_a_redirect_is_never_reached_directly(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    packet.pop(Field.CT_STATUS, None)
    if packet.get(Field.TCP_DPORT) in {names.PAGE_PORT, *(service.gate_port for service in intent.services)} and not (
        packet[Field.CT_STATE] == "established" and packet[Field.CT_DIRECTION] == "reply"
    ):
        assert decide(intent.firewall, "input", packet, sets).verdict != "accept"


@many
@given(meetings(UID=names.GATE_USER))
def test_the_gate_speaks_only_with_proven_engines(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    if packet[Field.OIF] == "lan0" or decide(intent.firewall, "output", packet, sets).verdict != "accept":
        return
    assert packet[Field.OIF] != "other0"
    if packet.get(Field.TCP_FLAGS_RST):
        return
    if packet.get(Field.UDP_DPORT) in (3784, 51820):  # BFD and WireGuard: to their own two ends, whoever sends
        return
    assert to_tunnel(intent, packet)
    assert (packet[Field.DESTINATION4], packet[Field.TCP_DPORT]) in sets[names.GATE_VERIFIED]


@many
@given(meetings())
def test_what_has_no_owner_carries_nothing_to_an_unproven_engine(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    packet.pop(Field.UID, None)
    if packet[Field.L4PROTO] != "tcp" or not to_tunnel(intent, packet) or packet[Field.CT_DIRECTION] == "reply":
        return
    if packet[Field.DESTINATION4] in intent.tunnel_dns and packet[Field.TCP_DPORT] == 53:
        return
    if decide(intent.firewall, "output", packet, sets).verdict == "accept" and not packet[Field.TCP_FLAGS_RST]:
        pair = (packet[Field.DESTINATION4], packet[Field.TCP_DPORT])
        assert pair in sets[names.GATE_VERIFIED] | sets[names.ENGINE_VERIFIED]


@many
@given(meetings(OIF="wan0"))
def test_by_the_wan_leave_only_tunnels_dhcp_time_and_names(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    if decide(intent.firewall, "output", packet, sets).verdict != "accept":
        return
    destination = packet[Field.DESTINATION4]
    assert not any(destination in prefix for tunnel in intent.tunnels for prefix in tunnel.allowed_prefixes)
    assert destination not in intent.lan.address.network
    port = packet.get(Field.UDP_DPORT, packet.get(Field.TCP_DPORT))
    assert (
        (destination, packet.get(Field.UDP_DPORT)) in sets[names.TUNNEL_ENDPOINTS]
        or (port == 53 and (destination,) in sets[names.WAN_RESOLVERS])
        or packet.get(Field.UDP_DPORT) == 123
        or (packet.get(Field.UDP_SPORT), packet.get(Field.UDP_DPORT)) == (68, 67)
    )
    assert packet.get(Field.UID) not in (names.GATE_USER, names.PAGE_USER)


@many
@given(meetings())
def test_with_nothing_proven_nothing_begins(
    meeting: Meeting,
) -> None:
    """A fresh boot, or every process of ours dead for longer than the sets' time-outs."""
    intent, _, packet = meeting
    sets = contents(intent.firewall, {})
    if packet[Field.CT_DIRECTION] == "original" or packet[Field.CT_STATE] in ("new", "invalid", "untracked"):
        assert decide(intent.firewall, "forward", packet, sets).verdict != "accept"


@many
@given(meetings(OIF="sk-dc1"))
def test_the_probe_mark_opens_nothing_but_the_lan(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    marked = decide(intent.firewall, "output", {**packet, Field.MARK: PROBE_MARK}, sets)
    assert marked == decide(intent.firewall, "output", {**packet, Field.MARK: 0}, sets)


@many
@given(meetings(IIF="sk-dc1"))
def test_from_the_data_center_only_answers_bfd_and_monitoring_come_in(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    if decide(intent.firewall, "input", packet, sets).verdict != "accept":
        return
    if packet[Field.CT_DIRECTION] == "reply" and packet[Field.CT_STATE] in ("established", "related"):
        return
    assert packet[Field.DESTINATION4] == intent.inner_address
    if packet.get(Field.UDP_DPORT) == 3784:
        assert packet[Field.TTL] == 255
        assert packet[Field.SOURCE4] == intent.tunnels[0].peer_address
    else:
        assert any(packet[Field.SOURCE4] in network for network in intent.monitoring)
        assert packet.get(Field.TCP_DPORT) == names.METRICS_PORT or packet.get(Field.ICMP_TYPE) == "echo-request"


@many
@given(meetings(IIF="wan0"))
def test_forged_insiders_are_gone_before_connection_tracking(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    inside = [intent.lan.address.network, *(prefix for tunnel in intent.tunnels for prefix in tunnel.allowed_prefixes)]
    claims = any(
        packet[field] in network or packet[field] == intent.inner_address
        for network in inside
        for field in (Field.SOURCE4, Field.DESTINATION4)
    )
    verdict = decide(intent.firewall, "prerouting", packet, sets, priority="raw").verdict
    assert verdict == ("drop" if claims else "accept")


@many
@given(meetings(IIF="lan0"))
def test_forged_lan_senders_are_gone_before_connection_tracking(
    meeting: Meeting,
) -> None:
    intent, sets, packet = meeting
    source = packet[Field.SOURCE4]
    honest = source in intent.lan.address.network and source != intent.lan.address.ip
    asks_for_address = packet.get(Field.UDP_DPORT) == 67 and packet.get(Field.UDP_SPORT) == 68 and int(source) == 0
    if not honest and not asks_for_address:
        assert decide(intent.firewall, "prerouting", packet, sets, priority="raw").verdict == "drop"


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
