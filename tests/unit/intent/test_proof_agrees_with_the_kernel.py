"""The proofs are about the kernel's rules: it takes the same path with packets that the proofs' own model dreams up.

Every rule that a packet from outside or a program can meet is met; the kernel's own trace
(nft(8), MONITOR) tells which rules fired, in which order.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.intent import names
from appliance.intent.compile import compile
from appliance.intent.firewall import Field
from appliance.kernel.nft import render, trial
from appliance.kernel.nft.fast_path import fitting
from tests.builders import lab_account, lab_site, static_wan
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.wires import Cabinet
from tests.unit.intent.clinic import add_users, owned_socket
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.proving import Court
from tests.unit.intent.proof.realise import OTHER_USER, Real, dream, targets
from tests.unit.intent.proof.vocabulary import STRANGER
from tests.unit.intent.test_golden import SEGMENTS

pytestmark = pytest.mark.namespaces

ROUNDS = 2
SITES: dict[str, dict[str, Any]] = {
    "one-segment": {"wan": static_wan(), "time": {"ntp": ["ntp.time.example"], "nts": ["nts.time.example"]}},
    "segments-and-internet": {
        **SEGMENTS,
        # Ports of their own: this test's wires carry no VLANs.
        "segments": [{**one, "interface": f"lan{n}", "vlan": None} for n, one in enumerate(SEGMENTS["segments"], 1)],
    },
}
WATCH = """
table inet watch {{
    chain in {{
        type filter hook ingress devices = {{ {} }} priority -400
        meta nftrace set 1
    }}
    chain out {{
        type filter hook output priority -400
        meta nftrace set 1
    }}
}}
"""
UNMET = {
    ("input", "Fail fast: the router talks with itself"),
    ("output", "Fail fast: the router talks with itself"),
    ("output", "policy"),
}
"""What no packet from outside can meet; and a policy behind a rule that lets nothing by."""

_RULE = re.compile(r'trace id (\w+) inet sekisho (\S+) rule .* comment "([^"]*)" \(verdict .*\)')
_POLICY = re.compile(r"trace id (\w+) inet sekisho (\S+) policy drop")
_PACKET = re.compile(r"trace id (\w+) .* packet: .*ip saddr (\S+) .*ip id (\d+) ")


class Trace:
    """`nft monitor trace` on the router, read as it comes.

    The kernel makes a trace's id of the packet's place in memory and its flow, so a later packet may have the same:
    each base chain begins with the packet itself, which tells whose path it is.
    """

    def __init__(self, router: Machine) -> None:
        self._process = router.start(["nft", "monitor", "trace"], stdout=subprocess.PIPE)
        self._whose: dict[str, tuple[str, int]] = {}
        self._paths: dict[tuple[str, int], list[tuple[str, str]]] = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := _PACKET.match(line):
                packet = self._whose[found[1]] = found[2], int(found[3])
                self._paths.setdefault(packet, [])
            elif (found := _RULE.match(line)) and found[1] in self._whose:
                self._paths[self._whose[found[1]]].append((found[2], found[3]))
            elif (found := _POLICY.match(line)) and found[1] in self._whose:
                self._paths[self._whose[found[1]]].append((found[2], "policy"))

    def has_seen(self, source: str, number: int) -> bool:
        return (source, number) in self._paths

    def path(self, real: Real) -> tuple[tuple[str, str], ...]:
        return tuple(self._paths.get((real.words[Field.SOURCE4], real.number), ()))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)


class Stage:
    """The router with its rules and nothing else, and one machine at the other end of each of its interfaces."""

    def __init__(self, directory: Path, site: dict[str, Any]) -> None:
        self._stack = ExitStack()
        wanted = compile(lab_account(), lab_site(**site))
        lines, tunnels = (tuple(one.interface for one in ones) for ones in (wanted.lines, wanted.tunnels))
        self.interfaces = (*wanted.lan.interfaces, *lines, *tunnels, STRANGER)
        # What this kernel can carry: the proof speaks of no other table here.
        self.intent = replace(wanted, firewall=fitting(wanted.firewall, self.interfaces, trial.offloads()))
        self.router = self._stack.enter_context(Machine("router", directory / "router"))
        self.outside = self._stack.enter_context(Machine("outside", directory / "outside"))
        cabinet = Cabinet(directory / "cabinet")
        self._stack.callback(cabinet.close)
        for interface in self.interfaces:
            cabinet.plug(self.router, interface, interface)
            cabinet.plug(self.outside, interface, interface)
        self.cards = {one: self.router.read(f"/sys/class/net/{one}/address").strip() for one in self.interfaces}
        self._prepare()
        self.trace = Trace(self.router)
        self._stack.callback(self.trace.close)
        self._laid: list[str] = []
        self._wires = {one: self._wire(one) for one in self.interfaces}
        self._raw = {
            user: self._raw_socket(user)
            for user in (0, OTHER_USER, names.GATE_USER, names.PAGE_USER, names.TIME_USER, names.NAMES_USER)
        }

    def close(self) -> None:
        self._stack.close()

    def _prepare(self) -> None:
        add_users(self.router)
        self.router.run("nft", "-f", "-", input=render(self.intent.firewall) + WATCH.format(", ".join(self.interfaces)))
        self.router.ip(f"addr add {self.intent.inner_address}/32 dev lo\nrule add priority 1 lookup 1000\n")
        for segment in self.intent.lan.segments:
            network = segment.address.network
            self.router.ip(
                f"addr add {segment.address} broadcast {network.broadcast_address} dev {segment.interface}\n"
                # The segment's own route would be a way back to every address there.
                f"route del {network} dev {segment.interface}\n"
            )
        for key, value in {
            "net/ipv4/ip_forward": "1",
            "net/netfilter/nf_conntrack_tcp_loose": "0",
            "net/netfilter/nf_conntrack_tcp_be_liberal": "1",
            "net/netfilter/nf_conntrack_checksum": "0",
            **{f"net/ipv4/conf/{one}/rp_filter": "0" for one in ("all", *self.interfaces)},
            **{f"net/ipv4/conf/{one}/accept_local": "1" for one in self.interfaces},
        }.items():
            self.router.write(Path("/proc/sys", key), value)

    def _wire(self, interface: str) -> socket.socket:
        wire = self.outside.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
        wire.bind((interface, 0))
        self._stack.callback(wire.close)
        return wire

    def _raw_socket(self, user: int | str) -> socket.socket:
        uid = user if isinstance(user, int) else int(self.router.run("id", "-u", user).stdout)
        raw = owned_socket(self.router, uid, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._stack.callback(raw.close)
        return raw

    def play(self, real: Real) -> None:
        """Lay the packet's world, send it, and wait until the kernel has seen it."""
        self._lay(real)
        payload = bytes(real.packet)
        if real.way is Way.OUTWARD:
            self._send(real, payload)
        else:
            interface = real.words[Field.IIF].strip("'")
            card = bytes.fromhex(self.cards[interface].replace(":", ""))
            sender = bytes.fromhex(real.words[Field.ETHER_SOURCE].replace(":", ""))
            self._wires[interface].send(card + sender + b"\x08\x00" + payload)
        source = real.words[Field.SOURCE4]
        until(lambda: self.trace.has_seen(source, real.number), f"the kernel traces\n{real.story}", pause=0.002)
        with contextlib.suppress(TimeoutError):  # that the path is another shows at the end
            until(lambda: len(self.trace.path(real)) >= len(real.path), "the path", limit=20, pause=0.002)

    def _send(self, real: Real, payload: bytes) -> None:
        user = real.words[Field.UID]
        raw = self._raw[int(user) if user.isdigit() else user]
        interface = real.interface_out
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(real.words[Field.MARK]))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        with contextlib.suppress(PermissionError):  # how a refusal looks to the sender
            raw.sendto(payload, (real.words[Field.DESTINATION4], 0))

    def _lay(self, real: Real) -> None:
        table = f"inet {names.TABLE}"
        lines = [f"flush {kind} {table} {name}" for kind, name in self._filled_at_run_time()]
        for name, key, value in real.elements:
            lines.append(f"add element {table} {name} {{ {' . '.join(key)}{f' : {value}' if value else ''} }}")
        self.router.run("nft", "-f", "-", input="\n".join(lines))
        routes = list(self._routes(real))
        self.router.ip("".join(f"route del {route}\n" for route in self._laid))
        self.router.ip("".join(f"route add {route}\n" for route in routes))
        self._laid = routes
        self.router.run("conntrack", "-F")
        if arguments := real.conntrack():
            self.router.run("conntrack", *arguments)

    def _filled_at_run_time(self) -> Iterator[tuple[str, str]]:
        table = self.intent.firewall
        yield from (("set", one.name) for one in table.sets if one.elements is None)
        yield from (("map", one.name) for one in table.maps)

    def _routes(self, real: Real) -> Iterator[str]:
        """In a table that is asked first, so that the kernel decides as the model's packet has it."""
        segments = [segment.address for segment in self.intent.lan.segments]
        own = {str(self.intent.inner_address), *(str(address.ip) for address in segments)}
        if real.words.get(Field.FIB_SOURCE_INTERFACE, "missing") != "missing":
            source, interface = real.words[Field.SOURCE4], real.words[Field.IIF].strip("'")
            if source not in {str(address.network.broadcast_address) for address in segments}:
                yield f"{source} dev {interface} table 1000"
        there = real.routed_to
        match real.way, real.words[Field.FIB_DESTINATION_TYPE]:
            case (Way.INWARD, "local") if there not in own:
                yield f"local {there} dev lo table local"
            case (Way.THROUGH | Way.OUTWARD, _):
                yield f"{there} dev {real.interface_out} table 1000"


@pytest.fixture(scope="module", params=SITES)
def stage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("stage"), SITES[request.param])
    yield stage
    stage.close()


def test_every_rule_fires_where_the_proofs_say(stage: Stage) -> None:
    court, luck = Court(stage.intent), random.Random(5881)
    played: list[Real] = []
    for travels, step in targets(court):
        for _ in range(ROUNDS):
            if real := dream(court, travels, step, len(played) + 1, luck):
                stage.play(real)
                played.append(real)
    wrong = [real for real in played if stage.trace.path(real) != real.path]
    told = [f"the kernel: {stage.trace.path(real)}\nthe proof: {real.story}" for real in wrong]
    assert not wrong, f"{len(wrong)} of {len(played)} packets take another path:\n" + "\n".join(told)
    met = {place for real in played for place in real.path}
    assert {(step.chain, step.why) for _, step in targets(court)} - met == UNMET
