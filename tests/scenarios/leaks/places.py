"""Who stands where in a world, whose names he wears, and which wires he reaches without the router."""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from dataclasses import dataclass
from ipaddress import IPv4Address

from tests.lab import addresses
from tests.lab.lines import ipoe
from tests.lab.machine import Machine
from tests.lab.world import World
from tests.scenarios.leaks.canary import Canary, Place

TERMINAL, STRANGER, LAN_ATTACKER = "listed terminal", "unlisted machine", "LAN attacker"
UPSTREAM, INTERNET, TUNNEL, ENGINE = "upstream router", "internet attacker", "evil concentrator", "evil engine"

Wire = tuple[str, str]

LAN: Set[Wire] = {("reception", "eth0"), ("doctor", "eth0"), ("lan-attacker", "eth0"), ("router", "lan0")}
TUNNELS: Set[Wire] = {("router", "sk-dc1"), ("router", "sk-dc2"), ("conc1", "wg0"), ("conc2", "wg0")}
_INTERNET: Set[Wire] = {("internet", "internet"), ("vendor", "eth0"), ("attacker", "eth0")}
_INTERNET |= {("conc1", "internet"), ("conc2", "internet"), ("outside-engine", "eth0")}
_CENTER: Set[Wire] = {("conc1", "backbone"), ("conc2", "backbone"), ("core", "backbone"), ("core", "dc1")}
_CENTER |= {("core", "dc2"), ("e1", "eth0"), ("e2", "eth0")}

_INSIDE = (addresses.LAN, addresses.DATA_CENTER, addresses.CLINICS_INNER)
_RECEPTION = str(addresses.TERMINALS["reception"].address.ip)
_PROVEN = str(addresses.ENGINES["e1"].receipt.ip), str(addresses.ENGINES["e1"].receipt_gate.ip)
_WEB = str(addresses.PUBLIC_WEB.ip)
_ENDS = {
    "upper": ("lan0", str(addresses.UPPER_LAN.ip)),
    "modem": ("lan0", str(addresses.MODEM_LAN.ip)),
    ipoe.PROVIDER: (ipoe.LINE, str(addresses.IPOE_PREFIXES[0][1])),
}
"""By the machine beyond a line: its wire, and its address there."""
_LIARS6 = (
    str(addresses.CONCENTRATORS[1].outside6.ip),
    str(addresses.INTERNET_DNS6.ip),
    "fe80::66",
    "2001:db8:51::66",
    "::1",
    "::",
    "ff02::1",
)


@dataclass(frozen=True, slots=True)
class Upstream:
    """Beyond one of the router's lines. port: the router's; wire: this machine's, with its own address `inside`."""

    machine: str
    port: str
    wire: str
    inside: str

    @property
    def sender(self) -> str:
        return f"{UPSTREAM} {self.machine}"

    @property
    def line(self) -> Set[Wire]:
        return {("router", self.port), (self.machine, self.wire)}

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.inside


