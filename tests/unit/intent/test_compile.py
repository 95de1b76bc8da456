"""What an account and settings become, and which pairs are refused."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.account.model import SERVICE_NAME_PATTERN
from appliance.errors import SekishoError
from appliance.intent.compile import compile
from appliance.intent.lines import Way, Way6, with_ways
from appliance.intent.model import ROUTING_TABLE, RULE_PRIORITY, SETTLED_METRIC, Address, PolicyRule, Route
from appliance.intent.names import FIRST_GATE_PORT, SERVICES_LIMIT, WAN_RESOLVERS
from appliance.intent.services import gate_ports
from tests.builders import (
    MAINTAINER,
    WITHOUT_TUNNELS,
    lab_account,
    lab_site,
    lab_tunnel,
    passthrough_service,
    static_wan,
    terminate_service,
)

INNER = IPv4Address("203.0.113.129")


def test_a_tunnel_is_point_to_point_and_in_order_of_preference() -> None:
    intent = compile(lab_account(), lab_site())
    assert [(tunnel.interface, tunnel.rank) for tunnel in intent.tunnels] == [("sk-dc1", 0), ("sk-dc2", 1)]
    assert Address("sk-dc2", IPv4Interface("203.0.113.129/32"), IPv4Address("203.0.113.2")) in intent.addresses
    assert intent.inner_address == INNER


def test_the_longest_tunnel_name_fits_an_interface_name() -> None:
    intent = compile(lab_account(tunnels=[lab_tunnel(1, name="abcdefghij")]), lab_site())
    assert len(intent.tunnels[0].interface.encode()) <= 15


def test_beneath_every_prefix_lies_a_refusal() -> None:
    tunnels = [
        lab_tunnel(1, allowed_prefixes=["203.0.113.0/25", "198.18.0.0/15"]),
        lab_tunnel(2, allowed_prefixes=["203.0.113.0/25"]),
    ]
    intent = compile(lab_account(tunnels=tunnels), lab_site())
    wide, narrow = IPv4Network("198.18.0.0/15"), IPv4Network("203.0.113.0/25")
    shared = tuple(route for route in intent.routes if route.table == ROUTING_TABLE)
    assert shared == (
        Route(ROUTING_TABLE, IPv4Network("203.0.113.1/32"), "sk-dc1", source=INNER),
        Route(ROUTING_TABLE, IPv4Network("203.0.113.2/32"), "sk-dc2", source=INNER),
        Route(ROUTING_TABLE, wide, None, metric=SETTLED_METRIC),
        Route(ROUTING_TABLE, narrow, None, metric=SETTLED_METRIC),
    )
    by_destination = tuple(PolicyRule(RULE_PRIORITY, ROUTING_TABLE, prefix) for prefix in (wide, narrow))
    assert intent.rules[-2:] == by_destination


def test_a_question_about_one_tunnel_goes_into_that_tunnel_or_nowhere() -> None:
    intent = compile(lab_account(), lab_site())
    prefix = IPv4Network("203.0.113.0/25")
    for tunnel in intent.tunnels:
        assert PolicyRule(5050, tunnel.own_table, mark=tunnel.own_mark) in intent.rules
        assert [route for route in intent.routes if route.table == tunnel.own_table] == [
            Route(tunnel.own_table, prefix, tunnel.interface, source=INNER),
            Route(tunnel.own_table, prefix, None, metric=SETTLED_METRIC),
        ]
    marks = [tunnel.own_mark for tunnel in intent.tunnels]
    assert len(set(marks)) == len(marks)


def test_a_static_line_brings_its_address_route_and_resolvers() -> None:
    intent = compile(lab_account(), lab_site(wan=static_wan()))
    assert Address("wan0", IPv4Interface("192.0.2.66/28")) in intent.addresses
    assert intent.routes[0] == Route(
        254, IPv4Network("0.0.0.0/0"), "wan0", gateway=IPv4Address("192.0.2.65"), metric=100
    )
    resolvers = next(wanted for wanted in intent.firewall.sets if wanted.name == WAN_RESOLVERS)
    assert resolvers.elements == ((IPv4Address("198.51.100.53"),),)


def test_each_of_two_lines_has_its_own_way() -> None:
    second = {"kind": "dhcp", "interface": "usb0"}
    intent = compile(lab_account(), lab_site(wan=static_wan(), backup_wan=second))
    anywhere = IPv4Network("0.0.0.0/0")
    assert [(line.name, line.mark, line.table) for line in intent.lines] == [
        ("wan", 0x5E1, 61),
        ("backup_wan", 0x5E2, 62),
    ]
    assert Route(61, anywhere, "wan0", gateway=IPv4Address("192.0.2.65")) in intent.routes
    assert {route.table for route in intent.routes if route.interface is None} == {51, 61, 62, 71, 72}
    assert intent.rules[:2] == (PolicyRule(5000, 61, mark=0x5E1), PolicyRule(5000, 62, mark=0x5E2))
    assert [tunnel.marks for tunnel in intent.tunnels] == [(0x5E1, 0x5E2), (0x5E2, 0x5E1)]
    found = with_ways(intent, [Way("backup_wan", IPv4Address("198.51.100.1"))])
    assert Route(62, anywhere, "usb0", gateway=IPv4Address("198.51.100.1")) in found.routes


def test_of_two_lines_of_two_families_each_is_closed_to_the_other() -> None:
    six = {"kind": "ipoe", "interface": "wan0"}
    intent = compile(lab_account(), lab_site(wan=six, backup_wan={"kind": "dhcp", "interface": "usb0"}))
    assert [(line.ipv4, line.ipv6) for line in intent.lines] == [(False, True), (True, False)]
    floors = {(route.table, str(route.destination)) for route in intent.routes if route.interface is None}
    assert floors >= {(61, "0.0.0.0/0"), (61, "::/0"), (62, "0.0.0.0/0"), (62, "::/0")}
    marked = {(rule.mark, rule.table, rule.version) for rule in intent.rules if rule.priority == 5000}
    assert marked == {(0x5E1, 61, 4), (0x5E1, 61, 6), (0x5E2, 62, 4), (0x5E2, 62, 6)}
    assert ("net/ipv6/conf/wan0/disable_ipv6", "0") in intent.sysctls
    assert ("net/ipv6/conf/usb0/disable_ipv6", "1") in intent.sysctls


def test_a_way_by_ipv6_stands_in_the_main_table_too_with_our_source() -> None:
    intent = compile(lab_account(), lab_site(wan={"kind": "ipoe", "interface": "wan0"}))
    source, gateway = IPv6Address("2001:db8:100::1"), IPv6Address("fe80::1")
    found = with_ways(intent, [Way6("wan", gateway, source, is_ours=True)])
    assert found.routes[-1] == Route(254, IPv6Network("::/0"), "wan0", gateway, source, 100)
    assert found.addresses[-1] == Address("wan0", IPv6Interface("2001:db8:100::1/128"))
    advertised = with_ways(intent, [Way6("wan", gateway, source, is_ours=False)])
    assert advertised.addresses == intent.addresses


def test_a_bound_tunnel_uses_its_line_only() -> None:
    second = {"kind": "dhcp", "interface": "usb0"}
    intent = compile(lab_account(), lab_site(backup_wan=second, tunnels=[{"name": "dc1", "line": "backup_wan"}]))
    assert [(tunnel.line, tunnel.marks) for tunnel in intent.tunnels] == [
        ("backup_wan", (0x5E2,)),
        ("backup_wan", (0x5E2, 0x5E1)),
    ]


def test_a_dhcp_line_leaves_address_route_and_resolvers_to_its_client() -> None:
    intent = compile(lab_account(), lab_site())
    assert "wan0" not in {address.interface for address in intent.addresses}
    assert "wan0" not in {route.interface for route in intent.routes}
    resolvers = next(wanted for wanted in intent.firewall.sets if wanted.name == WAN_RESOLVERS)
    assert resolvers.elements is None


def test_a_service_keeps_its_gate_port_whatever_changes_beside_it() -> None:
    gate, third = terminate_service(), terminate_service(name="third", port=8443)
    both = gate_ports_of(gate, passthrough_service(), third)
    assert gate_ports_of(third, gate) == gate_ports_of(gate, third) == both
    assert gate_ports_of(gate)["gate"] == both["gate"]


@given(st.lists(st.from_regex(SERVICE_NAME_PATTERN, fullmatch=True), unique=True, max_size=SERVICES_LIMIT))
def test_gate_ports_are_all_different_and_nobody_else_is_given_them(names: list[str]) -> None:
    ports = gate_ports(names)
    assert list(ports) == names
    assert len(set(ports.values())) == len(names)
    assert all(FIRST_GATE_PORT <= port < 32768 for port in ports.values())


def test_of_two_that_would_share_a_gate_port_the_later_gives_way() -> None:
    first, second = "s1909", "s2404"
    alone = gate_ports([first])[first]
    assert gate_ports([second]) == {second: alone}
    assert gate_ports([first, second]) == {first: alone, second: alone + 1}


def gate_ports_of(*services: dict[str, Any]) -> dict[str, int]:
    compiled = compile(lab_account(services=list(services)), lab_site()).services
    return {service.name: service.gate_port for service in compiled if service.gate_port}


def test_the_switch_that_resets_others_comes_first() -> None:
    assert compile(lab_account(), lab_site()).sysctls[0] == ("net/ipv4/ip_forward", "1")


def test_switches_are_paths_so_that_a_vlan_port_keeps_its_dot() -> None:
    lan = {"interface": "eth0.20", "address": "192.0.2.1/26"}
    keys = [key for key, _ in compile(lab_account(), lab_site(lan=lan)).sysctls]
    assert "net/ipv4/conf/eth0.20/rp_filter" in keys
    assert len(keys) == len(set(keys))


REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "LAN inside a prefix": (
        "intent.lan-overlaps-tunnel",
        {},
        {"lan": {"interface": "lan0", "address": "203.0.113.97/27"}, "terminals": []},
    ),
    "prefix inside the LAN": (
        "intent.lan-overlaps-tunnel",
        {"tunnels": [lab_tunnel(1, allowed_prefixes=["10.1.0.0/16", "203.0.113.0/25"])]},
        {"lan": {"interface": "lan0", "address": "10.0.0.1/8"}, "terminals": []},
    ),
    "everything into the tunnel": (
        "intent.lan-overlaps-tunnel",
        {"tunnels": [lab_tunnel(1, allowed_prefixes=["0.0.0.0/0"])]},
        {},
    ),
    "line inside a prefix": (
        "intent.wan-overlaps-tunnel",
        {},
        {"wan": static_wan(address="203.0.113.20/28", gateway="203.0.113.17")},
    ),
    "LAN with the inner address": (
        "intent.inner-address-taken",
        {},
        {"lan": {"interface": "lan0", "address": "203.0.113.130/26"}, "terminals": []},
    ),
    "line with the inner address": (
        "intent.inner-address-taken",
        {},
        {"wan": static_wan(address="203.0.113.131/28", gateway="203.0.113.130")},
    ),
    "endpoint by IPv6": ("intent.endpoint-needs-ipv4", {"tunnels": [lab_tunnel(1, endpoint_host="2001:db8::1")]}, {}),
    "endpoint by IPv4 on a line by IPv6": (
        "intent.endpoint-needs-ipv6",
        {"tunnels": [lab_tunnel(1, endpoint_host="198.51.100.11")]},
        {"wan": {"kind": "ipoe", "interface": "wan0"}},
    ),
    "endpoint by IPv6 of a tunnel bound to a line by IPv4": (
        "intent.endpoint-needs-ipv4",
        {"tunnels": [lab_tunnel(1, endpoint_host="2001:db8::1")]},
        {
            "wan": {"kind": "ipoe", "interface": "wan0"},
            "backup_wan": {"kind": "dhcp", "interface": "usb0"},
            "tunnels": [{"name": "dc1", "line": "backup_wan"}],
        },
    ),
    "endpoint inside the tunnel": (
        "intent.endpoint-inside-tunnel",
        {"tunnels": [lab_tunnel(1, endpoint_host="203.0.113.9")]},
        {},
    ),
    "endpoint inside the LAN": (
        "intent.endpoint-inside-lan",
        {"tunnels": [lab_tunnel(1, endpoint_host="192.0.2.9")]},
        {},
    ),
    "resolver outside": ("intent.not-behind-tunnels", {"dns": ["198.51.100.53"]}, {}),
    "monitoring outside": ("intent.not-behind-tunnels", {"monitoring": ["203.0.113.0/24"]}, {}),
    "maintainer outside": (
        "intent.not-behind-tunnels",
        {"maintainers": [{**MAINTAINER, "addresses": ["198.51.100.8"]}]},
        {},
    ),
    "maintenance by nobody": (
        "intent.maintenance-by-nobody",
        {},
        {"maintenance": [{"terminal": "reception", "services": ["rdp"]}]},
    ),
    "a tunnel that there is not": ("intent.unknown-tunnel", {}, {"tunnels": [{"name": "dc9", "line": "wan"}]}),
    "a service that there is not": ("intent.no-such-service", {}, {"services": [{"name": "x", "by_address": True}]}),
    "a service that the gate does not carry": (
        "intent.no-such-service",
        {"services": [passthrough_service(name="receipt")]},
        {"services": [{"name": "receipt", "by_address": True}]},
    ),
    "engines on the internet, and a line without IPv4": (
        "intent.internet-needs-ipv4",
        WITHOUT_TUNNELS,
        {"wan": {"kind": "ipoe", "interface": "wan0"}},
    ),
    "engines on the internet, and a terminal that may go there": (
        "intent.internet-beside-engines",
        WITHOUT_TUNNELS,
        {
            "terminals": [
                {
                    "name": "reception",
                    "label": "受付",
                    "mac": "02:00:00:00:02:10",
                    "address": "192.0.2.10",
                    "internet_minutes": 30,
                }
            ]
        },
    ),
    "a tunnel of an account without": (
        "intent.unknown-tunnel",
        WITHOUT_TUNNELS,
        {"tunnels": [{"name": "dc1", "line": "wan"}]},
    ),
    "more services than the gate carries": (
        "intent.too-many-services",
        {"services": [passthrough_service(name=f"s{n}", port=1000 + n) for n in range(SERVICES_LIMIT + 1)]},
        {},
    ),
}


@pytest.mark.parametrize(("code", "account", "site"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_together_is_refused(code: str, account: dict[str, Any], site: dict[str, Any]) -> None:
    with pytest.raises(SekishoError) as refusal:
        compile(lab_account(**account), lab_site(**site))
    assert refusal.value.code == code
    assert refusal.value.text.ja.endswith("。")
    assert refusal.value.text.en.endswith(".")


def test_without_tunnels_nothing_of_theirs_is_wanted() -> None:
    intent = compile(lab_account(**WITHOUT_TUNNELS), lab_site())
    assert (intent.inner_address, intent.tunnels, intent.rules, intent.shapers) == (None, (), (), ())
    assert not any(route.table == ROUTING_TABLE for route in intent.routes)
    assert intent.firewall.flow_tables == ()


def test_a_line_whose_upload_is_known_is_shaped_and_so_are_its_tunnels() -> None:
    wan = {"kind": "dhcp", "interface": "wan0", "upload_mbit": 20}
    assert _shaped(wan=wan) == {"wan0": 20, "sk-dc1": 20, "sk-dc2": 20}
    assert _shaped() == {}


def test_a_tunnel_is_as_fast_as_the_fastest_line_that_it_may_use() -> None:
    fast = {"kind": "dhcp", "interface": "wan0", "upload_mbit": 100}
    slow = {"kind": "dhcp", "interface": "usb0", "upload_mbit": 10}
    bound = [{"name": "dc2", "line": "backup_wan"}]
    assert _shaped(wan=fast, backup_wan=slow) == {"wan0": 100, "usb0": 10, "sk-dc1": 100, "sk-dc2": 100}
    assert _shaped(wan=fast, backup_wan=slow, tunnels=bound)["sk-dc2"] == 10
    unknown = {"kind": "dhcp", "interface": "usb0"}
    assert _shaped(wan=fast, backup_wan=unknown) == {"wan0": 100}


def _shaped(**site: Any) -> dict[str, int]:
    return {shaper.interface: shaper.mbit for shaper in compile(lab_account(), lab_site(**site)).shapers}
