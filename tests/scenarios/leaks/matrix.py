"""The leak matrix: everybody sends everything, every wire is heard, and nothing may be where it has no business.

rows: who sends. columns: the states of the router. A canary may be heard on the wires that its
sender stands on; what else may be is in `Map.allowed`, and what the router itself may say on its
lines in `_is_business`. Whoever is refused on the LAN hears so at once (`answers`).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from appliance.files import write_atomically
from tests.lab import addresses
from tests.lab.filesystem import PROJECT
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.leaks import answers, canary
from tests.scenarios.leaks.canary import Canary, Place
from tests.scenarios.leaks.places import ENGINE, INTERNET, LAN, TUNNELS, Map, Wire, has, is_inside
from tests.scenarios.leaks.wiretap import Wiretap

BUILD = PROJECT / "build" / "leaks"
CONCENTRATORS = frozenset(
    str(end.ip) for place in addresses.CONCENTRATORS.values() for end in (place.outside, place.outside6)
)
_BURST, _PAUSE = 25, 0.03
"""Slower than the kernel's icmp_msgs_per_sec, which bounds the answers to everybody together."""

Heard = dict[Wire, list[bytes]]


@dataclass(frozen=True, slots=True)
class State:
    """What the router is in, and so what may be.

    name: its column. carries: a tunnel carries and engines are proven, so that a terminal has its way. on_internet:
    the reception's terminal is switched to the internet. answers: the router has its address on the LAN, so whoever
    is refused there must hear so. steady: nobody but an attacker changes routes meanwhile. is_ours: the router's ports
    have our settings, else the kernel speaks IPv6 there for itself. unplugged: ports whose cable is pulled.
    concentrators: the addresses that the router takes for theirs. engines: those of engines on the internet.
    """

    name: str
    carries: bool = False
    on_internet: bool = False
    answers: bool = True
    steady: bool = True
    is_ours: bool = True
    unplugged: Set[str] = frozenset()
    concentrators: Set[str] = CONCENTRATORS
    engines: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Leak:
    canary: Canary
    wire: Wire

    def __str__(self) -> str:
        return f"{self.canary}: heard on {self.wire[0]}'s {self.wire[1]}"


@dataclass(slots=True)
class Column:
    """What came of a state: complaints (none may be), and by sender what stood before the router."""

    state: str
    arrived: dict[str, int] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)
    lost: list[Canary] = field(default_factory=list)
    unanswered: list[Canary] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def plus(self, other: Column) -> Column:
        """Both of one state."""
        return Column(
            self.state,
            dict(Counter(self.arrived) + Counter(other.arrived)),
            self.leaks + other.leaks,
            self.lost + other.lost,
            self.unanswered + other.unanswered,
            self.strangers + other.strangers,
        )

    def complaints(self) -> Iterator[str]:
        yield from map(str, self.leaks)
        yield from (f"{one}: never arrived, so nothing is said about it" for one in self.lost)
        yield from (f"{one}: nobody told him that he is refused" for one in self.unanswered)
        yield from (f"the router says on its line: {told}" for told in self.strangers)


