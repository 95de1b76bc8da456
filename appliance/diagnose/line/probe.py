"""Asks a line what it is, by frames of our own on one packet socket.

The frames neither pass the firewall nor the kernel's IP (packet(7)), so it works while our own
rule set stands, before any setting, and beside a client that holds the line. Nothing is taken:
an offer is never accepted, the addresses that we ask from exist in these frames only.
"""

from __future__ import annotations

import secrets
import select
import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from time import monotonic
from typing import TypeVar

from appliance.diagnose.line import frames4, frames6
from appliance.diagnose.line.evidence import AccessConcentrator, Advertisement, Delegation, LineEvidence, Offer
from appliance.diagnose.wire import packets

Answer = TypeVar("Answer")

LISTEN = 6.0
"""Seconds. A DHCP server may look for 3 s whether an address is in use before it offers it (RFC 2131 section 3.1)."""
ASK_AGAIN = 1.5
"""Seconds between two rounds of questions: a first frame may meet a port that has just come up."""


@dataclass(slots=True)
class _Heard:
    offers: list[Offer] = field(default_factory=list)
    concentrators: list[AccessConcentrator] = field(default_factory=list)
    advertisements: list[Advertisement] = field(default_factory=list)
    delegations: list[Delegation] = field(default_factory=list)
    alive: set[IPv4Address] = field(default_factory=set)


def probe(interface: str) -> LineEvidence:
    """What answers on `interface`, which is up and has a carrier; takes `LISTEN` seconds.

    Raises OSError: it cannot be heard.
    """
    with packets.at(interface) as wire:
        heard = _Conversation(wire).hold()
    gateways = {offer.gateway for offer in heard.offers if offer.gateway is not None}
    return LineEvidence(
        interface,
        True,
        tuple(heard.offers),
        bool(gateways & heard.alive) if gateways else None,
        tuple(heard.concentrators),
        tuple(heard.advertisements),
        tuple(heard.delegations),
    )


class _Conversation:
    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._mac: bytes = wire.getsockname()[4]
        self._transaction4 = secrets.randbits(32)
        self._transaction6 = secrets.token_bytes(3)
        self._unique = secrets.token_bytes(8)
        self._heard = _Heard()

    def hold(self) -> _Heard:
        end = monotonic() + LISTEN
        ask_at = monotonic()
        while (now := monotonic()) < end:
            if now >= ask_at:
                self._ask()
                ask_at = now + ASK_AGAIN
            if select.select([self._wire], [], [], max(0.0, min(ask_at, end) - now))[0]:
                frame, (_, _, direction, _, _) = self._wire.recvfrom(2048)
                if direction != socket.PACKET_OUTGOING:
                    self._listen(frame)
        return self._heard

    def _ask(self) -> None:
        mac, heard = self._mac, self._heard
        questions = [frames4.dhcp_discover(mac, self._transaction4), frames4.padi(mac, self._unique)]
        questions += [frames6.router_solicitation(mac), frames6.dhcp_solicit(mac, self._transaction6)]
        questions.append(frames6.dhcp_information_request(mac, self._transaction6))
        questions += [frames4.arp_probe(mac, offer.gateway) for offer in heard.offers if offer.gateway is not None]
        for question in questions:
            self._wire.send(question)

    def _listen(self, frame: bytes) -> None:
        heard = self._heard
        offer = frames4.dhcp_offer(frame, self._transaction4)
        if _note(heard.offers, offer) and offer is not None and offer.gateway is not None:
            self._wire.send(frames4.arp_probe(self._mac, offer.gateway))
        _note(heard.concentrators, frames4.pado(frame, self._unique))
        _note(heard.advertisements, frames6.router_advertisement(frame))
        _note(heard.delegations, frames6.dhcp_answer(frame, self._transaction6))
        if (answered := frames4.arp_answer(frame)) is not None:
            heard.alive.add(answered[0])
        if (answer := frames6.neighbour_answer(frame, self._mac)) is not None:
            self._wire.send(answer)


def _note(known: list[Answer], answer: Answer | None) -> bool:
    """Whether it is news. The line is not ours: it cannot make us keep any number of things."""
    if answer is None or answer in known or len(known) >= 8:
        return False
    known.append(answer)
    return True
