"""Whether whoever is refused on the LAN hears so at once: by a TCP reset or an ICMP error that quotes him.

What is no question gets no answer: resets and ICMP errors (RFC 1122 section 3.2.2), pieces of a datagram,
and packets with options (RFC 7126: source routes go unheard). The clock's port takes what it does not understand.
Of a packet in a packet the kernel's ``reject`` cannot tell whether it is whole, and says nothing.
"""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from tests.lab import addresses
from tests.scenarios.leaks import canary
from tests.scenarios.leaks.canary import Canary
from tests.scenarios.leaks.places import LAN_ATTACKER, STRANGER, TERMINAL

_ICMP, _TCP = 1, 6
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_ICMP_ERRORS = (3, 4, 5, 11, 12)
_ROUTER = bytes.fromhex(addresses.ROUTER_LAN_MAC.replace(":", ""))
_HONEST = {
    TERMINAL: {str(addresses.TERMINALS["reception"].address.ip)},
    STRANGER: {str(addresses.LAN_ATTACKER.ip)},
    # Refused, not dropped: it may be a terminal whose network card was replaced.
    LAN_ATTACKER: {str(addresses.TERMINALS["reception"].address.ip)},
}


@dataclass(frozen=True, slots=True)
class _Segment:
    """Of a TCP connection, as its header has it; length of what it carries."""

    source: str
    destination: str
    ports: bytes
    sequence: int
    acknowledged: int
    flags: int
    length: int


def unanswered(canaries: Iterable[Canary], frames: Iterable[bytes]) -> list[Canary]:
    """frames: all that was heard on the router's LAN cable."""
    said = [frame for frame in frames if frame[6:12] == _ROUTER]
    quoted = {number for frame in said for number in canary.numbers(frame)}
    segments = [segment for frame in said if (segment := _segment(frame))]
    answers = {(s.source, s.destination, s.ports): list[_Segment]() for s in segments}
    for segment in segments:
        answers[segment.source, segment.destination, segment.ports].append(segment)
    return [
        one
        for one in canaries
        if one.source in _HONEST.get(one.sender, ()) and _asks(one)
        if one.number not in quoted and not _is_answered(base64.b64decode(one.frame), answers)
    ]


def _asks(one: Canary) -> bool:
    frame = base64.b64decode(one.frame)
    fragmented = int.from_bytes(frame[20:22], "big") & 0x3FFF
    if frame[14] != 0x45 or fragmented:
        return False
    if frame[23] == _TCP:
        return not frame[47] & _RST
    if frame[23] == _ICMP:
        return frame[34] not in _ICMP_ERRORS
    return one.kind not in ("ipip", "6in4") and (one.kind, one.target) != ("udp 123", str(addresses.ROUTER_LAN.ip))


def _is_answered(frame: bytes, answers: dict[tuple[str, str, bytes], list[_Segment]]) -> bool:
    asked = _segment(frame)
    if asked is None:
        return False
    end = asked.sequence + asked.length + bool(asked.flags & _SYN) + bool(asked.flags & _FIN)
    # A question whose ports were used a moment ago may be answered with what is known of the former one (RFC 5961).
    begins = asked.flags & (_SYN | _ACK) == _SYN
    return any(
        begins
        or (answer.flags & _ACK and asked.sequence < answer.acknowledged <= end)
        or (answer.flags & _RST and asked.flags & _ACK and answer.sequence == asked.acknowledged)
        for answer in answers.get((asked.destination, asked.source, asked.ports[2:] + asked.ports[:2]), ())
    )


def _segment(frame: bytes) -> _Segment | None:
    if frame[12:14] != b"\x08\x00" or frame[23] != _TCP:
        return None
    total, header = int.from_bytes(frame[16:18], "big"), (frame[14] & 15) * 4
    tcp = frame[14 + header : 14 + total]
    return _Segment(
        source=socket.inet_ntoa(frame[26:30]),
        destination=socket.inet_ntoa(frame[30:34]),
        ports=tcp[:4],
        sequence=int.from_bytes(tcp[4:8], "big"),
        acknowledged=int.from_bytes(tcp[8:12], "big"),
        flags=tcp[13],
        length=len(tcp) - (tcp[12] >> 4) * 4,
    )
