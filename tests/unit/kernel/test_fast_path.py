"""The fast path on this machine: tried first, laid when its devices are there, left out where it cannot be."""

from __future__ import annotations

import select
import socket
import struct
from dataclasses import replace

from appliance.intent.firewall import Chain, FlowTable, Hook, Offload, Table
from appliance.kernel import apply as kernel
from appliance.kernel import nft
from appliance.kernel.memory import Memory
from appliance.kernel.nft import trial
from appliance.kernel.nft.fast_path import fitting
from appliance.kernel.nft.load import script
from tests.lab.waiting import until
from tests.unit.kernel.namespace import in_namespace, sh
from tests.unit.kernel.worlds import build, guarded, intent, table

ALL = ("lan0", "wan0", "sk-dc1", "sk-dc2")


def test_on_a_kernel_that_can_and_with_all_devices_nothing_is_left_out() -> None:
    assert fitting(guarded(), ALL, offloads=True) == guarded()


def test_without_a_fast_path_only_the_fast_path_is_missing() -> None:
    plain = fitting(guarded(), ALL, offloads=False)
    assert plain.flow_tables == ()
    assert not any(isinstance(rule.verdict, Offload) for chain in plain.chains for rule in chain.rules)
    assert plain == replace(table(), chains=(hook_of(guarded(), "guard"), *table().chains))


def test_what_hangs_on_a_device_waits_for_it() -> None:
    some = fitting(guarded(), ("lan0", "sk-dc2"), offloads=True)
    guard = hook_of(some, "guard").hook
    assert guard and guard.devices == ("lan0",)
    assert [flows.devices for flows in some.flow_tables] == [("lan0", "sk-dc2")]


def test_without_devices_there_is_nothing_to_hang() -> None:
    assert fitting(guarded(), (), offloads=True) == table()


def test_every_load_judges_the_fast_path_anew() -> None:
    listing = [
        {"chain": {"name": "guard", "type": "filter", "hook": "ingress", "prio": -10, "policy": "accept"}},
        {"flowtable": {"name": "fast_path", "hook": "ingress", "prio": 0, "dev": list(ALL[:1])}},
    ]
    lines = script(guarded(), listing).splitlines()
    assert "delete chain inet sekisho guard" in lines
    assert "delete flowtable inet sekisho fast_path" in lines


@in_namespace
def test_the_trial_says_what_the_kernel_has_and_leaves_nothing() -> None:
    before = sh("ip -o link; nft list ruleset")
    bare = Table("bare", (), (), (), (), (FlowTable("f", "filter", ("lo",), "Whether there are any"),))
    loads = "yes" if sh(f"nft -c -f - <<'E' 2>/dev/null && echo yes || true\n{nft.render(bare)}\nE") else "no"
    assert trial.offloads() is (loads == "yes")
    assert sh("ip -o link; nft list ruleset") == before


def test_what_was_refused_before_it_could_send_is_refused() -> None:
    """Where the table's tool takes longer than the kernel delays an acknowledgement, that meets the refusal first."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as near:
        far, _ = listener.accept()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        until(lambda: select.select([near], [], [], 0)[0], "the reset arrives")
        assert trial._is_refused(near)


def test_what_is_answered_is_not_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as near:
        far, _ = listener.accept()
        with far:
            far.sendall(b"!")
            assert not trial._is_refused(near)


@in_namespace
def test_a_kernel_that_fails_the_trial_is_not_asked_again() -> None:
    build()
    memory = Memory.load()
    memory.offloads = False
    kernel.apply(intent(), memory)
    assert Memory.load().offloads is False
    assert "flow" not in sh("nft list table inet sekisho")
    assert kernel.plan(intent(), memory) == []


@in_namespace
def test_a_device_that_goes_and_comes_back_is_guarded_again() -> None:
    build()
    memory = Memory.load()
    kernel.apply(intent(), memory)
    guarded_devices = sh("nft list chain inet sekisho guard")
    sh("ip link del sk-dc1; ip link del sk-dc2")
    kernel.apply(intent(), memory)
    assert sh("nft list chain inet sekisho guard") == guarded_devices
    assert kernel.plan(intent(), memory) == []


def hook_of(wanted: Table, name: str) -> Chain:
    chain = next(chain for chain in wanted.chains if chain.name == name)
    assert isinstance(chain.hook, Hook)
    return chain
