"""How long nothing passes when a tunnel dies: ``python -m tests.bench.failover``.

In a world with two access lines, again and again, something happens to the tunnel that carries: see `Kind`.
Monitoring pings the router's inner address every 5 ms; the blackout is the longest time without an answer, so both
directions must work again. It is looked for from the cut until the other tunnel carries, and once more from the
mending until both tunnels could carry. The receipt client's open connections, one by each mode, stay open over all
cuts of a round and are used after each.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import Self

from websockets.exceptions import WebSocketException

from appliance import paths
from appliance.intent.lines import FIRST_MARK
from tests.bench.ping_router import LOSSES, PERIOD, PingRouter
from tests.bench.run import run
from tests.bench.table import Goal, Row, explain
from tests.lab import addresses, datacenter, observe
from tests.lab.lines.upper import UpperRouter, usb_modem
from tests.lab.ping_log import PingLog
from tests.lab.waiting import until
from tests.lab.wires import Direction
from tests.lab.world import World

ROUNDS = 50
CUTS = 2
"""Of each kind in each round: each round has a world of its own, or the hold-downs would grow and grow."""
PEER_CUTS = 2

GOAL = Goal("<=", 300)
DEEP_GOAL = Goal("<=", 2000)
"""Milliseconds, both."""
HOW = (
    f"longest time without an answer to a ping every 5 ms; peer: a script that asks with ping every {PERIOD} s and "
    f"moves the route after {LOSSES} losses, same world, its concentrators lose their power; on paper mwan3's defaults "
    "take 50 to 70 s, and people report 27 to 50 s of OPNsense's CARP"
)
_RECOVERY_SECONDS = 60.0
_HOLD_SECONDS = 400.0
_BEST = 1
"""The concentrator by which the core reaches a clinic that it could reach by each."""
_MEASURES: Mapping[str, Callable[[list[float]], float]] = {"median": statistics.median, "worst": max}


class Kind(Enum):
    """The value is for people. In the order in which they come: a line that was left is held down longest."""

    LINE = "line unplugged"
    REBOOT = "upstream router rebooted"
    SILENCE = "silent both ways"
    ONE_WAY = "silent one way"
    POWER = "concentrator without power"
    DEEP = "engine dead behind a living tunnel"

    @property
    def goal(self) -> Goal:
        return DEEP_GOAL if self is Kind.DEEP else GOAL


OF_LINES = (Kind.LINE, Kind.REBOOT)
_LINES = {1: ("wan0", "upper"), 2: ("usb0", "modem")}
"""The router's port and the upstream router of the line that each concentrator's tunnel prefers."""


@dataclass(frozen=True, slots=True)
class Cut:
    """concentrator: number. blackout, at_return: in ms. alive: how many of the open sessions went on, of how many."""

    kind: Kind
    concentrator: int
    blackout: float
    at_return: float
    alive: int
    sessions: int

    def __str__(self) -> str:
        return (
            f"concentrator {self.concentrator}, {self.kind.value}: {self.blackout:.0f} ms, "
            f"{self.at_return:.0f} ms at its return, {self.alive} of {self.sessions} sessions went on"
        )


class Sessions:
    """Open connections by host name; a dead one is counted and opened anew."""

    def __init__(self, world: World, hosts: Sequence[str]) -> None:
        self._world = world
        self._open = {host: self._enter(host) for host in hosts}

    def alive(self) -> int:
        count = 0
        for host, session in self._open.items():
            try:
                session.exchange()
                count += 1
            except (OSError, WebSocketException):
                session.__exit__(None, None, None)
                self._open[host] = self._enter(host)
        return count

    def __len__(self) -> int:
        return len(self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._open.values():
            session.__exit__(None, None, None)

    def _enter(self, host: str) -> observe.Session:
        return observe.Session(self._world, host).__enter__()


class Ours:
    """The product on the lab's router."""

    hosts = (addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST)

    def __init__(self, world: World) -> None:
        self._world = world
        world.prepare_clinic()
        world.start_appliance()

    def is_ready(self) -> bool:
        """All BFD sessions are up at both their ends, and the router itself says that all is well."""
        router = self._world.machines["router"]
        mine = router.run("birdc", "-s", paths.BIRD_SOCKET, "show", "bfd", "sessions", check=False).stdout
        theirs = [
            datacenter.birdc(self._world.machines[f"conc{number}"], "show", "bfd", "sessions")
            for number in addresses.CONCENTRATORS
        ]
        ends = [(mine, place.inner) for place in addresses.CONCENTRATORS.values()]
        ends += [(sessions, addresses.CLINIC_INNER) for sessions in theirs]
        # A light is asked for last: it costs the start of a program.
        return all(_is_up(*end) for end in ends) and set(observe.light_states(self._world).values()) == {"ok"}


