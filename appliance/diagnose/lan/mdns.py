"""Asks machines for their own names (RFC 6762), and reads what they answer. Bytes only: no socket, no clock.

The question goes from port 5353, so that whoever answers does it to everybody on the wire and we hear it there.
"""

from __future__ import annotations

import re
import struct
from ipaddress import IPv4Address

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import dns.reversename

from appliance.diagnose.line import frames4

GROUP = IPv4Address("224.0.0.251")
_GROUP_MAC = bytes.fromhex("01005e0000fb")
_PORT = 5353
_IPV4 = 0x0800
_TTL = 255
"""Section 11."""
_REVERSE = re.compile(r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa\.$")
_NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")
"""What a person would call a computer's name; whatever else a stranger sends is not shown."""


def question(mac: bytes, own: IPv4Address, address: IPv4Address) -> bytes:
    """A frame that asks whoever has `address` what it is called."""
    query = dns.message.make_query(dns.reversename.from_address(str(address)), "PTR", id=0, flags=0)
    message = query.to_wire()
    udp = struct.pack("!HHHH", _PORT, _PORT, 8 + len(message), 0) + message
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, _TTL, 17, 0, own.packed, GROUP.packed)
    header = header[:10] + struct.pack("!H", frames4.checksum(header)) + header[12:]
    return frames4.ethernet(_GROUP_MAC, mac, _IPV4, header + udp)


def answer(frame: bytes) -> dict[IPv4Address, str]:
    """Names by address, as far as `frame` is an answer that holds some; of several names the first, without its
    domain."""
    message = frames4.udp(frame, _PORT, _PORT)
    if message is None:
        return {}
    try:
        said = dns.message.from_wire(message, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return {}
    if not said.flags & dns.flags.QR:
        return {}
    found: dict[IPv4Address, str] = {}
    for rrset in said.answer:
        matched = _REVERSE.match(rrset.name.to_text().lower())
        if matched is None or rrset.rdtype != dns.rdatatype.PTR:
            continue
        try:
            address = IPv4Address(".".join(reversed(matched.groups())))
        except ValueError:
            continue
        for record in rrset:
            label = record.target.to_text().partition(".")[0]
            if _NAME.match(label):
                found.setdefault(address, label)
    return found