class Matrix:
    """For one world, at whatever it is in."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._map = Map(world)

    def fill(self, state: State) -> Column:
        """Everybody sends everything in this state; AssertionError names what is wrong."""
        before = self._settings_of_the_kernel()
        column = self.look(state)
        self.sum_up([column])
        after = self._settings_of_the_kernel()
        changed = sorted((after - before) | {gone for gone in before - after if not self._is_of_a_line(gone)})
        assert not (state.steady and changed), f"{state.name}: routes have changed\n" + "\n".join(changed)
        return column

    def sum_up(self, columns: Iterable[Column]) -> None:
        """What `look` found in many moments of one state; AssertionError names what is wrong."""
        whole: Column | None = None
        for column in columns:
            whole = whole.plus(column) if whole else column
        assert whole is not None
        self._note(whole)
        told = list(whole.complaints())
        assert not told, f"{whole.state}: {len(told)} complaints\n" + "\n".join(told[:40])

    def look(self, state: State, every: int = 1, first: int = 0) -> Column:
        """What is wrong in this state. every, first: only every so manieth canary, to see it often and quickly."""
        canaries = forge(tuple(self._map.places()))[first % every :: every]
        taps = self._taps()
        try:
            self._send(canaries)
            heard = self._listen(taps, [one for one in canaries if self._must_arrive(one, state)])
        finally:
            for tap in taps.values():
                tap.close()
        return self._judge(state, canaries, heard)

    def _judge(self, state: State, canaries: list[Canary], heard: Heard) -> Column:
        numbers = {
            wire: {number for frame in frames for number in canary.numbers(frame)} for wire, frames in heard.items()
        }
        passing = {one.number: self._map.allowed(one, state.carries, state.on_internet) for one in canaries}
        column = Column(state.name)
        for one in canaries:
            arrived = any(one.number in numbers.get(wire, ()) for wire in self._map.arrival(one.sender))
            column.arrived[one.sender] = column.arrived.get(one.sender, 0) + arrived
            if not arrived and self._must_arrive(one, state):
                column.lost.append(one)
            column.leaks += [
                Leak(one, wire) for wire in numbers if one.number in numbers[wire] and wire not in passing[one.number]
            ]
        if state.answers:
            ways = {one.number for one in canaries if passing[one.number] & (TUNNELS | self._map.lines)}
            refused = (one for one in canaries if one.number not in ways)
            column.unanswered = answers.unanswered(refused, heard["router", "lan0"])
        for upstream in self._map.upstreams:
            own = self._world.mac("router", upstream.port)
            frames = (frame for frame in heard.get(("router", upstream.port), ()) if _sender(frame) == own)
            column.strangers += [
                f"{upstream.port} {_told(frame)}" for frame in frames if not _is_business(frame, state)
            ]
        return column

    def _must_arrive(self, one: Canary, state: State) -> bool:
        pulled = any(interface in state.unplugged for _, interface in self._map.arrival(one.sender))
        return self._map.is_neighbour(one.sender) and not pulled

    # ---- who sends -----------------------------------------------------------------------------------

    def _send(self, canaries: Iterable[Canary]) -> None:
        self._open_the_concentrators()
        self._expose_the_router()
        senders: dict[str, socket.socket] = {}
        with contextlib.ExitStack() as stack:
            for position, one in enumerate(canaries):
                if one.sender not in senders:
                    senders[one.sender] = stack.enter_context(self._sender(one.sender))
                if position % _BURST == 0 and self._map.stands[one.sender] in LAN:
                    time.sleep(_PAUSE)
                frame = base64.b64decode(one.frame)
                # A tunnel without a peer's place, or a kernel that will not send such a thing, is no leak.
                with contextlib.suppress(OSError):
                    if one.sender in (ENGINE, INTERNET):
                        senders[one.sender].sendto(frame, (socket.inet_ntoa(frame[16:20]), 0))
                    else:
                        senders[one.sender].send(frame)

    def _sender(self, sender: str) -> socket.socket:
        machine, interface = self._map.stands[sender]
        place = self._world.machines[machine]
        if sender in (ENGINE, INTERNET):
            return place.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
        kind = socket.SOCK_DGRAM if interface == "wg0" else socket.SOCK_RAW
        wire = place.inside(lambda: socket.socket(socket.AF_PACKET, kind, 0))
        wire.bind((interface, 0x0800))
        return wire

    def _open_the_concentrators(self) -> None:
        """An evil one has no regard for what the clinic's key may say."""
        for number in (1, 2):
            machine = self._world.machines.get(f"conc{number}")
            if machine is not None:
                for key in machine.run("wg", "show", "wg0", "peers").stdout.split():
                    machine.run("wg", "set", "wg0", "peer", key, "allowed-ips", "0.0.0.0/0,::/0")

    def _expose_the_router(self) -> None:
        """The careless upstream router: what comes from the internet is handed to ours."""
        upstream = self._map.upstreams[0]
        if upstream.is_ipv6:
            # Nothing stands between the internet and ours there; the access network itself attacks.
            return
        self._world.machines[upstream.machine].run(
            *("nft", "-f", "-"),
            input=_EXPOSED.format(attacker=addresses.INTERNET_ATTACKER.ip, to=self._map.line_address(upstream.port)),
        )

    # ---- who listens ---------------------------------------------------------------------------------

    def _taps(self) -> dict[Wire, Wiretap]:
        taps = {wire: Wiretap(self._world.cabinet.machine, link.port) for wire, link in self._world.links.items()}
        for machine, interface in TUNNELS:
            there = self._world.machines.get(machine)
            if there is not None and has(there, interface):
                taps[machine, interface] = Wiretap(there, interface)
        return taps

    def _listen(self, taps: dict[Wire, Wiretap], canaries: list[Canary]) -> Heard:
        """Until the last of each neighbour's canaries has come to the router, and nothing comes any more."""
        heard: Heard = {wire: [] for wire in taps}
        last = {one.sender: one.number for one in canaries}

        def quiet() -> bool:
            news = {wire: tap.frames() for wire, tap in taps.items()}
            for wire, frames in news.items():
                heard[wire] += frames
            spoken = any(canary.numbers(frame) for frames in news.values() for frame in frames)
            return not spoken and all(
                any(number in canary.numbers(frame) for wire in self._map.arrival(sender) for frame in heard[wire])
                for sender, number in last.items()
            )

        until(quiet, "the last canary arrives, and all is quiet", limit=30, pause=0.2)
        return heard

    def _settings_of_the_kernel(self) -> Set[str]:
        """What a redirect, an advertisement or an offer would change."""
        router = self._world.machines["router"]

        def is_settled() -> bool:
            return "tentative" not in router.run("ip", "-oneline", "-6", "address", "show", "up").stdout

        # Or a route to a new address of its own appears meanwhile (RFC 4862, 5.4).
        until(is_settled, "an end of the router's looking for doubles of its addresses")
        routes = router.run("ip", "-oneline", "route", "show", "table", "all").stdout.splitlines()
        numbers = router.run("ip", "-oneline", "-6", "address", "show", "scope", "global").stdout.splitlines()
        return {*numbers, *(route for route in routes if "sk-dc" not in route and "proto bird" not in route)}

    def _is_of_a_line(self, setting: str) -> bool:
        """Whoever claims the router's address on a line's wire can make it give the address up (RFC 5227)."""
        return any(f" {upstream.port} " in setting for upstream in self._map.upstreams)

    # ---- what is told ----------------------------------------------------------------------------------

    def _note(self, column: Column) -> None:
        leaked = Counter(leak.canary.sender for leak in column.leaks)
        rows = {sender: f"{leaked[sender]} of {count}" for sender, count in column.arrived.items()}
        BUILD.mkdir(parents=True, exist_ok=True)
        noted = {"state": column.state, "rows": rows, "complaints": list(column.complaints())}
        write_atomically(BUILD / f"{column.state}.json".replace(" ", "-"), json.dumps(noted).encode())
        write_atomically(BUILD / "matrix.txt", table().encode())


