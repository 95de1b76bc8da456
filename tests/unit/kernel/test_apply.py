"""The whole kernel side on a real kernel: apply, adopt, change, remove."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from appliance.errors import SekishoError
from appliance.intent.model import Address
from appliance.kernel import apply as kernel
from appliance.kernel import links, wireguard
from appliance.kernel.apply import Memory
from tests.unit.kernel.namespace import in_namespace, sh
from tests.unit.kernel.worlds import PREFIX, build, intent, public_key, snapshot, tunnel, wireguard_processes


@in_namespace
def test_a_fresh_router_becomes_what_is_wanted_and_a_second_apply_is_empty() -> None:
    build()
    memory = Memory.load()
    planned = kernel.plan(intent(), memory)
    done = kernel.apply(intent(), memory)

    assert [change.text for change in done] == [change.text for change in planned]
    assert done[0].subsystem == "nft"
    assert "192.0.2.1/26" in sh("ip -4 address show dev lan0")
    assert "203.0.113.129 peer 203.0.113.2/32" in sh("ip -4 address show dev sk-dc2")
    assert "mtu 1394" in sh("ip link show sk-dc1")
    assert "default via 192.0.2.65 dev wan0" in sh("ip route")
    table = sh("ip route show table 51")
    assert "unreachable 203.0.113.0/25" in table
    assert "203.0.113.1 dev sk-dc1" in table
    assert "to 203.0.113.0/25 lookup 51" in sh("ip rule")
    assert sh("cat /proc/sys/net/ipv4/conf/sk-dc1/rp_filter") == "2\n"
    assert public_key("concentrator 1") in sh("wg show sk-dc1")
    assert "policy drop" in sh("nft list chain inet sekisho forward")

    assert kernel.plan(intent(), memory) == []
    assert kernel.apply(intent(), memory) == []


@in_namespace
def test_a_new_process_adopts_what_is_there() -> None:
    build()
    kernel.apply(intent(), Memory.load())
    before = snapshot()
    daemons = wireguard_processes()
    program = (
        "from appliance.kernel import apply as kernel\n"
        "from tests.unit.kernel.worlds import intent\n"
        "print(kernel.apply(intent(), kernel.Memory.load()))"
    )
    assert sh(f"{sys.executable} -c '{program}'") == "[]\n"
    assert snapshot() == before
    assert wireguard_processes() == daemons


@in_namespace
def test_a_changed_peer_is_changed_in_place() -> None:
    """No interface, process or source port is made anew for a key, a prefix or a keepalive."""
    build()
    memory = Memory.load()
    kernel.apply(intent(), memory)
    daemons, index = wireguard_processes(), socket.if_nametoindex("sk-dc1")
    port = sh("wg show sk-dc1 listen-port")
    changed = tunnel(1, keepalive=25, allowed_prefixes=(PREFIX, IPv4Network("198.18.0.0/24")))
    done = kernel.apply(intent(tunnels=(changed, tunnel(2))), memory)

    assert [(change.subsystem, change.subject) for change in done] == [("wireguard", "sk-dc1")]
    assert "allowed prefixes, keepalive" in done[0].text.en
    assert "198.18.0.0/24" in sh("wg show sk-dc1 allowed-ips")
    assert sh("wg show sk-dc1 persistent-keepalive").split()[1] == "25"

    rekeyed = replace(changed, peer_public_key=public_key("another"))
    done = kernel.apply(intent(tunnels=(rekeyed, tunnel(2))), memory)
    assert [(change.subsystem, change.subject) for change in done] == [("wireguard", "sk-dc1")]
    assert sh("wg show sk-dc1 peers").split() == [public_key("another")]

    assert kernel.apply(intent(tunnels=(rekeyed, tunnel(2))), memory) == []
    assert wireguard_processes() == daemons
    assert socket.if_nametoindex("sk-dc1") == index
    assert sh("wg show sk-dc1 listen-port") == port


@in_namespace
def test_a_named_endpoint_is_set_by_others_and_stays() -> None:
    build()
    named = intent(tunnels=(tunnel(1, endpoint_host="vpn1.dc.example"),))
    memory = Memory.load()
    kernel.apply(named, memory)
    for address, shown in (("198.51.100.11", "198.51.100.11:51820"), ("2001:db8::11", "[2001:db8::11]:51820")):
        literal = IPv4Address(address) if "." in address else __import__("ipaddress").IPv6Address(address)
        wireguard.set_endpoint("sk-dc1", public_key("concentrator 1"), literal, 51820)
        assert sh("wg show sk-dc1 endpoints").split()[1] == shown
        assert kernel.plan(named, memory) == []
        state = wireguard.observe_peers()["sk-dc1"]
        assert str(state.endpoint) == shown
        assert (state.latest_handshake, state.rx_bytes) == (0, 0)


@in_namespace
def test_a_peer_is_introduced_with_its_first_endpoint_and_is_as_wanted() -> None:
    build()
    named = intent(tunnels=(tunnel(1, endpoint_host="vpn1.dc.example"),))
    memory = Memory.load()
    kernel.apply(named, memory)
    wireguard.introduce(named.tunnels[0], IPv4Address("198.51.100.11"), 51820)
    assert sh("wg show sk-dc1 endpoints").split()[1] == "198.51.100.11:51820"
    assert kernel.plan(named, memory) == []


@in_namespace
def test_a_moved_literal_endpoint_is_put_back() -> None:
    build()
    memory = Memory.load()
    kernel.apply(intent(), memory)
    wireguard.set_endpoint("sk-dc1", public_key("concentrator 1"), IPv4Address("198.51.100.66"), 51820)
    done = kernel.apply(intent(), memory)
    assert [change.text.en for change in done] == ["change tunnel dc1 in place: endpoint"]
    assert "198.51.100.11:51820" in sh("wg show sk-dc1 endpoints")


@in_namespace
def test_a_tunnel_that_left_the_account_goes_and_the_other_stays() -> None:
    build()
    memory = Memory.load()
    kernel.apply(intent(), memory)
    index = socket.if_nametoindex("sk-dc1")
    alone = intent(tunnels=(tunnel(1),))
    kernel.apply(alone, memory)
    assert "sk-dc2" not in sh("ip link")
    assert socket.if_nametoindex("sk-dc1") == index
    assert len(wireguard_processes()) <= 1
    assert sh("find /run -path '/run/wireguard/sk-dc2*'") == ""
    assert kernel.apply(alone, memory) == []


@in_namespace
def test_what_a_foreign_hand_changed_is_put_back() -> None:
    build()
    memory = Memory.load()
    kernel.apply(intent(), memory)
    before = snapshot()
    daemons = wireguard_processes()
    sh(
        "ip link set sk-dc1 mtu 1300; ip link set lan0 down; ip rule del pref 5100;"
        "ip route del unreachable 203.0.113.0/25 table 51 metric 4294967295;"
        "echo 0 >/proc/sys/net/ipv4/conf/lan0/rp_filter; ip address del 192.0.2.1/26 dev lan0;"
        f"wg set sk-dc2 peer {public_key('stranger')} allowed-ips 198.18.0.0/24; ip link set sk-dc2 down"
    )
    done = kernel.apply(intent(), memory)
    assert {change.subsystem for change in done} == {"link", "rule", "route", "sysctl", "address", "wireguard"}
    assert kernel.apply(intent(), memory) == []
    after = snapshot()
    # The kernel keeps what refers to an interface that goes down and up; only the order of addresses may differ.
    assert {name: sorted(text.split()) for name, text in after.items()} == {
        name: sorted(text.split()) for name, text in before.items()
    }
    assert wireguard_processes() == daemons


@in_namespace
def test_remove_leaves_exactly_what_was_before() -> None:
    build()
    sh(
        "ip link set wan0 up; ip address add 198.51.100.200/24 dev wan0; ip address add 192.168.7.1/24 dev lan0;"
        "echo 1 >/proc/sys/net/ipv4/conf/wan0/forwarding; echo 2 >/proc/sys/net/ipv4/conf/lan0/rp_filter;"
        "ip rule add pref 100 to 198.18.0.0/15 lookup 77; ip route add blackhole 198.18.0.0/15 table 51;"
        "nft add table inet other"
    )
    before = snapshot()
    memory = Memory.load()
    kernel.apply(intent(), memory)
    assert snapshot() != before
    assert kernel.remove(Memory.load())
    assert snapshot() == before
    assert wireguard_processes() == []
    assert kernel.remove(Memory.load()) == []


@in_namespace
def test_what_was_there_before_us_is_adopted_but_not_owned() -> None:
    build()
    sh("ip link set lan0 up; ip address add 192.0.2.1/26 dev lan0; echo 1 >/proc/sys/net/ipv4/ip_forward")
    before = snapshot()
    memory = Memory.load()
    done = kernel.apply(intent(), memory)
    assert "192.0.2.1/26" not in " ".join(change.text.en for change in done)
    kernel.remove(memory)
    assert snapshot() == before


@in_namespace
def test_a_foreign_lan_address_is_left_and_told(caplog: pytest.LogCaptureFixture) -> None:
    build()
    sh("ip address add 192.168.0.1/24 dev lan0")
    memory = Memory.load()
    with caplog.at_level(logging.WARNING):
        kernel.apply(intent(), memory)
    assert "lan0 also has 192.168.0.1/24" in caplog.text
    assert "192.168.0.1/24" in sh("ip address show dev lan0")
    assert kernel.apply(intent(), memory) == []


@in_namespace
def test_an_address_that_moved_within_its_subnet_takes_its_routes_along() -> None:
    """Removing the old one takes the default route with it: apply notices and lays it again."""
    build()
    memory = Memory.load()
    kernel.apply(intent(), memory)
    wanted = intent()
    addresses = tuple(
        Address("wan0", IPv4Interface("192.0.2.67/28")) if item.interface == "wan0" else item
        for item in wanted.addresses
    )
    moved = replace(wanted, addresses=addresses)
    kernel.apply(moved, memory)
    assert "192.0.2.66" not in sh("ip address")
    assert "default via 192.0.2.65 dev wan0" in sh("ip route")
    assert kernel.apply(moved, memory) == []
    kernel.remove(memory)
    assert "192.0.2.67" not in sh("ip address")


@in_namespace
def test_a_missing_lan_port_is_named_and_the_firewall_stands_all_the_same() -> None:
    build()
    sh("ip link set lan0 name eth9")
    with pytest.raises(SekishoError) as refused:
        kernel.apply(intent(), Memory.load())
    assert refused.value.code == "kernel.no-interface"
    assert "lan0" in refused.value.text.ja
    assert "eth9, wan0" in refused.value.text.en
    assert "policy drop" in sh("nft list chain inet sekisho forward")


@in_namespace
def test_a_line_s_port_may_come_later_and_go() -> None:
    build()
    sh("ip link set wan0 name eth9")
    memory = Memory.load()
    kernel.apply(intent(), memory)
    assert kernel.apply(intent(), memory) == []
    assert "192.0.2.1/26" in sh("ip address show dev lan0")
    with pytest.raises(SekishoError) as refused:
        links.refuse_missing(["lan0", "wan0"])
    assert refused.value.code == "kernel.no-interface"
    sh("ip link set eth9 down; ip link set eth9 name wan0")
    kernel.apply(intent(), memory)
    assert "192.0.2.66" in sh("ip address show dev wan0")
    assert "default via 192.0.2.65 dev wan0" in sh("ip route")
    links.refuse_missing(["lan0", "wan0"])
    sh("ip link delete wan0")
    kernel.apply(intent(), memory)
    assert kernel.apply(intent(), memory) == []


@in_namespace
def test_a_route_of_another_program_in_our_place_is_told() -> None:
    build()
    sh("ip link set wan0 up; ip address add 192.0.2.66/28 dev wan0; ip route add default via 192.0.2.70")
    with pytest.raises(SekishoError) as refused:
        kernel.apply(intent(), Memory.load())
    assert refused.value.code == "kernel.route-taken"
    assert "192.0.2.70" in sh("ip route")


@in_namespace
def test_our_interface_of_the_wrong_kind_is_made_anew() -> None:
    build()
    sh("ip link add sk-dc1 type bridge; ip address add 198.18.0.1/24 dev sk-dc1; ip link set sk-dc1 up")
    memory = Memory.load()
    kernel.apply(intent(), memory)
    assert "bridge" not in sh("ip -d link show sk-dc1")
    assert "198.18.0.1" not in sh("ip address show dev sk-dc1")
    assert kernel.apply(intent(), memory) == []


@in_namespace
def test_apply_works_from_a_worker_thread_of_a_running_event_loop() -> None:
    build()

    async def twice() -> tuple[int, int]:
        memory = Memory.load()
        first = await asyncio.to_thread(kernel.apply, intent(), memory)
        second, third = await asyncio.gather(
            asyncio.to_thread(kernel.apply, intent(), memory), asyncio.to_thread(kernel.plan, intent(), memory)
        )
        return len(first), len(second) + len(third)

    first, later = asyncio.run(twice())
    assert first > 0
    assert later == 0


@in_namespace
def test_the_tunnels_daemon_outlives_the_process_that_started_it() -> None:
    build()
    program = (
        "from appliance.kernel import apply as kernel\n"
        "from tests.unit.kernel.worlds import intent\n"
        "kernel.apply(intent(), kernel.Memory.load()); import os, signal; os.killpg(0, signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], start_new_session=True, check=False, timeout=60)
    memory = Memory.load()
    assert kernel.apply(intent(), memory) == []
    kernel.remove(memory)


@in_namespace
def test_no_secret_is_in_any_argument_file_log_or_description(caplog: pytest.LogCaptureFixture) -> None:
    build()
    sh("mkdir /run/seen /run/bin")
    for tool in ("wg", "nft"):
        path = sh(f"command -v {tool}").strip()
        script = f'#!/bin/sh\necho "$0 $@" >>/run/seen/arguments\nexec {path} "$@"\n'
        sh(f"cat >/run/bin/{tool} && chmod +x /run/bin/{tool}", input=script)
    import os

    os.environ["PATH"] = "/run/bin:" + os.environ["PATH"]
    wanted = intent()
    memory = Memory.load()
    with caplog.at_level(logging.DEBUG):
        done = kernel.apply(wanted, memory)
    seen = sh("cat /run/seen/arguments") + memory.path.read_text() + caplog.text + repr(done) + repr(wanted)
    assert "wg addconf sk-dc1 /dev/stdin" in seen
    for item in wanted.tunnels:
        assert item.private_key.get_secret_value() not in seen
        assert item.preshared_key.get_secret_value() not in seen


@in_namespace
def test_the_lan_moves_to_another_port_and_the_old_one_is_given_back() -> None:
    build()
    sh("ip link add lan9 type veth peer name lan9-peer && ip link set lan9-peer up")
    before = snapshot()
    memory = Memory.load()
    old = intent()
    kernel.apply(old, memory)

    def on_lan9(text: str) -> str:
        return text.replace("lan0", "lan9")

    new = replace(
        old,
        lan=replace(old.lan, segments=(replace(old.lan.segments[0], port="lan9", interface="lan9"),)),
        addresses=tuple(replace(item, interface=on_lan9(item.interface)) for item in old.addresses),
        sysctls=tuple((on_lan9(key), value) for key, value in old.sysctls),
    )
    kernel.apply(new, memory)
    assert "192.0.2.1/26" in sh("ip address show dev lan9")
    assert "inet " not in sh("ip address show dev lan0")
    assert "<BROADCAST,MULTICAST>" in sh("ip link show lan0")
    assert sh("cat /proc/sys/net/ipv6/conf/lan0/disable_ipv6 /proc/sys/net/ipv4/conf/lan0/rp_filter") == "0\n0\n"
    assert kernel.apply(new, memory) == []
    # Somebody else's from now on.
    sh("ip address add 192.0.2.1/26 dev lan0; ip link set lan0 up; echo 2 >/proc/sys/net/ipv4/conf/lan0/rp_filter")
    assert kernel.apply(new, Memory.load()) == []
    sh("ip address del 192.0.2.1/26 dev lan0; ip link set lan0 down; echo 0 >/proc/sys/net/ipv4/conf/lan0/rp_filter")
    kernel.remove(memory)
    assert snapshot() == before