class Peer:
    """See `ping_router`."""

    hosts = (addresses.RECEIPT_HOST,)

    def __init__(self, world: World) -> None:
        self._world = world
        PingRouter(world)

    def is_ready(self) -> bool:
        """Its scripts have a route by each tunnel."""
        return len(_ways(self._world)) == len(addresses.CONCENTRATORS)


Router = Ours | Peer


def cut(world: World, router: Router, kind: Kind, sessions: Sessions, pings: PingLog) -> Cut:
    """Cut the tunnel that carries, wait until the other one does, mend, and wait until all is as it should be."""
    if kind in OF_LINES:
        until(lambda: _is_each_on_its_line(world), "each tunnel on its line", _HOLD_SECONDS, pause=0.25)
    number = _ways(world)[0]
    began = time.time()
    _break(world, kind, number)
    # A tunnel that changes its line quickly enough goes on carrying.
    moved = _is_each_off_a_dead_line if kind is Kind.LINE else partial(_has_moved_from, number)
    until(lambda: moved(world), f"the way around {kind.value} {number}", _RECOVERY_SECONDS)
    alive = sessions.alive()
    blackout = pings.longest_gap(began)
    mended = time.time()
    _mend(world, kind, number)
    _await_ready(world, router)
    return Cut(kind, number, 1e3 * blackout, 1e3 * pings.longest_gap(mended), alive, len(sessions))


def _break(world: World, kind: Kind, number: int) -> None:
    port, upstream = _LINES[number]
    match kind:
        case Kind.LINE:
            world.links["router", port].unplug()
        case Kind.REBOOT:
            _silence(world, upstream)
        case Kind.SILENCE:
            world.cut_tunnel(number)
        case Kind.ONE_WAY:
            world.links[f"conc{number}", "internet"].cut(
                Direction.TO_MACHINE, match=f"udp dport {addresses.WIREGUARD_PORT}"
            )
        case Kind.POWER:
            _silence(world, f"conc{number}")
            world.stop_concentrator(number)
        case Kind.DEEP:
            world.links[f"conc{number}", "backbone"].cut()


def _mend(world: World, kind: Kind, number: int) -> None:
    port, upstream = _LINES[number]
    match kind:
        case Kind.LINE:
            world.links["router", port].replug()
        case Kind.REBOOT:
            # It has forgotten whom it translated.
            world.machines[upstream].run("conntrack", "--flush", check=False)
            for interface in ("lan0", "wan0"):
                world.links[upstream, interface].mend()
        case Kind.SILENCE | Kind.ONE_WAY:
            world.mend_tunnel(number)
        case Kind.POWER:
            world.start_concentrator(number)
        case Kind.DEEP:
            world.links[f"conc{number}", "backbone"].mend()


def _is_each_on_its_line(world: World) -> bool:
    marks = world.machines["router"].run("wg", "show", "all", "fwmark").stdout.split()
    return dict(zip(marks[::2], marks[1::2], strict=True)) == {
        f"sk-{place.name}": hex(FIRST_MARK + number - 1) for number, place in addresses.CONCENTRATORS.items()
    }


def _is_each_off_a_dead_line(world: World) -> bool:
    return not _is_each_on_its_line(world)