class Map:
    """Of a world whose lines are routers upstream of ours, or IPv6 as advertised."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.upstreams = tuple(
            Upstream(machine, line.place.port, *_ENDS[machine]) for line in world.lines for machine in line.cabling
        )
        self.lines: Set[Wire] = frozenset(wire for upstream in self.upstreams for wire in upstream.line)
        self.internet: Set[Wire] = _INTERNET | {
            (upstream.machine, "internet" if upstream.is_ipv6 else "wan0") for upstream in self.upstreams
        }
        self.stands: dict[str, Wire] = {
            TERMINAL: ("reception", "eth0"),
            STRANGER: ("lan-attacker", "eth0"),
            LAN_ATTACKER: ("lan-attacker", "eth0"),
            f"{TUNNEL} 1": ("conc1", "wg0"),
            f"{TUNNEL} 2": ("conc2", "wg0"),
            ENGINE: ("e1", "eth0"),
            **{upstream.sender: (upstream.machine, upstream.wire) for upstream in self.upstreams},
        }
        if not self.upstreams[0].is_ipv6:
            self.stands[INTERNET] = ("attacker", "eth0")

    # ---- which wires ---------------------------------------------------------------------------------

    def allowed(self, one: Canary, carries: bool, on_internet: bool) -> Set[Wire]:
        """The sender's own wires, and the one thing that all of this is for."""
        own = self._own(one.sender)
        # The kernel takes a frame with a priority only (IEEE 802.1Q) for one without a tag.
        if one.sender == TERMINAL and on_internet and one.kind.startswith("priority-tagged"):
            return own if is_inside(one.kind.split()[-1]) else own | self.lines | self.internet
        if one.sender == TERMINAL and one.target:
            if carries and not on_internet and (one.kind, one.target) == ("tcp syn 443", _PROVEN[0]):
                return own | TUNNELS | _CENTER
            if on_internet and not is_inside(one.target):
                return own | self.lines | self.internet
        return own

    def _own(self, sender: str) -> Set[Wire]:
        if sender in (TERMINAL, STRANGER, LAN_ATTACKER):
            return LAN
        if sender == INTERNET:
            return self.internet | self.lines
        if sender == ENGINE or sender.startswith(TUNNEL):
            return TUNNELS | _CENTER
        return next(upstream.line for upstream in self.upstreams if upstream.sender == sender)

    def arrival(self, sender: str) -> Set[Wire]:
        """Where what he sends stands before the router."""
        if sender in (TERMINAL, STRANGER, LAN_ATTACKER):
            return {("router", "lan0")}
        if sender == INTERNET:
            return {("router", self.upstreams[0].port)}
        if sender == ENGINE:
            return {("router", "sk-dc1"), ("router", "sk-dc2")}
        if sender.startswith(TUNNEL):
            return {("router", f"sk-dc{sender[-1]}")}
        return {("router", upstream.port) for upstream in self.upstreams if upstream.sender == sender}

    def is_neighbour(self, sender: str) -> bool:
        """Whether only a cable is between him and the router, so that all that he sends must arrive."""
        return sender in (TERMINAL, STRANGER, LAN_ATTACKER) or sender.startswith(UPSTREAM)

    # ---- who sends -------------------------------------------------------------------------------------

    def places(self) -> Iterator[Place]:
        """The terminal last: what it may say could make an answer of what others say."""
        inner, router_lan = str(addresses.CLINIC_INNER), str(addresses.ROUTER_LAN.ip)
        upper = str(addresses.UPPER_LAN.ip)
        concentrator = str(addresses.CONCENTRATORS[1].outside.ip)
        own_line = self.line_address(self.upstreams[0].port)
        further = ("203.0.113.40", concentrator, str(addresses.INTERNET_DNS.ip))
        beyond = (_WEB, *_PROVEN, upper, own_line, inner, router_lan, *further)
        inside = (inner, _RECEPTION, router_lan, _PROVEN[0], _WEB)
        lan_names = (router_lan, _RECEPTION, _WEB, _PROVEN[0], inner, own_line)
        impossible = ("127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1")
        liars = (_RECEPTION, router_lan, _PROVEN[0], inner, _WEB, upper, "192.0.2.63", *impossible)
        center = (str(addresses.MONITORING.ip), _PROVEN[0], "203.0.113.1", _WEB, _RECEPTION, router_lan)
        stranger = str(addresses.LAN_ATTACKER.ip)
        lan = addresses.ROUTER_LAN_MAC
        yield Place(STRANGER, (stranger,), beyond, lan_names, self._mac(STRANGER), lan)
        yield Place(LAN_ATTACKER, liars, beyond[:3], lan_names, self._mac(LAN_ATTACKER), lan)
        for upstream in self.upstreams:
            ours, macs = (
                self.line_address(upstream.port),
                (self._mac(upstream.sender), self._world.mac("router", upstream.port)),
            )
            here = upper if upstream.is_ipv6 else upstream.inside
            known = (here, concentrator, _RECEPTION, _PROVEN[0], inner, _WEB, ours, *impossible)
            yield Place(upstream.sender, known, (_RECEPTION, ours, *inside), (here, ours, *inside), *macs)
            if upstream.is_ipv6:
                own6 = tuple(self._addresses6(upstream.port))
                yield Place(upstream.sender, (upstream.inside, *_LIARS6), (*own6, "ff02::1"), (), *macs)
        if INTERNET in self.stands:
            outside = str(addresses.UPPER_WAN.ip)
            yield Place(INTERNET, (str(addresses.INTERNET_ATTACKER.ip),), (outside, outside))
        for number in (1, 2):
            if f"conc{number}" in self._world.machines:
                yield Place(f"{TUNNEL} {number}", center, inside)
        yield Place(ENGINE, _PROVEN[:1], inside)
        yield Place(TERMINAL, (_RECEPTION,), beyond, lan_names, self._mac(TERMINAL), lan)

    def line_address(self, port: str) -> str:
        """The router's own there; what it would be while it has none."""
        router = self._world.machines["router"]
        if not has(router, port):
            return str(addresses.MODEM_DHCP)
        shown = json.loads(router.run("ip", "-json", "-4", "address", "show", port).stdout)
        found = [one["local"] for link in shown for one in link.get("addr_info", [])]
        return str(found[0]) if found else str(addresses.LINE_DHCP_FIRST)

    def _addresses6(self, port: str) -> Iterator[str]:
        """The router's own there."""
        shown = json.loads(self._world.machines["router"].run("ip", "-json", "-6", "address", "show", port).stdout)
        yield from (one["local"] for link in shown for one in link.get("addr_info", []))

    def _mac(self, sender: str) -> str:
        return self._world.mac(*self.stands[sender])


def is_inside(address: str) -> bool:
    """Whether it belongs to the clinic or the data center, and so has no business on a line."""
    return any(IPv4Address(address) in network for network in _INSIDE)


def has(machine: Machine, interface: str) -> bool:
    return machine.run("ip", "link", "show", "dev", interface, check=False).returncode == 0
