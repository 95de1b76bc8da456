"""The leak matrix: everybody sends everything, every wire is heard, and nothing may be where it has no business.

rows: who sends, and what. columns: the states of the router, one world for each row of states. A
canary may be heard on the wires that its sender stands on; what else may be is in `_allowed`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache

from appliance.files import write_atomically
from tests.lab import addresses
from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.leaks import canary
from tests.scenarios.leaks.canary import Canary, Place
from tests.scenarios.leaks.wiretap import Wiretap

BUILD = PROJECT / "build" / "leaks"

TERMINAL, STRANGER, LAN_ATTACKER = "listed terminal", "unlisted machine", "LAN attacker"
UPPER, INTERNET, TUNNEL, ENGINE = "upstream router", "internet attacker", "evil concentrator", "evil engine"

_LAN = {("reception", "eth0"), ("doctor", "eth0"), ("lan-attacker", "eth0"), ("router", "lan0")}
_LINE = {("router", "wan0"), ("upper", "lan0")}
_INTERNET = {("upper", "wan0"), ("internet", "internet"), ("vendor", "eth0"), ("attacker", "eth0")}
_INTERNET |= {("conc1", "internet"), ("conc2", "internet")}
_CENTER = {("conc1", "backbone"), ("conc2", "backbone"), ("core", "backbone"), ("core", "dc1"), ("core", "dc2")}
_CENTER |= {("e1", "eth0"), ("e2", "eth0")}
_TUNNELS = {("router", "sk-dc1"), ("router", "sk-dc2"), ("conc1", "wg0"), ("conc2", "wg0")}

Wire = tuple[str, str]

_OWN: dict[str, set[Wire]] = {
    TERMINAL: _LAN,
    STRANGER: _LAN,
    LAN_ATTACKER: _LAN,
    UPPER: _LINE,
    INTERNET: _INTERNET | _LINE,
    TUNNEL: _TUNNELS | _CENTER,
    ENGINE: _TUNNELS | _CENTER,
}
"""Wires that a sender reaches without the router: its own, and what others than the router carry further."""


@dataclass(frozen=True, slots=True)
class Leak:
    canary: Canary
    wire: Wire

    def __str__(self) -> str:
        return f"{self.canary.sender}: {self.canary.name}: heard on {self.wire[0]}'s {self.wire[1]}"


class Matrix:
    """For one world, at whatever it is in. The router's line address is found when it has one."""

    def __init__(self, world: World) -> None:
        self._world = world

    def fill(self, state: str, *, carries: bool = False) -> None:
        """Everybody sends everything in this state; AssertionError names what leaked.

        carries: a tunnel carries and engines are proven, so that a terminal has its way.
        """
        canaries = forge(tuple(self._places()))
        before = self._settings_of_the_kernel()
        taps = self._taps()
        try:
            self._send(canaries)
            heard = self._listen(taps, canaries)
        finally:
            for tap in taps.values():
                tap.close()
        leaks = [leak for leak in _leaks(canaries, heard, carries) if leak.wire in taps]
        self._note(state, canaries, leaks)
        assert not leaks, f"{state}: {len(leaks)} leaks\n" + "\n".join(map(str, leaks[:40]))
        strangers = [told for frame in heard["router", "wan0"] if (told := _is_no_business(frame))]
        assert not strangers, f"{state}: the router says on its line\n" + "\n".join(strangers[:20])
        assert self._settings_of_the_kernel() == before, f"{state}: somebody changed the router's routes"

    # ---- who sends ---------------------------------------------------------------------------------

    def _places(self) -> list[Place]:
        engine = addresses.ENGINES["e1"]
        proven = (str(engine.receipt.ip), str(engine.receipt_gate.ip))
        inner, router_lan = str(addresses.CLINIC_INNER), str(addresses.ROUTER_LAN.ip)
        web, upper = str(addresses.PUBLIC_WEB.ip), str(addresses.UPPER_LAN.ip)
        concentrator = str(addresses.CONCENTRATORS[1].outside.ip)
        terminal = str(addresses.TERMINALS["reception"].address.ip)
        own_line = self._line_address()
        further = ("203.0.113.40", concentrator, str(addresses.INTERNET_DNS.ip))
        beyond = (web, *proven, upper, own_line, inner, router_lan, *further)
        inside = (inner, terminal, router_lan, proven[0], web)
        lan_names = (router_lan, terminal, web, proven[0], inner, own_line)
        stranger = str(addresses.LAN_ATTACKER.ip)
        liars = (terminal, router_lan, proven[0], inner, web, upper, "127.0.0.1", "0.0.0.0", "192.0.2.63", "224.0.0.1")
        tunnel = (str(addresses.MONITORING.ip), proven[0], "203.0.113.1", web, terminal, router_lan)
        lan_mac, line_mac = addresses.ROUTER_LAN_MAC, addresses.ROUTER_WAN_MAC

        def at(machine: str, interface: str) -> str:
            return self._world.machines[machine].read(f"/sys/class/net/{interface}/address").strip()

        there = self._world.machines
        return [
            Place(TERMINAL, (terminal,), beyond, lan_names, at("reception", "eth0"), lan_mac),
            Place(STRANGER, (stranger,), beyond, lan_names, at("lan-attacker", "eth0"), lan_mac),
            Place(LAN_ATTACKER, liars, beyond[:3], lan_names, at("lan-attacker", "eth0"), lan_mac),
            Place(
                UPPER,
                (upper, concentrator, terminal, proven[0], inner, web, own_line, "127.0.0.1", "0.0.0.0"),
                (terminal, own_line, *inside),
                (upper, own_line, *inside),
                at("upper", "lan0"),
                line_mac,
            ),
            Place(INTERNET, (str(addresses.INTERNET_ATTACKER.ip),), (own_line, terminal)),
            *(Place(f"{TUNNEL} {number}", tunnel, inside) for number in (1, 2) if f"conc{number}" in there),
            Place(ENGINE, proven[:1], inside),
        ]

    def _line_address(self) -> str:
        shown = json.loads(self._world.machines["router"].run("ip", "-json", "-4", "address", "show", "wan0").stdout)
        found = [one["local"] for link in shown for one in link.get("addr_info", [])]
        return str(found[0]) if found else str(addresses.LINE_DHCP_FIRST)

    def _send(self, canaries: Iterable[Canary]) -> None:
        self._open_the_concentrators()
        senders: dict[str, socket.socket] = {}
        with contextlib.ExitStack() as stack:
            for one in canaries:
                if one.sender not in senders:
                    senders[one.sender] = stack.enter_context(self._sender(one.sender))
                frame = base64.b64decode(one.frame)
                # A tunnel without a peer's place, or a kernel that will not send such a thing, is no leak.
                with contextlib.suppress(OSError):
                    if one.sender == ENGINE or one.sender == INTERNET:
                        senders[one.sender].sendto(frame, (socket.inet_ntoa(frame[16:20]), 0))
                    else:
                        senders[one.sender].send(frame)

    def _sender(self, sender: str) -> socket.socket:
        machine, interface = _STANDS[sender]
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

    # ---- who listens ---------------------------------------------------------------------------------

    def _taps(self) -> dict[Wire, Wiretap]:
        taps = {wire: Wiretap(self._world.cabinet.machine, link.port) for wire, link in self._world.links.items()}
        for machine, interface in _TUNNELS:
            there = self._world.machines.get(machine)
            if there is not None and _has(there, interface):
                taps[machine, interface] = Wiretap(there, interface)
        return taps

    def _listen(self, taps: dict[Wire, Wiretap], canaries: list[Canary]) -> dict[Wire, list[bytes]]:
        """Until the last of each neighbour's canaries has come to the router, and nothing comes any more."""
        heard: dict[Wire, list[bytes]] = {wire: [] for wire in taps}
        last = {one.sender: one.number for one in canaries if one.sender in (TERMINAL, LAN_ATTACKER, UPPER)}
        arrives = {TERMINAL: ("router", "lan0"), LAN_ATTACKER: ("router", "lan0"), UPPER: ("router", "wan0")}

        def quiet() -> bool:
            news = {wire: tap.frames() for wire, tap in taps.items()}
            for wire, frames in news.items():
                heard[wire] += frames
            spoken = any(canary.numbers(frame) for frames in news.values() for frame in frames)
            arrived = all(
                any(number in canary.numbers(frame) for frame in heard[arrives[sender]])
                for sender, number in last.items()
            )
            return arrived and not spoken

        until(quiet, "the last canary arrives, and all is quiet", limit=30, pause=0.2)
        return heard

    def _settings_of_the_kernel(self) -> tuple[str, ...]:
        """What a redirect, an advertisement or an offer would change."""
        router = self._world.machines["router"]
        shown = router.run("ip", "-oneline", "route", "show", "table", "all").stdout.splitlines()
        ours = sorted(line for line in shown if "sk-dc" not in line and "proto bird" not in line)
        return (*ours, router.run("ip", "-oneline", "-6", "address", "show", "scope", "global").stdout)

    # ---- what is told ----------------------------------------------------------------------------------

    def _note(self, state: str, canaries: list[Canary], leaks: list[Leak]) -> None:
        sent = Counter(one.sender for one in canaries)
        leaked = Counter(leak.canary.sender for leak in leaks)
        column = {sender: f"{leaked[sender]} of {count}" for sender, count in sent.items()}
        BUILD.mkdir(parents=True, exist_ok=True)
        write_atomically(
            BUILD / f"{state}.json".replace(" ", "-"), json.dumps({"state": state, "rows": column}).encode()
        )
        write_atomically(BUILD / "matrix.txt", table().encode())


