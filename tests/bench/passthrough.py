"""What passthrough mode costs beside a proxy that leaves TLS alone: ``python -m tests.bench.passthrough``.

Ours is the lab's whole world: a terminal's TLS goes through the router's kernel and the tunnel to the engine, and what
counts is the processor time of all processes on the router (BIRD and dnsmasq among them, without wireguard-go, which
stands in for the kernel), less what they use in as much time in which the terminals are silent. A peer is a router
between two cables, without rules or tunnel, on which HAProxy or nginx relays TCP without looking at it; only that
process counts.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from tests.bench import accounting, haproxy, nginx
from tests.bench.built import Built
from tests.bench.process_memory import processes_on
from tests.bench.run import run
from tests.bench.table import Goal, Row
from tests.bench.terminate import BLOB_MIB, Terminal, many_bytes, many_connections
from tests.lab import addresses, observe
from tests.lab.enginehost import EngineHost
from tests.lab.machine import Machine
from tests.lab.pki import EngineCertificate, Pki
from tests.lab.waiting import until
from tests.lab.world import World

ROUNDS = 5
CONNECTIONS = 1000
BLOBS = 32
"""So much that what the daemon does now and then disappears beside it."""
GOAL = Goal("<=", 0.3, of_ratio=True)
HOW = (
    "processor time of processes in passthrough; ours: all on the router less what they use anyway (about 0, and now "
    "and then below it); peers: HAProxy in TCP mode without TLS, one thread, splicing, and nginx's stream proxy, one "
    "process. What the kernel does for packets "
    "outside any process (forwarding, rules, the proxy's TCP) is on neither's account: on a kernel that all machines "
    "share it cannot be told apart"
)

_TICKS = 100
"""A second, in /proc/PID/stat (USER_HZ)."""
_WIREGUARD_GO = "wireguard-go"
_NEAR, _NEAR_ROUTER = IPv4Interface("198.18.0.2/30"), IPv4Interface("198.18.0.1/30")
_FAR, _FAR_ROUTER = IPv4Interface("198.19.0.2/30"), IPv4Interface("198.19.0.1/30")

Works = dict[str, Callable[[Terminal], None]]
WORKS: Works = {
    "connection": lambda terminal: many_connections(terminal, addresses.ENGINE_PORT, CONNECTIONS),
    "bytes": lambda terminal: many_bytes(terminal, addresses.ENGINE_PORT, BLOBS),
}


class Ours(Built):
    """The world at work."""

    def _build(self) -> None:
        world = self._stack.enter_context(World(self._directory))
        world.prepare_clinic()
        world.start_appliance()
        observe.await_green(world)
        world.lease_terminals()
        engine = addresses.ENGINES["e1"].receipt.ip
        self._router = world.machines["router"]
        self._terminal = Terminal(world.machines["reception"], world.pki_directory, engine, addresses.RECEIPT_HOST)
        many_connections(self._terminal, addresses.ENGINE_PORT, 3)

    def cost(self, work: Callable[[Terminal], None]) -> float:
        """Seconds of processor time that `work` costs. Below 0 when the processes had less to do than in silence."""
        began = time.monotonic()
        busy = self._used(lambda: work(self._terminal))
        took = time.monotonic() - began
        return busy - self._used(lambda: time.sleep(took))

    def _used(self, work: Callable[[], None]) -> float:
        before = self._accounts()
        work()
        # Who has ended since is on the account of his parent.
        return sum(seconds - before.get(pid, 0) for pid, seconds in self._accounts().items())

    def _accounts(self) -> dict[int, float]:
        """Seconds of processor time by process, with its children that have ended."""
        found = {}
        for process in processes_on(self._router):
            if process.name != _WIREGUARD_GO:
                stat = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
                # proc(5): cutime and cstime.
                found[process.pid] = accounting.process_cpu(process.pid) + sum(map(int, stat[13:15])) / _TICKS
        return found


Start = Callable[[Machine, tuple[str, int], tuple[str, int]], subprocess.Popen[str]]
"""Called with a machine, the address to listen on, and the engine's."""


