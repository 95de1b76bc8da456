"""The firewall model as nft's text: one line a rule, with its reason; and nothing breaks out of its place."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.intent.firewall import (
    Count,
    Drop,
    Field,
    In,
    Match,
    MoreThan,
    NamedSet,
    Ports,
    Refuse,
    Rule,
    Value,
    Verdict,
)
from appliance.kernel.nft import render, syntax
from tests.unit.kernel.worlds import is_, table

GOLDEN = """\
table inet sekisho {
	counter refused_lan {
		comment "LAN packets refused"
	}

	counter echoed {
		comment "Echoes let in"
	}

	set terminals {
		type ipv4_addr . ether_addr
		comment "Terminals of the settings"
		elements = {
			192.0.2.10 . 02:00:00:00:02:10,
			192.0.2.11 . 02:00:00:00:02:11,
		}
	}

	set inside {
		type ipv4_addr
		flags interval
		comment "The data center"
		elements = {
			203.0.113.0/25,
		}
	}

	set engine_verified {
		type ipv4_addr . inet_service
		flags timeout
		comment "Proven engines"
	}

	set tunnel_endpoints {
		type ipv4_addr . inet_service
		comment "Concentrators"
	}

	map gate_open {
		type ipv4_addr . inet_service : inet_service
		flags timeout
		comment "The gate's ports"
	}

	chain forged {
		type filter hook prerouting priority raw; policy accept;
		iifname "lan0" meta nfproto ipv4 fib saddr . iif oif missing drop comment "Anti-spoofing"
		iifname "sk-dc1" udp dport 3784 notrack comment "BFD is not tracked"
	}

	chain redirects {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "lan0" meta l4proto tcp ip daddr . tcp dport @engine_verified \
dnat ip to 192.0.2.1 : ip daddr . tcp dport map @gate_open comment "The gate's door"
		iifname "lan0" tcp dport 80 dnat ip to 192.0.2.1:8080 comment "The page"
	}

	chain source_nat {
		type nat hook postrouting priority srcnat; policy accept;
		oifname { "sk-dc1", "sk-dc2" } snat ip to 203.0.113.129 comment "One inner address"
	}

	chain from_lan {
		udp dport 7 counter name "echoed" accept comment "Echo"
		meta l4proto tcp counter name "refused_lan" reject with tcp reset comment "Refuse at once"
		counter name "refused_lan" reject with icmpx admin-prohibited comment "Refuse at once"
	}

	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept comment "Loopback"
		iifname "lan0" jump from_lan comment "What the LAN sends"
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		oifname { "sk-dc1", "sk-dc2" } tcp flags syn / syn,rst tcp option maxseg size set rt mtu comment "Clamp"
		ct state { established, related } accept comment "Known"
		iifname "lan0" ip saddr . ether saddr @terminals ip daddr . tcp dport @engine_verified \
accept comment "Closed unless proven"
		counter name "refused_lan" comment "Count the rest"
	}
}
"""


def test_the_whole_table() -> None:
    assert render(table()) == GOLDEN


def line(*matches: Match, verdict: Verdict | None = None) -> str:
    (only,) = syntax.rule_lines(Rule(matches, verdict or Drop(), "why"))
    return only.removesuffix(' drop comment "why"')


@pytest.mark.parametrize(
    ("match", "text"),
    [
        (Match((Field.CT_STATE,), ("new",), negate=True), "ct state != new"),
        (is_(Field.CT_STATUS, "dnat", "snat"), "ct status dnat,snat"),
        (Match((Field.CT_STATUS,), ("dnat",), negate=True), "ct status ! dnat"),
        (is_(Field.MARK, 0x5EC), "meta mark 0x5ec"),
        (is_(Field.UID, "sekisho-gate", 0), 'meta skuid { "sekisho-gate", 0 }'),
        (Match((Field.SOURCE4,), In("inside"), negate=True), "ip saddr != @inside"),
        (is_(Field.SOURCE4, IPv4Network("192.0.2.7/32")), "ip saddr 192.0.2.7"),
        (is_(Field.SOURCE6, IPv6Network("2001:db8::/32")), "ip6 saddr 2001:db8::/32"),
        # nft refuses overlapping networks in one set.
        (
            is_(Field.SOURCE4, IPv4Network("192.0.2.0/26"), IPv4Network("192.0.2.0/28"), IPv4Network("203.0.113.0/25")),
            "ip saddr { 192.0.2.0/26, 203.0.113.0/25 }",
        ),
        (is_(Field.TCP_FLAGS_RST), "tcp flags rst"),
        (is_(Field.CT_ENDS), "ct expiration < 1s"),
        (Match((Field.SPORT,), (Ports(4096, 4111), Ports(8192, 8207))), "th sport { 4096-4111, 8192-8207 }"),
        (
            Match((Field.DESTINATION4, Field.DPORT), MoreThan("users", 240)),
            "add @users { ip daddr . th dport ct count over 240 }",
        ),
        (is_(Field.FIB_DESTINATION_TYPE, "broadcast", "multicast"), "fib daddr type { broadcast, multicast }"),
    ],
)
def test_matches(match: Match, text: str) -> None:
    assert line(match) == text


def test_the_original_port_is_asked_for_after_the_transport_protocol() -> None:
    original = Match((Field.CT_ORIGINAL_DESTINATION4, Field.CT_ORIGINAL_DPORT), In("engine_verified"))
    assert line(original, is_(Field.L4PROTO, "tcp")) == (
        "meta l4proto tcp ct original ip daddr . ct original proto-dst @engine_verified"
    )


@pytest.mark.parametrize(
    ("matches", "answers"),
    [
        ((), ["tcp reset", "icmpx admin-prohibited"]),
        ((is_(Field.L4PROTO, "tcp"),), ["tcp reset"]),
        ((is_(Field.TCP_DPORT, 443),), ["tcp reset"]),
        ((is_(Field.TCP_FLAGS_SYN),), ["tcp reset"]),
        ((is_(Field.UDP_DPORT, 53),), ["icmpx admin-prohibited"]),
        ((is_(Field.L4PROTO, "tcp", "udp"),), ["tcp reset", "icmpx admin-prohibited"]),
        ((Match((Field.L4PROTO,), ("tcp",), negate=True),), ["icmpx admin-prohibited"]),
        ((Match((Field.L4PROTO,), ("udp",), negate=True),), ["tcp reset", "icmpx admin-prohibited"]),
        ((is_(Field.ICMP_TYPE, "echo-request"),), ["icmpx admin-prohibited"]),
    ],
)
def test_a_refusal_answers_every_protocol_in_its_own_words(matches: tuple[Match, ...], answers: list[str]) -> None:
    lines = syntax.rule_lines(Rule(matches, Refuse(), "why", counter="c"))
    assert [text.split("reject with ")[1].removesuffix(' comment "why"') for text in lines] == answers
    assert all('counter name "c"' in text for text in lines)


@pytest.mark.parametrize(
    "rule",
    [
        Rule((), Count(), "counts nothing"),
        Rule((is_(Field.IIF),), Drop(), "compares with nothing"),
        Rule((is_(Field.TCP_FLAGS_SYN, "syn"),), Drop(), "condition with a value"),
        Rule((Match((Field.SOURCE4, Field.TCP_DPORT), (1,)),), Drop(), "several fields without a set"),
        Rule((is_(Field.IIF, 'lan0" accept comment "'),), Drop(), "a name with a quote"),
        Rule((is_(Field.CT_STATE, "new; accept"),), Drop(), "a word with a space"),
        Rule((), Drop(), "why", counter='c" accept #'),
        Rule((Match((Field.SOURCE4,), In("inside accept")),), Drop(), "why"),
    ],
)
def test_what_nft_would_misread_is_a_programming_error(rule: Rule) -> None:
    with pytest.raises(ValueError, match=r".+"):
        syntax.rule_lines(rule)


@given(st.text(min_size=1))
def test_a_comment_never_breaks_out_and_fits(why: str) -> None:
    text = syntax.comment(why)
    assert text[0] == text[-1] == '"'
    assert '"' not in text[1:-1]
    assert not set(text) & set("\n\r\t")
    assert len(text.encode()) <= 127 + 2


@given(st.lists(st.from_type(IPv4Network), min_size=1, max_size=8))
def test_networks_of_an_interval_set_never_overlap(networks: list[IPv4Network]) -> None:
    wanted = NamedSet("s", ("ipv4_addr",), "w", interval=True, elements=tuple((network,) for network in networks))
    shown = [IPv4Network(text) for text in syntax.elements(wanted)]
    assert not any(one.overlaps(other) for one in shown for other in shown if one is not other)
    assert all(any(network.subnet_of(one) for one in shown) for network in networks)
    assert sum(one.num_addresses for one in shown) <= sum(network.num_addresses for network in networks)


VALUES: tuple[Value, ...] = (IPv4Address("192.0.2.1"), 53, "word")


@given(st.sampled_from(VALUES), st.integers(1, 4))
def test_an_element_has_as_many_parts_as_its_key(value: Value, parts: int) -> None:
    assert syntax.element(("x",) * parts, (value,) * parts).count(" . ") == parts - 1
    with pytest.raises(ValueError, match="parts"):
        syntax.element(("x",) * parts, (value,) * (parts + 1))
