"""Tracked connections to an engine: listed as the terminal opened them, forgotten by the address that began them."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address

from appliance.kernel import conntrack
from appliance.kernel.conntrack import Flow
from tests.unit.kernel.namespace import in_namespace, sh

ENGINE = IPv4Address("203.0.113.17")

LISTING = (
    "tcp      6 431999 ESTABLISHED src=192.0.2.10 dst=203.0.113.17 sport=40000 dport=443 "
    "src=203.0.113.17 dst=203.0.113.129 sport=443 dport=40000 [ASSURED] mark=0 use=1\n"
    "tcp      6 119 SYN_SENT src=192.0.2.11 dst=203.0.113.17 sport=40001 dport=443 [UNREPLIED] "
    "src=203.0.113.17 dst=203.0.113.129 sport=443 dport=1024 mark=0 use=1\n"
    "unknown  2 599 src=0.0.0.0 dst=224.0.0.1 [UNREPLIED] src=224.0.0.1 dst=0.0.0.0 use=1\n"
)


def test_the_first_tuple_of_a_line_is_the_original_direction() -> None:
    assert conntrack.parse(LISTING) == [
        Flow(IPv4Address("192.0.2.10"), 40000, ENGINE, 443),
        Flow(IPv4Address("192.0.2.11"), 40001, ENGINE, 443),
    ]


@in_namespace
def test_flows_are_found_through_address_translation_and_deleted() -> None:
    """The engine's address leads to a local listener, as in the gate."""
    sh(
        "ip address add 203.0.113.17/32 dev lo; ip address add 192.0.2.10/32 dev lo;"
        "nft add table inet t; nft 'add chain inet t o { type nat hook output priority -100; }';"
        "nft 'add chain inet t i { type filter hook input priority 0; }'; nft add rule inet t i ct state new counter;"
        "nft add rule inet t o ip daddr 203.0.113.17 tcp dport 443 redirect to :10443"
    )
    assert conntrack.flows(ENGINE, 443) == []
    assert conntrack.forget(IPv4Address("192.0.2.10")) == 0
    listener = socket.create_server(("", 10443))
    opened = []
    for _ in range(2):
        client = socket.create_connection((str(ENGINE), 443), 10, source_address=("192.0.2.10", 0))
        opened.append((client, listener.accept()[0]))
    expected = {Flow(IPv4Address("192.0.2.10"), client.getsockname()[1], ENGINE, 443) for client, _ in opened}
    assert set(conntrack.flows(ENGINE, 443)) == expected
    assert conntrack.flows(ENGINE, 444) == []
    assert conntrack.forget(IPv4Address("192.0.2.11")) == 0
    assert set(conntrack.flows(ENGINE, 443)) == expected
    assert conntrack.forget(IPv4Address("192.0.2.10")) == len(expected)
    assert conntrack.flows(ENGINE, 443) == []


@in_namespace
def test_a_peer_is_forgotten_whoever_began() -> None:
    sh(
        "ip address add 203.0.113.17/32 dev lo; ip address add 192.0.2.10/32 dev lo;"
        "nft add table inet t; nft 'add chain inet t i { type filter hook input priority 0; }';"
        "nft add rule inet t i ct state new counter"
    )
    there, here = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    there.bind((str(ENGINE), 51820))
    for port in (51820, 40000):
        here.close()
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        here.bind(("192.0.2.10", port))
        if port == 51820:
            here.sendto(b"?", (str(ENGINE), 51820))
        else:
            there.sendto(b"?", ("192.0.2.10", port))
    assert conntrack.forget_peer(ENGINE, 51821) == 0
    assert conntrack.forget_peer(IPv4Address("203.0.113.18"), 51820) == 0
    assert conntrack.forget_peer(ENGINE, 51820) == 2
    assert conntrack.forget_peer(ENGINE, 51820) == 0
