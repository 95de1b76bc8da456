"""What a prefix stands for under a MAP-E rule: worked by hand once, and what must hold for every rule and prefix."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from hypothesis import given
from hypothesis import strategies as st

from appliance.intent.firewall import Ports
from appliance.intent.map_e import BLOCKS, MappingRule, psid_of, share

RULE = MappingRule(IPv6Network("2001:db8::/40"), IPv4Network("203.0.113.0/24"), 16)
"""8 bits of the address, 8 of the PSID."""


def test_one_worked_by_hand() -> None:
    """2001:db8:0012:3400::/56: the bits after /40 are 0x12 and 0x34, that is .18 and the port set 52."""
    ours = share(RULE, IPv6Network("2001:db8:12:3400::/56"))
    assert ours is not None
    assert ours.address == IPv4Address("203.0.113.18")
    assert ours.psid == 0x34
    assert ours.endpoint == IPv6Address("2001:db8:12:3400:cb:71:1200:3400")
    assert ours.blocks[0] == Ports(0x1340, 0x134F)
    assert ours.blocks[-1] == Ports(0xF340, 0xF34F)
    assert len(ours.blocks) == 15


def test_a_part_of_the_prefix_stands_for_the_same() -> None:
    """Without a delegation the access network advertises one /64 of it, and the softwire ends where it would."""
    whole = share(RULE, IPv6Network("2001:db8:12:3400::/56"))
    assert share(RULE, IPv6Network("2001:db8:12:3400::/64")) == whole
    assert share(RULE, IPv6Network("2001:db8:12:3456::/64")) == whole


def test_a_rule_of_which_the_address_has_no_more_than_the_psid() -> None:
    """An IPv4 prefix of /32: every embedded bit is the PSID's."""
    ours = share(
        MappingRule(IPv6Network("2001:db8:ff00::/48"), IPv4Network("198.51.100.7/32"), 8),
        IPv6Network("2001:db8:ff00:fe00::/56"),
    )
    assert ours is not None
    assert (ours.address, ours.psid) == (IPv4Address("198.51.100.7"), 0xFE)
    assert ours.endpoint == IPv6Address("2001:db8:ff00:fe00:c6:3364:700:fe00")


def test_a_whole_address_of_ones_own() -> None:
    """The draft's own example of a rule without embedded bits: all ports from 4096 on."""
    ours = share(
        MappingRule(IPv6Network("2001:db8:12:3400::/56"), IPv4Network("192.0.2.1/32"), 0),
        IPv6Network("2001:db8:12:3400::/56"),
    )
    assert ours is not None
    assert ours.endpoint == IPv6Address("2001:db8:12:3400:c0:2:100:0")
    assert (ours.blocks[0], ours.blocks[-1]) == (Ports(4096, 8191), Ports(61440, 65535))


def test_of_another_rule() -> None:
    assert share(RULE, IPv6Network("2001:db8:100:3400::/56")) is None
    assert share(RULE, IPv6Network("2001:db8::/48")) is None


@st.composite
def rules(draw: st.DrawFn) -> MappingRule:
    four = draw(st.integers(8, 32))
    ea_bits = 32 - four + draw(st.integers(0, 12))
    six = draw(st.integers(max(16, 24 - ea_bits), 64 - ea_bits))
    return MappingRule(
        IPv6Network((draw(st.integers(0, (1 << six) - 1)) << (128 - six), six)),
        IPv4Network((draw(st.integers(0, (1 << four) - 1)) << (32 - four), four)),
        ea_bits,
    )


@given(rules(), st.data())
def test_the_way_there_leads_back(rule: MappingRule, data: st.DataObject) -> None:
    """RFC 7597 section 5.3: address and any of the ports give the prefix again, since nobody else has both."""
    bits = data.draw(st.integers(0, (1 << rule.ea_bits) - 1))
    prefix = IPv6Network((int(rule.ipv6.network_address) | bits << (128 - rule.user_bits), rule.user_bits))
    ours = share(rule, prefix)
    assert ours is not None
    assert ours.address in rule.ipv4
    assert ours.endpoint in prefix
    port = data.draw(st.sampled_from(ours.blocks)).first
    assert psid_of(port, rule.psid_bits) == ours.psid
    suffix = int(ours.address) & int(rule.ipv4.hostmask)
    assert suffix << rule.psid_bits | ours.psid == bits
    # And so does the softwire's own address: what is in it is the address and the port set.
    assert IPv4Address(int(ours.endpoint) >> 24 & 0xFFFFFFFF) == ours.address
    assert int(ours.endpoint) >> 8 & 0xFFFF == ours.psid


@given(st.integers(0, 255))
def test_240_ports_that_are_nobody_elses(psid: int) -> None:
    ours = share(RULE, IPv6Network(f"2001:db8:12:{psid << 8:x}::/56"))
    assert ours is not None
    mine = {port for block in ours.blocks for port in range(block.first, block.last + 1)}
    assert len(ours.blocks) == BLOCKS
    assert len(mine) == 240
    assert mine == {(i << 12) | (psid << 4) | j for i in range(1, 16) for j in range(16)}
    assert min(mine) >= 4096
    assert mine == {port for port in range(65536) if psid_of(port, 8) == psid}


@given(st.integers(0, 12), st.integers(0, 65535))
def test_every_port_has_at_most_one_owner(psid_bits: int, port: int) -> None:
    owner = psid_of(port, psid_bits)
    assert (owner is None) == (port < 4096)
    assert owner is None or owner < 1 << psid_bits
