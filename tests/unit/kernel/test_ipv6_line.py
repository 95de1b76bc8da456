"""A line by IPv6 on a real kernel: its address, its ways and the floors beneath them come, change and go."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from appliance.intent import lines
from appliance.intent.compile import compile
from appliance.intent.lines import Way, Way6, with_ways
from appliance.intent.model import RouterIntent
from appliance.kernel import apply as kernel
from appliance.kernel.apply import Memory
from tests.builders import lab_account, lab_site
from tests.unit.kernel.namespace import in_namespace, sh
from tests.unit.kernel.worlds import build, intent, snapshot

GATEWAY = IPv6Address("fe80::1")
FORMER, LATTER = IPv6Address("2001:db8:100::1"), IPv6Address("2001:db8:200::1")


def two_families() -> RouterIntent:
    """The lab's kernel side with a line by IPv6 on wan0, and a second one by DHCP on usb0."""
    second = {"kind": "dhcp", "interface": "usb0"}
    compiled = compile(lab_account(), lab_site(wan={"kind": "ipoe", "interface": "wan0"}, backup_wan=second))
    simple = intent()
    floors = tuple(route for route in compiled.routes if route.table in (61, 62))
    addresses = tuple(address for address in simple.addresses if address.interface != "wan0")
    routes = tuple(route for route in simple.routes if route.interface != "wan0")
    return replace(
        simple,
        lines=compiled.lines,
        addresses=addresses,
        routes=routes + floors,
        rules=simple.rules + lines.rules(compiled.lines),
        sysctls=compiled.sysctls,
    )


@in_namespace
def test_a_line_by_ipv6_comes_changes_and_goes() -> None:
    build()
    sh("ip link add usb0 type veth peer name usb0-peer && ip link set usb0-peer up")
    before = snapshot()
    memory = Memory.load()
    found = [
        Way6("wan", GATEWAY, FORMER, is_ours=True),
        Way("backup_wan", IPv4Address("192.0.2.81")),
    ]
    sh("ip address add 192.0.2.90/28 dev usb0")
    wanted = with_ways(two_families(), found)
    kernel.apply(wanted, memory)
    assert f"inet6 {FORMER}/128" in sh("ip -6 address show dev wan0")
    for table in ("main", "61"):
        assert f"default via {GATEWAY} dev wan0 proto 83 src {FORMER}" in sh(f"ip -6 route show table {table}")
    # What is bound to the line by IPv4 finds no way by IPv6, and the other way round.
    assert f"src {FORMER}" in sh("ip -6 route get 2001:db8::9 mark 0x5e1")
    for family, mark, nowhere in (("-6", "0x5e2", "2001:db8::9"), ("-4", "0x5e1", "198.51.100.9")):
        assert "unreachable" in sh(f"ip {family} route get {nowhere} mark {mark} 2>&1 || echo unreachable")
    assert "via 192.0.2.81 dev usb0" in sh("ip route get 198.51.100.9 mark 0x5e2")
    assert sh("cat /proc/sys/net/ipv6/conf/wan0/disable_ipv6 /proc/sys/net/ipv6/conf/lan0/disable_ipv6") == "0\n1\n"
    assert kernel.apply(wanted, memory) == []
    assert kernel.apply(wanted, Memory.load()) == []

    renumbered = with_ways(two_families(), [Way6("wan", GATEWAY, LATTER, is_ours=True), *found[1:]])
    kernel.apply(renumbered, memory)
    assert str(FORMER) not in sh("ip -6 address show dev wan0") + sh("ip -6 route show table all")
    assert f"src {LATTER}" in sh("ip -6 route get 2001:db8::9 mark 0x5e1")

    # The line gives nothing any more: what is bound to it is refused, and does not wander.
    kernel.apply(with_ways(two_families(), found[1:]), memory)
    assert "unreachable" in sh("ip -6 route get 2001:db8::9 mark 0x5e1 2>&1 || echo unreachable")

    sh("ip address del 192.0.2.90/28 dev usb0")
    kernel.remove(memory)
    assert snapshot() == before


@in_namespace
def test_the_kernel_stops_believing_advertisements_before_the_firewall_lets_them_in() -> None:
    build()
    sh("ip link add usb0 type veth peer name usb0-peer")
    memory = Memory.load()
    planned = [change.subject for change in kernel.plan(two_families(), memory)]
    done = [change.subject for change in kernel.apply(two_families(), memory)]
    assert planned == done
    for belief in ("accept_ra", "autoconf"):
        assert done.index(f"net/ipv6/conf/wan0/{belief}") < done.index(two_families().firewall.name)
