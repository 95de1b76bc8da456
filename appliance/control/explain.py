"""May this terminal reach that place? Answered from the rules in force, and checked against the kernel."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Any, Literal

from appliance.control import apart
from appliance.control.applying import Applier
from appliance.control.diagnosing import Working
from appliance.diagnose.explain import words
from appliance.diagnose.explain.evaluate import End, Journey, Key, Maps, Routed, Sets, World, travel
from appliance.diagnose.explain.question import SENDER_PORT, Question
from appliance.errors import SekishoError
from appliance.intent import names
from appliance.intent.firewall import Table, Value
from appliance.intent.model import RouterIntent, Segment
from appliance.kernel import nft, way
from appliance.kernel.nft import syntax, traced
from appliance.kernel.nft.traced import Traced, TracedPacket
from appliance.text import Text
from appliance.tunnel.names import Unresolved, resolve_a

Transport = Literal["tcp", "udp"]
NAME_LIMIT = 3.0
"""Seconds."""
UNKNOWN_CARD = "00:00:5e:00:53:01"
"""For a machine that the router has never heard: a MAC of documentation (RFC 7042 section 2.1.2), which nobody has."""
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?")


@dataclass(frozen=True, slots=True)
class Sender:
    """name: as the settings have it, else the address. segment: where it speaks."""

    name: str
    address: IPv4Address
    mac: str
    segment: Segment


class Explainer:
    """One look at a time: the test packets have one cable."""

    def __init__(self, applier: Applier) -> None:
        self._applier = applier
        self._lock = asyncio.Lock()

    async def explain(self, at: Working, terminal: str, host: str, port: int, protocol: Transport) -> dict[str, Any]:
        """terminal: a name of the settings, or an address. host: a name as the terminal would ask for it, or an
        address.

        Raises SekishoError ``explain.*``.
        """
        intent = at.ready.intent
        sender = await asyncio.to_thread(_sender, intent, terminal)
        destination = await _destination(intent, sender, host)
        if destination is None:
            return _without_address(sender, host)
        where = f"{host}:{port}" if host == str(destination) else f"{host} ({destination}):{port}"
        look = _Look(intent, sender, destination, port, protocol)
        async with self._lock:
            journey, seen = await asyncio.to_thread(look, await self._applier.table())
            if isinstance(seen, Traced) and not _agree(journey, seen):
                # A proof may have come or gone between the two looks; that is no contradiction.
                journey, seen = await asyncio.to_thread(look, await self._applier.table())
        return _document(sender, where, destination, journey, seen)


@dataclass(frozen=True, slots=True)
class _Look:
    """Work for a thread."""

    intent: RouterIntent
    sender: Sender
    destination: IPv4Address
    port: int
    protocol: Transport

    def __call__(self, in_force: Table) -> tuple[Journey, Traced | SekishoError]:
        interface = self.sender.segment.interface
        card = way.own_card(interface)
        question = Question(
            interface, self.sender.mac, card, self.sender.address, self.destination, self.port, self.protocol
        )
        journey = travel(in_force, question.packet, _world(in_force, self.intent, question))
        packet = TracedPacket(
            interface, question.frame, question.source, question.destination, self.protocol, SENDER_PORT
        )
        knocked = self._knocked()
        try:
            return journey, traced.trace(packet)
        except SekishoError as error:
            return journey, error
        finally:
            # Nobody shall be told of a knock that was ours.
            if not knocked and self._knocked():
                nft.revoke([nft.Grant(names.STRANGERS, (self.sender.address, self.sender.mac))])

    def _knocked(self) -> bool:
        """Whether this machine is remembered as one that was refused."""
        key = (str(self.sender.address), self.sender.mac)
        return any(element.key == key for element in nft.elements(names.STRANGERS))


def _world(table: Table, intent: RouterIntent, question: Question) -> World:
    """What the kernel holds now."""
    own = (segment.address.ip for segment in intent.lan.segments)
    routes = {address: _routed(address, question) for address in dict.fromkeys((question.destination, *own))}
    return World(_sets(table), _maps(table), routes, way.way_to(question.source).interface)


def _routed(address: IPv4Address, question: Question) -> Routed:
    found = way.way_to(address, question.source, question.interface)
    return Routed(found.kind, found.interface)


def _sets(table: Table) -> Sets:
    held: dict[str, frozenset[Key]] = {}
    for wanted in table.sets:
        if wanted.elements is not None:
            held[wanted.name] = frozenset(wanted.elements)
        elif not wanted.dynamic:
            # What rules fill is asked by the packets that count there, and by no other.
            held[wanted.name] = frozenset(_keys(wanted.key, nft.elements(wanted.name)))
    return held


def _maps(table: Table) -> Maps:
    return {
        wanted.name: {
            key: int(element.value)
            for element in nft.elements(wanted.name, "map")
            if element.value is not None
            for key in _keys(wanted.key, [element])
        }
        for wanted in table.maps
    }


def _keys(kinds: tuple[str, ...], elements: Iterable[nft.Element]) -> Iterable[Key]:
    for element in elements:
        yield tuple(_value(kind, part) for kind, part in zip(kinds, element.key, strict=True))


def _value(kind: str, text: str) -> Value:
    """As the rules' model has it."""
    match kind:
        case "ipv4_addr" | "ipv6_addr":
            network = ip_network(text)
            single = network.prefixlen == network.max_prefixlen
            return network.network_address if single else network
        case "inet_service":
            return int(text)
        case _:
            return text