_STANDS = {
    TERMINAL: ("reception", "eth0"),
    STRANGER: ("lan-attacker", "eth0"),
    LAN_ATTACKER: ("lan-attacker", "eth0"),
    UPPER: ("upper", "lan0"),
    INTERNET: ("attacker", "eth0"),
    f"{TUNNEL} 1": ("conc1", "wg0"),
    f"{TUNNEL} 2": ("conc2", "wg0"),
    ENGINE: ("e1", "eth0"),
}


@cache
def forge(places: tuple[Place, ...]) -> list[Canary]:
    """By a process of its own: scapy is heavy."""
    lines = "".join(json.dumps(asdict(place)) + "\n" for place in places)
    command = [sys.executable, "-m", "tests.scenarios.leaks.forge"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True, cwd=PROJECT, timeout=120)
    return [Canary(**json.loads(line)) for line in done.stdout.splitlines()]


def table() -> str:
    """The matrix as far as it is filled: leaks among the packets sent, by sender and state."""
    columns = [json.loads(file.read_text()) for file in sorted(BUILD.glob("*.json"))]
    rows = list(dict.fromkeys(row for column in columns for row in column["rows"]))
    width = max(len(row) for row in rows)
    lines = [f"{'':{width}}  " + "  ".join(column["state"] for column in columns)]
    for row in rows:
        cells = (f"{column['rows'].get(row, 'gone'):>{len(column['state'])}}" for column in columns)
        lines.append(f"{row:{width}}  " + "  ".join(cells))
    return "\n".join(lines) + "\n"


