"""What the kernel's trace says is read as it is printed, and of our packets only."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.kernel.nft.traced import PORT, TRACE_TABLE, Hop, TracedPacket, TraceReader, rules, trace
from tests.unit.kernel.namespace import in_namespace, sh

HEAD = 'trace id ea6104f6 inet {} packet: iif "lan0" {}ether saddr 02:00:00:00:02:10 ip saddr 192.0.2.10 ip id 1 '
ACCEPT = (
    'trace id ea6104f6 inet sekisho lan_forward rule oifname { "sk-dc1" } tcp dport 443 accept comment '
    '"Closed unless proven: yes" (verdict accept)'
)
REFUSE = (
    "trace id ea6104f6 inet sekisho lan_forward rule meta l4proto tcp counter reject with tcp reset comment "
    '"Refuse at once: never silence" (verdict drop)'
)
OUT = "trace id ea6104f6 inet sekisho_explain leaves rule meta mark 0x000005ee drop (verdict drop)"


def test_a_packet_that_passes() -> None:
    reader = TraceReader()
    for line in (
        HEAD.format("sekisho_explain begin", ""),
        "trace id ea6104f6 inet sekisho_explain begin rule meta nftrace set 1 (verdict continue)",
        "trace id ea6104f6 inet sekisho_explain begin policy accept meta mark 0x000005ee ",
        HEAD.format("sekisho forward", 'oif "sk-dc1" '),
        ACCEPT,
        HEAD.format("sekisho_explain leaves", 'oif "sk-dc1" '),
    ):
        assert reader.read(line) is None
    whole = reader.read(OUT)
    assert whole is not None
    assert (whole.end, whole.interface) == ("passes", "sk-dc1")
    assert whole.own == (Hop("inet sekisho", "lan_forward", "Closed unless proven: yes", "accept"),)


def test_a_packet_that_is_refused() -> None:
    reader = TraceReader()
    reader.read(HEAD.format("sekisho forward", ""))
    whole = reader.read(REFUSE)
    assert whole is not None
    assert whole.end == "refused"
    assert whole.hops[-1].rule == "Refuse at once: never silence"


def test_somebody_elses_table_and_policy() -> None:
    reader = TraceReader()
    reader.read(HEAD.format("foreign f", ""))
    whole = reader.read("trace id ea6104f6 inet foreign f rule tcp dport 443 drop (verdict drop)")
    assert whole is not None
    assert (whole.end, whole.own, whole.hops[0].table) == ("dropped", (), "inet foreign")
    reader = TraceReader()
    reader.read(HEAD.format("sekisho forward", ""))
    whole = reader.read("trace id ea6104f6 inet sekisho forward policy drop meta mark 0x000005ee ")
    assert whole is not None
    assert whole.hops == (Hop("inet sekisho", "forward", "policy", "drop"),)


def test_somebody_elses_packet_is_not_ours() -> None:
    reader = TraceReader()
    assert reader.read(REFUSE) is None
    assert reader.unfinished() is None


@given(st.lists(st.text(max_size=80)))
def test_nonsense_is_nothing(lines: list[str]) -> None:
    reader = TraceReader()
    assert all(reader.read(line) is None for line in lines)


def test_the_rules_ask_for_our_packet_only() -> None:
    packet = TracedPacket("lan0", bytes, IPv4Address("192.0.2.10"), IPv4Address("203.0.113.17"), "tcp", 777)
    text = rules(packet)
    assert text.count("192.0.2.10") == 5
    assert "accept" not in text


@in_namespace
def test_without_tun_that_is_told_and_nothing_is_left() -> None:
    sh("mount --bind /dev/null /dev/net/tun")
    packet = TracedPacket("lo", lambda _: bytes(64), IPv4Address("192.0.2.10"), IPv4Address("192.0.2.1"), "tcp", 40000)
    with pytest.raises(SekishoError, match=r"kernel\.no-trace.*Inappropriate ioctl"):
        trace(packet)
    assert not Path("/sys/class/net", PORT).exists()
    assert TRACE_TABLE not in sh("nft list tables")
