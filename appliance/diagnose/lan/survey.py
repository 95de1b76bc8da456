"""Asks one wire who is there, by frames of our own on one packet socket: ARP, DHCP, router solicitations, mDNS.

Bounded in time and in addresses, and paced, so that the smallest switch bears it. Nobody learns an address from our
questions (they come from nobody), and nothing is taken: an offer is never accepted.
"""

from __future__ import annotations

import secrets
import select
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address
from time import monotonic

from appliance.diagnose.lan import mdns
from appliance.diagnose.lan.evidence import LanEvidence, Router, Server, Wire
from appliance.diagnose.line import frames4, frames6
from appliance.diagnose.wire import packets

LISTEN = 5.0
"""Seconds after the last question: a DHCP server may look for 3 s whether an address is in use."""
MOST_ADDRESSES = 1024
"""Of a larger segment only known addresses are asked for, and the first so many."""
PACE = 0.002
"""Seconds between two questions."""
ROUNDS = 2
"""A machine that sleeps may miss the first."""
MOST_HEARD = 4096
"""Addresses, cards of one address, servers: nobody on the wire can make us keep any number of things."""
_MOST_ALIKE = 8


def survey(wire: Wire) -> LanEvidence:
    """Blocking, some `LISTEN` seconds and what the questions take. Raises OSError."""
    with packets.at(wire.interface) as sock:
        return _Survey(wire, sock).hold()


def targets(wire: Wire) -> tuple[tuple[IPv4Address, ...], bool]:
    """The addresses to ask for, and whether that is all of the segment. Pure."""
    network = wire.own.network
    if network.num_addresses - 2 <= MOST_ADDRESSES:
        return tuple(network.hosts()), True
    known = dict.fromkeys((wire.own.ip, *wire.terminals, *wire.known))
    return tuple(known)[:MOST_ADDRESSES], False


class _Survey:
    def __init__(self, wire: Wire, sock: socket.socket) -> None:
        self._wire = wire
        self._sock = sock
        self._mac: bytes = sock.getsockname()[4]
        self._transaction = secrets.randbits(32)
        self._cards: dict[IPv4Address, list[str]] = {}
        self._servers: list[Server] = []
        self._routers: list[Router] = []
        self._names: dict[IPv4Address, str] = {}

    def hold(self) -> LanEvidence:
        asked, is_whole = targets(self._wire)
        for _ in range(ROUNDS):
            for question in self._questions(asked):
                self._sock.send(question)
                self._listen_for(PACE)
        for address in tuple(self._cards):
            self._sock.send(mdns.question(self._mac, self._wire.own.ip, address))
            self._listen_for(PACE)
        self._listen_for(LISTEN)
        return LanEvidence(
            self._wire,
            True,
            len(asked),
            is_whole,
            {address: tuple(sorted(cards)) for address, cards in self._cards.items()},
            tuple(self._servers),
            tuple(self._routers),
            {address: name for address, name in self._names.items() if address in self._cards},
        )

    def _questions(self, asked: tuple[IPv4Address, ...]) -> Iterator[bytes]:
        yield frames4.dhcp_discover(self._mac, self._transaction)
        yield frames6.router_solicitation(self._mac)
        yield from (frames4.arp_probe(self._mac, address) for address in asked)

    def _listen_for(self, seconds: float) -> None:
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0 and select.select([self._sock], [], [], left)[0]:
            frame, (_, _, direction, _, _) = self._sock.recvfrom(2048)
            if direction != socket.PACKET_OUTGOING:
                self._hear(frame)

    def _hear(self, frame: bytes) -> None:
        mac = frame[6:12].hex(":")
        if (answer := frames4.arp_answer(frame)) is not None:
            self._note_card(*answer)
        offer = frames4.dhcp_offer(frame, self._transaction)
        if offer is not None:
            server = Server(offer.server, mac, offer.address)
            known = {(one.address, one.mac) for one in self._servers}
            if (server.address, server.mac) not in known and len(known) < _MOST_ALIKE:
                self._servers.append(server)
        heard = frames6.router_advertisement(frame)
        known_routers = {one.address for one in self._routers}
        if heard is not None and heard.router not in known_routers and len(known_routers) < _MOST_ALIKE:
            self._routers.append(Router(heard.router, mac, heard.lifetime, heard.prefixes))

        for address, name in mdns.answer(frame).items():
            if address in self._cards:
                self._names.setdefault(address, name)

    def _note_card(self, address: IPv4Address, mac: str) -> None:
        if address not in self._wire.own.network or (address not in self._cards and len(self._cards) >= MOST_HEARD):
            return
        cards = self._cards.setdefault(address, [])
        if mac not in cards and len(cards) < _MOST_ALIKE:
            cards.append(mac)