_EXPOSED = """
table ip exposed
delete table ip exposed
table ip exposed {{
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    iifname wan0 ip saddr {attacker} dnat to {to}
  }}
}}
insert rule inet gateway forward iifname wan0 ip saddr {attacker} accept
"""


@cache
def forge(places: tuple[Place, ...]) -> list[Canary]:
    """By a process of its own, because scapy is heavy, and once for all worlds whose machines stand in these places."""
    asked = "".join(json.dumps(asdict(place)) + "\n" for place in places)
    makers = (Path(canary.__file__), *Path(canary.__file__).parent.glob("forge*.py"))
    key = hashlib.sha256(b"".join([asked.encode(), *(maker.read_bytes() for maker in makers)])).hexdigest()[:16]
    file = BUILD / "forged" / key
    if not file.exists():
        command = [sys.executable, "-m", "tests.scenarios.leaks.forge"]
        done = subprocess.run(
            command, input=asked, capture_output=True, text=True, check=True, cwd=PROJECT, timeout=300
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, done.stdout.encode())
    return [Canary(**json.loads(line)) for line in file.read_text().splitlines()]


def table() -> str:
    """The matrix as far as it is filled: leaks among what stood before the router, by state and sender."""
    columns = [json.loads(file.read_text()) for file in sorted(BUILD.glob("*.json"))]
    senders = sorted({sender for column in columns for sender in column["rows"]})
    width = max(len(column["state"]) for column in columns)
    lines = [f"{'':{width}}  " + "  ".join(senders)]
    for column in columns:
        cells = (f"{column['rows'].get(sender, 'gone'):>{len(sender)}}" for sender in senders)
        lines.append(f"{column['state']:{width}}  " + "  ".join(cells))
    return "\n".join(lines) + "\n"


