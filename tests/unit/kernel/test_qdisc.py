"""The queues in front of a full line: made, changed in place, taken away, and no stranger's touched."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.intent.model import Shaper
from appliance.kernel import apply as kernel
from appliance.kernel import qdisc
from appliance.kernel.apply import Memory
from appliance.kernel.netlink import connect
from appliance.kernel.qdisc import Queue, Release, Shape
from tests.unit.kernel.namespace import in_namespace, sh
from tests.unit.kernel.worlds import build, intent, snapshot

PORT = Shaper("wan0", 20, 38)
TUNNEL = Shaper("sk-dc1", 20, 113)
NAMES = ["wan0", "usb0", "sk-dc1", "eth9"]
SHAPERS = st.builds(Shaper, st.sampled_from(NAMES), st.integers(1, 10_000), st.integers(0, 200))
WANTED = st.lists(SHAPERS, unique_by=lambda shaper: shaper.interface)


@given(before=WANTED, wanted=WANTED, kind=st.sampled_from(["cake", "tbf"]))
def test_diff_leads_to_what_is_wanted_and_leaves_others(before: list[Shaper], wanted: list[Shaper], kind: str) -> None:
    observed = {shaper.interface: Queue(kind, qdisc.settings_of(kind, shaper)) for shaper in before}
    state = dict(observed) | {"lan0": Queue("fq", None)}
    for change in qdisc.diff(wanted, state):
        match change.operation:
            case Shape(shaper, standing):
                assert standing == (kind if shaper.interface in state else None)
                state[shaper.interface] = Queue(kind, qdisc.settings_of(kind, shaper))
            case Release(interface):
                del state[interface]
    assert state.pop("lan0") == Queue("fq", None)
    assert state.keys() == {shaper.interface for shaper in wanted}
    assert qdisc.diff(wanted, state) == []


def test_changes_name_what_people_know() -> None:
    said = [change.text for change in qdisc.diff([PORT, TUNNEL], {"usb0": Queue("cake", {})})]
    assert [text.en for text in said] == [
        "let usb0 send as fast as it can again",
        "let at most 20 Mbit/s leave by wan0, and share them fairly",
        "let at most 20 Mbit/s leave by tunnel dc1, and share them fairly",
    ]
    assert said[2].ja == "トンネル dc1 から出る速さを 20 Mbit/s までにし、順番待ちを公平にします。"


@in_namespace
def test_a_line_and_a_tunnel_get_their_queues_which_go_again_with_everything_else() -> None:
    build()
    before = snapshot()["queues"]
    memory = Memory.load()
    wanted = intent(shapers=(PORT, TUNNEL))
    planned = kernel.plan(wanted, memory)
    done = kernel.apply(wanted, memory)
    assert [change.text for change in done] == [change.text for change in planned]
    assert [change.subject for change in done if change.subsystem == "qdisc"] == ["wan0", "sk-dc1"]
    for interface in ("wan0", "sk-dc1"):
        assert re.match(r"qdisc (cake|tbf) 5ec0: root ", sh(f"tc qdisc show dev {interface}"))
    assert kernel.plan(wanted, Memory.load()) == []
    assert kernel.apply(wanted, memory) == []
    kernel.remove(memory)
    assert snapshot()["queues"] == before


@in_namespace
def test_another_speed_is_set_in_place() -> None:
    """What waits in the queue stays there: the kernel counts on."""
    build()
    memory = Memory.load()
    kernel.apply(intent(shapers=(PORT,)), memory)
    # The question meets a closed firewall; that it is for us has to be answered first (ARP).
    sh("ip netns exec line ping -c 1 -W 1 192.0.2.66 || true")
    sent = _sent("wan0")
    assert sent > 0
    done = kernel.apply(intent(shapers=(replace(PORT, mbit=30),)), memory)
    assert [(change.subsystem, change.subject) for change in done] == [("qdisc", "wan0")]
    assert _sent("wan0") >= sent
    assert kernel.plan(intent(shapers=(replace(PORT, mbit=30),)), memory) == []


@in_namespace
def test_without_a_speed_the_kernel_s_own_queue_is_back() -> None:
    build()
    memory = Memory.load()
    kernel.apply(intent(), memory)
    before = sh("tc qdisc show dev wan0")
    kernel.apply(intent(shapers=(PORT,)), memory)
    done = kernel.apply(intent(), memory)
    assert [change.text.en for change in done] == ["let wan0 send as fast as it can again"]
    assert sh("tc qdisc show dev wan0") == before


@in_namespace
def test_a_hand_that_changes_our_queue_is_put_back() -> None:
    build()
    memory = Memory.load()
    kernel.apply(intent(shapers=(PORT,)), memory)
    for harm in ("tc qdisc del dev wan0 root", _faster("wan0")):
        sh(harm)
        assert [change.subject for change in kernel.apply(intent(shapers=(PORT,)), memory)] == ["wan0"]
        assert kernel.plan(intent(shapers=(PORT,)), memory) == []


@in_namespace
def test_another_program_s_queue_is_left_alone() -> None:
    build()
    memory = Memory.load()
    sh("tc qdisc add dev wan0 root handle 7: tbf rate 5mbit burst 10k latency 50ms")
    before = sh("tc qdisc show dev wan0")
    kernel.apply(intent(), memory)
    with pytest.raises(SekishoError) as refused:
        kernel.apply(intent(shapers=(PORT,)), memory)
    assert refused.value.code == "kernel.qdisc-taken"
    assert sh("tc qdisc show dev wan0") == before
    kernel.remove(memory)
    assert sh("tc qdisc show dev wan0") == before


@in_namespace
def test_every_speed_that_can_be_written_is_kept_by_the_kernel() -> None:
    build()
    with connect() as netlink:
        names = {link["index"]: link.get_attr("IFLA_IFNAME") for link in netlink.get_links()}
        for mbit in (1, 7, 100, 1_000, 10_000):
            for shaper in (replace(PORT, mbit=mbit), replace(PORT, mbit=mbit, overhead=113)):
                for change in qdisc.diff([shaper], qdisc.observe(netlink, names)):
                    qdisc.apply(netlink, change)
                assert qdisc.diff([shaper], qdisc.observe(netlink, names)) == []


def _sent(interface: str) -> int:
    found = re.search(r"Sent (\d+) bytes", sh(f"tc -s qdisc show dev {interface}"))
    assert found is not None
    return int(found[1])


def _faster(interface: str) -> str:
    if "cake" in sh(f"tc qdisc show dev {interface}"):
        return f"tc qdisc change dev {interface} root handle 5ec0: cake bandwidth 90mbit"
    return f"tc qdisc change dev {interface} root handle 5ec0: tbf rate 90mbit burst 10k latency 50ms"
