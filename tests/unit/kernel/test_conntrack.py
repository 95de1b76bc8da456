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


ROUTER = IPv4Address("192.0.2.1")
TRANSLATED = (
    "tcp      6 431999 ESTABLISHED src=192.0.2.10 dst=203.0.113.17 sport=40000 dport=443 "
    "src=192.0.2.1 dst=192.0.2.10 sport=10443 dport=40000 [ASSURED] mark=0 use=1\n"
    "tcp      6 431999 ESTABLISHED src=192.0.2.10 dst=192.0.2.1 sport=40002 dport=80 "
    "src=192.0.2.1 dst=192.0.2.10 sport=8080 dport=40002 [ASSURED] mark=0 use=1\n"
    "udp      17 29 src=192.0.2.10 dst=192.0.2.1 sport=40003 dport=53 [UNREPLIED] "
    "src=192.0.2.1 dst=192.0.2.10 sport=5300 dport=40003 mark=0 use=1\n"
    "unknown  2 599 src=0.0.0.0 dst=224.0.0.1 [UNREPLIED] src=224.0.0.1 dst=0.0.0.0 use=1\n"
)


def test_where_connections_are_led_except_for_those_that_stay() -> None:
    assert conntrack.translated_ports(TRANSLATED, {(ROUTER, 80)}) == {("tcp", 10443), ("udp", 5300)}
    assert conntrack.translated_ports(TRANSLATED, ()) == {("tcp", 10443), ("tcp", 8080), ("udp", 5300)}
    assert conntrack.translated_ports("", ()) == set()


@in_namespace
def test_the_page_s_connection_stays_when_all_else_is_forgotten() -> None:
    sh(
        "for own in 203.0.113.17 192.0.2.10 192.0.2.1; do ip address add $own/32 dev lo; done;"
        "nft add table inet t; nft 'add chain inet t o { type nat hook output priority -100; }';"
        "nft add rule inet t o ip daddr 203.0.113.17 tcp dport 443 redirect to :10443;"
        "nft add rule inet t o ip daddr 192.0.2.1 tcp dport 80 redirect to :8080;"
        "nft add rule inet t o ip daddr 192.0.2.1 udp dport 53 redirect to :5300"
    )
    terminal = IPv4Address("192.0.2.10")
    opened = []
    for address, port, led_to in ((ENGINE, 443, 10443), (ROUTER, 80, 8080)):
        listener = socket.create_server(("", led_to))
        opened.append(socket.create_connection((str(address), port), 10, source_address=(str(terminal), 0)))
        opened.append(listener.accept()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as question:
        question.bind((str(terminal), 0))
        question.sendto(b"?", (str(ROUTER), 53))
    gone = conntrack.forget_translated(terminal, {(ROUTER, 80)})
    assert [(flow.destination, flow.destination_port) for flow in gone] == [(ENGINE, 443)]
    assert conntrack.flows(ENGINE, 443) == []
    assert len(conntrack.flows(ROUTER, 80)) == 1
    assert conntrack.forget_translated(terminal, {(ROUTER, 80)}) == []
    assert len(conntrack.forget_translated(terminal)) == 1