def _sender(frame: bytes) -> str:
    return frame[6:12].hex(":")


def _is_business(frame: bytes, state: State) -> bool:
    """Whether the router may say this on a line: its address, the line's names, the tunnels, and a terminal's way."""
    kind = frame[12:14]
    if kind == b"\x08\x06":
        return True
    if kind == b"\x86\xdd":
        return not state.is_ours or _is_business6(frame[14:], state)
    if kind != b"\x08\x00":
        return False
    header = (frame[14] & 15) * 4
    protocol, target = frame[23], socket.inet_ntoa(frame[30:34])
    source_port, port = _ports(frame[14 + header :])
    if state.on_internet:
        return not is_inside(target) and not is_inside(socket.inet_ntoa(frame[26:30]))
    return (
        (protocol == 17 and target in state.concentrators and port == addresses.WIREGUARD_PORT)
        or (protocol in (6, 17) and target in _RESOLVERS and port == 53)
        or (protocol == 17 and (source_port, port) == (68, 67))
        or (protocol == 6 and target in state.engines and port == addresses.ENGINE_PORT)
    )


def _is_business6(packet: bytes, state: State) -> bool:
    """The same on a line by IPv6, where neighbours are found by ICMPv6 (RFC 4861) and groups are told (RFC 3810)."""
    protocol, target, rest = packet[6], socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[40:]
    if (protocol, rest[0]) == (_HOP_BY_HOP, _ICMPV6):
        return rest[8] == _GROUP_REPORT
    source_port, port = _ports(rest)
    return (
        (protocol == 17 and target in state.concentrators and port == addresses.WIREGUARD_PORT)
        or (protocol in (6, 17) and target == str(addresses.INTERNET_DNS6.ip) and port == 53)
        or (protocol == 17 and (source_port, port) == (546, 547))
        or (protocol == _ICMPV6 and rest[0] in _NEIGHBOURS)
    )


def _ports(payload: bytes) -> tuple[int, int]:
    """Source and destination, of TCP and UDP."""
    return int.from_bytes(payload[:2], "big"), int.from_bytes(payload[2:4], "big")


def _told(frame: bytes) -> str:
    kind = frame[12:14]
    if kind != b"\x08\x00":
        return f"kind {kind.hex()}: {frame.hex()}"
    return f"protocol {frame[23]} to {socket.inet_ntoa(frame[30:34])}: {frame.hex()}"


_RESOLVERS = {str(addresses.UPPER_LAN.ip), str(addresses.MODEM_LAN.ip)}
_HOP_BY_HOP, _ICMPV6 = 0, 58
_GROUP_REPORT = 143
_NEIGHBOURS = (133, 135, 136)
"""Router solicitation, neighbour solicitation and advertisement."""