def _silence(world: World, role: str) -> None:
    """Nothing passes any cable of a machine from one moment on."""
    ports = [link.port for (owner, _), link in world.links.items() if owner == role]
    rules = [f"add rule netdev {port} {direction.value} drop\n" for port in ports for direction in Direction]
    world.cabinet.machine.run("nft", "-f", "-", input="".join(rules))


def cuts(directory: Path, make: Callable[[World], Router], kinds: Sequence[Kind]) -> Iterator[Cut]:
    """Build a world, put a router into it and go through `kinds`."""
    lines = (UpperRouter(), usb_modem()) if make is Ours else (UpperRouter(),)
    with World(directory, lines=lines) as world:
        router = make(world)
        _await_ready(world, router)
        world.lease_terminals()
        with Sessions(world, router.hosts) as sessions, PingLog(world, directory / "ping.log") as pings:
            for kind in kinds:
                yield cut(world, router, kind, sessions, pings)


def _await_ready(world: World, router: Router) -> None:
    """Return when both tunnels could carry and both sides know it."""
    until(lambda: router.is_ready() and world.concentrator_in_use() == _BEST, "both tunnels ready", 90, pause=0.25)


def _is_up(sessions: str, neighbour: IPv4Address) -> bool:
    """sessions: what BIRD shows of them."""
    return any(line.split()[0] == str(neighbour) and " Up " in line for line in sessions.splitlines() if line.strip())


def _has_moved_from(number: int, world: World) -> bool:
    ways = _ways(world)
    return bool(ways) and ways[0] != number and world.concentrator_in_use() not in (0, number)


def _ways(world: World) -> list[int]:
    """Numbers of the concentrators by which the router's kernel has a route to the engines, the one in use first."""
    shown = world.machines["router"].run("ip", "route", "show", str(addresses.DATA_CENTER), "table", "51").stdout
    # ip(8) shows routes to the same place in the order of their metric.
    devices = {f"sk-{place.name}": number for number, place in addresses.CONCENTRATORS.items()}
    return [devices[word] for word in shown.split() if word in devices]


def rows(ours: list[Cut], peer: list[Cut]) -> list[Row]:
    def row(
        what: str, name: str, number: Callable[[Cut], float], kind: Kind | None = None, goal: Goal | None = None
    ) -> Row:
        found = ([number(cut) for cut in side if kind in (None, cut.kind)] for side in (ours, peer))
        mine, its = (_MEASURES[name](numbers) if numbers else None for numbers in found)
        return Row(f"{what}: {name}", "ms", mine, its, goal)

    return [
        *(
            row(f"blackout, {kind.value}", name, lambda cut: cut.blackout, kind, kind.goal)
            for kind in Kind
            for name in _MEASURES
        ),
        Row("when the tunnel comes back: worst", "ms", max(cut.at_return for cut in ours)),
        Row(
            "open TLS sessions that went on (ours: one by each mode)", "%", _share(ours), _share(peer), Goal(">=", 100)
        ),
    ]


def _share(found: list[Cut]) -> float:
    return 100 * sum(cut.alive for cut in found) / sum(cut.sessions for cut in found)


def measure(directory: Path, rounds: int) -> list[Row]:
    ours: list[Cut] = []
    peer: list[Cut] = []
    # Two of a kind in a row: after a cut the other tunnel carries, so each tunnel meets each kind.
    kinds = [kind for kind in Kind for _ in range(CUTS)]
    for number in range(rounds):
        peers_kinds = [Kind.POWER] * PEER_CUTS if number == 0 else []
        for name, make, wanted, done in (("ours", Ours, kinds, ours), ("peer", Peer, peers_kinds, peer)):
            if not wanted:
                continue
            for found in cuts(directory / f"{name}-{number}", make, wanted):
                print(f"{name}: {found}", flush=True)
                done.append(found)
    table = rows(ours, peer)
    explain("failover", table, "".join(f"{found}\n" for found in ours))
    return table


if __name__ == "__main__":
    run("failover", HOW, measure, ROUNDS, {"bird": ["bird", "--version"]})