def _sender(intent: RouterIntent, terminal: str) -> Sender:
    host = next((host for host in intent.lan.hosts if terminal in (host.name, str(host.address))), None)
    if host is None and not _is_address(terminal):
        known = ", ".join(host.name for host in intent.lan.hosts) or "—"
        raise SekishoError(
            "explain.no-terminal",
            f"{terminal} という名前の端末はありません。登録されているのは {known} です。IP アドレスでも指定できます。",
            f"There is no terminal {terminal}; listed are {known}. An IP address will do, too.",
        )
    address = host.address if host else IPv4Address(terminal)
    segment = _segment(intent, address)
    if host is not None and host.name == terminal:
        return Sender(host.name, address, host.mac, segment)
    heard = way.card_of(address, segment.interface)
    return Sender(str(address), address, heard or (host.mac if host else UNKNOWN_CARD), segment)


def _segment(intent: RouterIntent, address: IPv4Address) -> Segment:
    for segment in intent.lan.segments:
        if any(address in network for network in segment.networks):
            return segment
    networks: list[IPv4Network] = [network for segment in intent.lan.segments for network in segment.networks]
    raise SekishoError(
        "explain.not-inside",
        f"{address} は院内のネットワーク（{', '.join(map(str, networks))}）のアドレスではありません。",
        f"{address} is no address of the clinic's networks ({', '.join(map(str, networks))}).",
    )


async def _destination(intent: RouterIntent, sender: Sender, host: str) -> IPv4Address | None:
    """As the terminal would be told it by the router; None when it would be told none."""
    if _is_address(host):
        return IPv4Address(host)
    if not _NAME.fullmatch(host):
        raise SekishoError(
            "explain.bad-host",
            f"{host} はホスト名でも IPv4 アドレスでもありません。",
            f"{host} is neither a host name nor an IPv4 address.",
        )
    ask = (host, intent.lan.address.ip, await asyncio.to_thread(_names_port, intent, sender))
    found: IPv4Address | None = await asyncio.to_thread(apart.call, __name__, "told", *ask)
    return found


def told(host: str, router: IPv4Address, port: int) -> IPv4Address | None:
    """For `apart`: what the router's own name service answers, which may have asked a stranger."""
    answer = asyncio.run(resolve_a(host, (router,), None, NAME_LIMIT, port))
    return None if isinstance(answer, Unresolved) else answer[0]


def _names_port(intent: RouterIntent, sender: Sender) -> int:
    if not intent.lan.internet_hosts:
        return 53
    away = {element.key for element in nft.elements(names.INTERNET_TERMINALS)}
    return names.OUTSIDE_NAMES_PORT if (str(sender.address), sender.mac) in away else 53


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _document(
    sender: Sender, where: str, destination: IPv4Address, journey: Journey, seen: Traced | SekishoError
) -> dict[str, Any]:
    who = f"{sender.name} ({sender.address}, {sender.mac})"
    return {
        "terminal": {"name": sender.name, "address": str(sender.address), "mac": sender.mac},
        "address": str(destination),
        "end": journey.end.value,
        "rule": {"chain": journey.decided.chain, "why": journey.decided.why} if journey.decided else None,
        "says": words.headline(journey, who, where).as_dict(),
        "missing": [text.as_dict() for text in words.missing(journey)],
        "path": [f"{step.chain}: {step.why}" for step in journey.steps],
        "kernel": _kernel(journey, seen),
    }


def _without_address(sender: Sender, host: str) -> dict[str, Any]:
    says = Text(
        f"ルーターは、{sender.name} に名前 {host} のアドレスを教えません。レセコンのサーバーの名前なら、"
        "サーバーを正しいと確かめられていないためです（「証明書」の診断を見てください）。",
        f"The router tells {sender.name} no address for {host}. If that is an engine's name, the engine is not proven "
        "(see the check `certificates`).",
    )
    terminal = {"name": sender.name, "address": str(sender.address), "mac": sender.mac}
    empty: Mapping[str, Any] = {"address": None, "rule": None, "missing": [], "path": [], "kernel": None}
    return {"terminal": terminal, "end": "no-address", "says": says.as_dict(), **empty}


def _kernel(journey: Journey, seen: Traced | SekishoError) -> dict[str, Any]:
    if isinstance(seen, SekishoError):
        return {"agrees": None, "end": None, "path": [], "says": seen.text.as_dict()}
    path = [f"{hop.table} {hop.chain}: {hop.rule} ({hop.verdict})" for hop in seen.hops]
    agrees = _agree(journey, seen)
    return {"agrees": agrees, "end": seen.end, "path": path, "says": _AGREES[agrees].as_dict()}


def _agree(journey: Journey, seen: Traced) -> bool:
    """Same end, by the same rules of ours in the same order, and by no rule of anybody else's."""
    wanted = {End.PASSES: "passes", End.REFUSED: "refused", End.DROPPED: "dropped", End.NO_WAY: "lost"}[journey.end]
    ours = [(step.chain, syntax.comment(step.why).strip('"') if step.rule else step.why) for step in journey.steps]
    met = [(hop.chain, hop.rule) for hop in seen.own]
    return wanted == seen.end and journey.interface == (seen.interface if seen.end == "passes" else "") and ours == met


_AGREES = {
    True: Text(
        "試験用のパケットをカーネルに通して確かめました。同じ規則で、同じ結果でした（パケットは外に出していません）。",
        "A test packet went through the kernel: same rules, same end (it was not let out).",
    ),
    False: Text(
        "試験用のパケットをカーネルに通すと、この説明と違う結果になりました。実際に起きるのはカーネルのほうです。"
        "設定を「sekisho apply」でもう一度反映し、続くときはサポート会社に、下の「カーネル」の記録を伝えてください。",
        "A test packet went another way through the kernel than this explanation says, and the kernel is what happens. "
        "Apply the settings again; if it stays so, tell your support company what the kernel's path below says.",
    ),
}