class Peer(Built):
    """terminal — relay — engine, and nothing else. start: starts the relay."""

    def __init__(self, directory: Path, start: Start) -> None:
        super().__init__(directory)
        self._start = start

    def _build(self) -> None:
        terminal, router, far = (
            self._stack.enter_context(Machine(name, self._directory / name)) for name in ("terminal", "router", "far")
        )
        _cable(terminal, _NEAR, router, "lan0", _NEAR_ROUTER)
        _cable(far, _FAR, router, "wan0", _FAR_ROUTER)
        pki = Pki()
        pki.write(self._directory / "pki")
        engine = EngineHost(far, [_FAR.ip], pki)
        engine.show(EngineCertificate.GOOD)
        engine.wait_until_serving()
        listen = (str(_NEAR_ROUTER.ip), addresses.ENGINE_PORT)
        self._process = self._start(router, listen, (str(_FAR.ip), addresses.ENGINE_PORT))
        self._terminal = Terminal(terminal, self._directory / "pki", _NEAR_ROUTER.ip, addresses.RECEIPT_HOST)
        until(lambda: _is_open(terminal, _NEAR_ROUTER.ip), "the relay listens")
        many_connections(self._terminal, addresses.ENGINE_PORT, 3)

    def cost(self, work: Callable[[Terminal], None]) -> float:
        """Seconds of the relay's processor time that `work` costs."""
        before = accounting.settled_cpu(self._process.pid)
        work(self._terminal)
        return accounting.settled_cpu(self._process.pid) - before


def _cable(one: Machine, its: IPv4Interface, router: Machine, port: str, others: IPv4Interface) -> None:
    subprocess.run(
        ["ip", "-batch", "-"],
        input=f"link add name eth0 netns {one.pid} type veth peer name {port} netns {router.pid}\n",
        text=True,
        check=True,
        timeout=60,
    )
    one.ip(f"address add {its} dev eth0\nlink set eth0 up\n")
    router.ip(f"address add {others} dev {port}\nlink set {port} up\n")


def _is_open(machine: Machine, address: IPv4Address) -> bool:
    try:
        machine.connect(str(address), addresses.ENGINE_PORT).close()
    except ConnectionRefusedError:
        return False
    return True


def measure(directory: Path, rounds: int) -> list[Row]:
    with (
        Ours(directory / "ours") as ours,
        Peer(directory / "haproxy", haproxy.start_plain) as its,
        Peer(directory / "nginx", nginx.start_plain) as others,
    ):
        sides: Mapping[str, Ours | Peer] = {"ours": ours, "haproxy": its, "nginx": others}
        found: dict[str, dict[str, list[float]]] = {name: {who: [] for who in sides} for name in WORKS}
        for _ in range(rounds):
            for name, work in WORKS.items():
                for who, side in sides.items():
                    found[name][who].append(side.cost(work))
    return rows({name: {who: statistics.median(of) for who, of in costs.items()} for name, costs in found.items()})


def rows(medians: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """medians: seconds of processor time, ours and the peers', for the whole of each work."""
    scale = {
        "bytes": (1024 / (BLOBS * BLOB_MIB), "s", "processor time per GiB to the terminal"),
        "connection": (1e3 / CONNECTIONS, "ms", "processor time per new connection with one request"),
    }
    return [
        Row(
            f"{what}, in passthrough; peer: {peer}",
            unit,
            medians[name]["ours"] * factor,
            medians[name][peer] * factor,
            GOAL if peer == "haproxy" else None,
        )
        for peer in ("haproxy", "nginx")
        for name, (factor, unit, what) in scale.items()
    ]


if __name__ == "__main__":
    run("passthrough", HOW, measure, ROUNDS, {"haproxy": ["haproxy", "-v"], "nginx": nginx.VERSION})
