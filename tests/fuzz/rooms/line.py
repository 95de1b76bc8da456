"""What anybody on the wire before the router may send: frames, and what the hooks of its clients wrote down."""

from __future__ import annotations

from appliance.diagnose.line import frames4, frames6
from appliance.engines.leases import parse_lease
from appliance.engines.leases6 import parse_lease6
from appliance.tunnel.echo import checksum, size_of_reply
from tests.fuzz.target import target

MAC = bytes.fromhex("02005e005301")
TRANSACTION4, TRANSACTION6, UNIQUE = 0x01020304, b"\x01\x02\x03", b"12345678"


@target(longest=1600)
def ipv4(frame: bytes) -> None:
    offer = frames4.dhcp_offer(frame, TRANSACTION4)
    if offer is not None:
        assert offer.portal.isprintable()
    concentrator = frames4.pado(frame, UNIQUE)
    if concentrator is not None:
        assert all(name.isprintable() for name in (concentrator.name, *concentrator.services))
    assert isinstance(frames4.arp_answer(frame), tuple | None)


@target(longest=1600)
def ipv6(frame: bytes) -> None:
    frames6.router_advertisement(frame)
    delegation = frames6.dhcp_answer(frame, TRANSACTION6)
    if delegation is not None:
        assert len(delegation.aftr) <= 253 and delegation.aftr.isascii() and delegation.aftr.isprintable()
    answer = frames6.neighbour_answer(frame, MAC)
    if answer is not None:
        assert answer[:6] == frame[6:12] and answer[6:12] == MAC


@target(longest=1600)
def echo(packet: bytes) -> None:
    assert size_of_reply(packet, 7) in (None, len(packet))
    if len(packet) >= 28:
        # As it would be if its sender had reckoned right, whom nothing keeps from doing so.
        header = max(20, (packet[0] & 15) * 4)
        blank = packet[header : header + 2] + b"\0\0" + packet[header + 4 :]
        right = packet[:header] + blank[:2] + checksum(blank).to_bytes(2, "big") + blank[4:]
        assert size_of_reply(right, 7) in (None, len(right))


@target(words=('"interface"', '"address"', '"prefix"', '"gateway"', '"dns"', '"at"', "Infinity", "NaN", "1e999"))
def lease(content: bytes) -> None:
    found = parse_lease("wan0", content)
    if found is not None:
        assert not found.address.ip.is_loopback
        assert not any(server.is_loopback or server.is_unspecified for server in found.dns)


@target(words=('"routers"', '"from"', '"lifetime"', '"prefixes"', '"flags"', '"mtu"', "Infinity", "NaN", "1e999"))
def lease6(content: bytes) -> None:
    advertised, _, leased = content.partition(b"\0")
    for given in ((advertised, None), (None, leased), (advertised, leased)):
        found = parse_lease6("wan0", *given)
        if found is not None:
            assert not any(server.is_loopback or server.is_unspecified for server in found.dns)
            assert found.mtu is None or found.mtu >= 1280
