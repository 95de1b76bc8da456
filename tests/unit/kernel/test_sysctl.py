"""Kernel switches: what is set, when, and what is put back."""

from __future__ import annotations

import pytest

from appliance.errors import SekishoError
from appliance.kernel import sysctl
from appliance.kernel.sysctl import Write
from tests.unit.kernel.namespace import in_namespace, sh

FORWARD = "net/ipv4/ip_forward"
TUNNEL = "net/ipv4/conf/sk-dc1/rp_filter"
TUNNEL6 = "net/ipv6/conf/sk-dc1/disable_ipv6"
LAN6 = "net/ipv6/conf/lan0/accept_ra"


def operations(*arguments: object) -> list[Write]:
    return [change.operation for change in sysctl.diff(*arguments)]  # type: ignore[arg-type, misc]


def test_only_what_differs_is_written() -> None:
    assert operations([(FORWARD, "1"), (TUNNEL, "2")], {FORWARD: "0", TUNNEL: "2"}) == [Write(FORWARD, "1", "0")]


def test_switches_of_a_coming_interface_are_written_whatever_stands_there_now() -> None:
    observed = {TUNNEL: "2", TUNNEL6: None}
    wanted = [(TUNNEL, "2"), (TUNNEL6, "1")]
    assert operations(wanted, observed, {"sk-dc1"}) == [Write(TUNNEL, "2", None), Write(TUNNEL6, "1", None)]


def test_without_ipv6_there_is_nothing_to_forbid() -> None:
    assert operations([(LAN6, "0")], {LAN6: None}) == []


def test_any_other_missing_switch_is_tried_and_then_told() -> None:
    missing = "net/netfilter/no_such_switch"
    (change,) = sysctl.diff([(missing, "1")], {missing: None})
    with pytest.raises(SekishoError) as refused:
        sysctl.apply(change)
    assert refused.value.code == "kernel.sysctl-refused"
    assert missing in refused.value.text.ja


@pytest.mark.parametrize(
    ("key", "interface"),
    [
        ("net/ipv4/conf/eth0.10/rp_filter", "eth0.10"),
        ("net/ipv6/neigh/lan0/gc_stale_time", "lan0"),
        ("net/ipv4/conf/all/rp_filter", None),
        ("net/ipv4/conf/default/rp_filter", None),
        (FORWARD, None),
    ],
)
def test_whose_switch_it_is(key: str, interface: str | None) -> None:
    assert sysctl.interface_of(key) == interface


def test_a_spreading_switch_goes_back_first_and_alone() -> None:
    before = {FORWARD: "0", "net/ipv4/conf/all/accept_redirects": "1", "net/ipv4/conf/gone/rp_filter": "1"}
    observed = {FORWARD: "1", "net/ipv4/conf/all/accept_redirects": "0", "net/ipv4/conf/gone/rp_filter": None}
    assert [change.subject for change in sysctl.restore(before, observed)] == [FORWARD]
    observed[FORWARD] = "0"
    assert [change.subject for change in sysctl.restore(before, observed)] == ["net/ipv4/conf/all/accept_redirects"]
    observed["net/ipv4/conf/all/accept_redirects"] = "1"
    assert sysctl.restore(before, observed) == []


@in_namespace
def test_what_the_kernel_changes_on_our_account_is_remembered_and_put_back() -> None:
    """ip_forward sets every interface's forwarding; one of them was on before us."""
    # A network begins with what its machine has, and some machines forward.
    sh("echo 0 >/proc/sys/net/ipv4/ip_forward")
    sh("ip link add lan0 type veth peer name lan1; echo 1 >/proc/sys/net/ipv4/conf/lan1/forwarding")
    shown = "cd /proc/sys/net/ipv4 && grep . ip_forward conf/*/forwarding conf/*/accept_redirects"
    original = sh(shown)
    changes = sysctl.diff([(FORWARD, "1")], sysctl.observe([FORWARD]))
    before = sysctl.originals(changes)
    assert next(iter(before)) == FORWARD
    for change in changes:
        sysctl.apply(change)
    assert sh(shown) != original
    while changes := sysctl.restore(before, sysctl.observe(before)):
        for change in changes:
            sysctl.apply(change)
    assert sh(shown) == original


@in_namespace
def test_an_interface_without_ipv6_is_no_error() -> None:
    sh("ip link add lan0 type veth peer name lan1; ip link set lan0 mtu 1000; ip link add sk-dc1 type veth peer name x")
    key = "net/ipv6/conf/lan0/disable_ipv6"
    assert sysctl.observe([key]) == {key: None}
    sh("ip link set sk-dc1 mtu 1000")
    (change,) = sysctl.diff([(TUNNEL6, "1")], sysctl.observe([TUNNEL6]), {"sk-dc1"})
    sysctl.apply(change)


def test_what_no_setting_asks_for_any_longer_goes_back_but_not_what_another_switch_sets() -> None:
    old = "net/ipv4/conf/eth1/rp_filter"
    before = {FORWARD: "0", "net/ipv4/conf/eth1/forwarding": "0", old: "0"}
    assert sysctl.unwanted(before, [(FORWARD, "1")]) == {old: "0"}
    assert sysctl.unwanted(before, []) == before