def _leaks(canaries: list[Canary], heard: dict[Wire, list[bytes]], carries: bool) -> list[Leak]:
    known = {one.number: one for one in canaries}
    return [
        Leak(known[number], wire)
        for wire, frames in heard.items()
        for number in sorted({number for frame in frames for number in canary.numbers(frame)})
        if number in known and wire not in _allowed(known[number], carries)
    ]


def _allowed(one: Canary, carries: bool) -> set[Wire]:
    """The sender's own wires, and the one thing that all of this is for."""
    own = next(wires for sender, wires in _OWN.items() if one.sender.startswith(sender))
    if carries and one.sender == TERMINAL and one.name.startswith("tcp syn 443"):
        return own | _TUNNELS | _CENTER if f"to {addresses.ENGINES['e1'].receipt.ip}" in one.name else own
    return own


def _has(machine: Machine, interface: str) -> bool:
    return machine.run("ip", "link", "show", "dev", interface, check=False).returncode == 0


def _is_no_business(frame: bytes) -> str:
    """What the router itself says on its line, unless it may: the explicit list. Empty: nothing to complain of."""
    if frame[6:12] != bytes.fromhex(addresses.ROUTER_WAN_MAC.replace(":", "")):
        return ""
    kind, told = frame[12:14], frame.hex()
    if kind == b"\x08\x06":
        return ""
    if kind != b"\x08\x00":
        return f"not IPv4: {told}"
    header = (frame[14] & 15) * 4
    protocol, target = frame[23], socket.inet_ntoa(frame[30:34])
    ports = int.from_bytes(frame[14 + header : 16 + header]), int.from_bytes(frame[16 + header : 18 + header])
    outside = {str(place.outside.ip) for place in addresses.CONCENTRATORS.values()}
    if protocol == 17 and (
        (target in outside and ports[1] == addresses.WIREGUARD_PORT)
        or (target == str(addresses.UPPER_LAN.ip) and ports[1] == 53)
        or ports == (68, 67)
    ):
        return ""
    if protocol == 6 and target == str(addresses.UPPER_LAN.ip) and ports[1] == 53:
        return ""
    return f"protocol {protocol} to {target} ports {ports}: {told}"
