"""Questions are what a server understands; answers are read; whatever else comes from the line is nothing."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network

from hypothesis import example, given
from hypothesis import strategies as st

from appliance.diagnose.line import frames4, frames6
from appliance.diagnose.line.evidence import AccessConcentrator, Advertisement, Delegation, Offer

MAC = bytes.fromhex("020000000102")
SERVER = bytes.fromhex("020000000301")
PREFIX = IPv6Network("2001:db8:1:200::/56")
ROUTER = IPv6Address("fe80::1")


def offer(transaction: int, options: bytes) -> bytes:
    bootp = struct.pack("!BBBBIHH4x", 2, 1, 6, 0, transaction, 0, 0x8000) + IPv4Address("192.0.2.70").packed
    message = bootp.ljust(28, b"\0") + MAC.ljust(208, b"\0") + b"\x63\x82\x53\x63" + options + b"\xff"
    udp = struct.pack("!HHHH", 67, 68, 8 + len(message), 0) + message
    head = struct.pack("!BBHHHBBH8x", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    return frames4.ethernet(frames4.EVERYBODY, SERVER, 0x0800, head + udp)


def option(kind: int, value: bytes) -> bytes:
    return bytes([kind, len(value)]) + value


MASK = option(1, IPv4Address("255.255.255.240").packed)
OFFERED = option(53, b"\x02")


def test_an_offer_is_read() -> None:
    gateway, dns = IPv4Address("192.0.2.65"), IPv4Address("198.51.100.53")
    options = OFFERED + b"\0" + MASK + option(3, gateway.packed) + option(6, dns.packed)
    assert frames4.dhcp_offer(offer(7, options), 7) == Offer(IPv4Interface("192.0.2.70/28"), gateway, (dns,))
    named = frames4.dhcp_offer(offer(7, options + option(54, gateway.packed)), 7)
    assert named is not None
    assert named.server == gateway
    portal = frames4.dhcp_offer(offer(7, options + option(114, b"https://p.example/\x1b[2J")), 7)
    assert portal is not None
    assert portal.portal == "https://p.example/?[2J"


def test_somebody_elses_offer_and_an_acknowledgement_are_not_ours() -> None:
    assert frames4.dhcp_offer(offer(8, OFFERED + MASK), 7) is None
    assert frames4.dhcp_offer(offer(7, option(53, b"\x05") + MASK), 7) is None
    assert frames4.dhcp_offer(offer(7, OFFERED + option(1, b"\xff\x00\xff\x00")), 7) is None


def test_a_question_is_no_answer() -> None:
    questions = [
        frames4.dhcp_discover(MAC, 7),
        frames4.padi(MAC, b"unique"),
        frames4.arp_probe(MAC, IPv4Address("192.0.2.65")),
        frames6.router_solicitation(MAC),
        frames6.dhcp_solicit(MAC, b"abc"),
        frames6.dhcp_information_request(MAC, b"abc"),
    ]
    assert not any(map(_read, questions))


def test_an_access_concentrator_is_read() -> None:
    tags = [(0x0103, b"unique"), (0x0102, "基地局".encode()), (0x0101, b""), (0x0101, b"flets")]
    assert frames4.pado(_pado(tags), b"unique") == AccessConcentrator("基地局", ("flets",))
    assert frames4.pado(_pado(tags), b"other!") is None


def test_an_arp_answer_is_read() -> None:
    address = IPv4Address("192.0.2.65")
    answer = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + SERVER + address.packed + MAC + bytes(4)
    assert frames4.arp_answer(frames4.ethernet(MAC, SERVER, 0x0806, answer)) == (address, "02:00:00:00:03:01")


def test_a_router_advertisement_is_read() -> None:
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 86400, 14400, 0) + IPv6Address("2001:db8:1::").packed
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0x40, 1800, 0, 0) + prefix
    frame = _ipv6(58, 255, body)
    assert frames6.router_advertisement(frame) == Advertisement(
        ROUTER, managed=False, other=True, lifetime=1800, prefixes=(IPv6Network("2001:db8:1::/64"),)
    )
    assert frames6.router_advertisement(_ipv6(58, 64, body)) is None


def test_a_delegation_is_read() -> None:
    within = struct.pack("!HHIIB", 26, 25, 1, 2, PREFIX.prefixlen) + PREFIX.network_address.packed
    options = _option6(25, struct.pack("!III", 1, 0, 0) + within)
    options += _option6(64, b"\x04aftr\x08provider\x07example\0") + _option6(94, b"")
    message = struct.pack("!HHHH", 547, 546, 0, 0) + b"\x02abc" + options
    assert frames6.dhcp_answer(_ipv6(17, 64, message), b"abc") == Delegation((PREFIX,), "aftr.provider.example", True)
    assert frames6.dhcp_answer(_ipv6(17, 64, message), b"abd") is None
    evil = struct.pack("!HHHH", 547, 546, 0, 0) + b"\x02abc" + _option6(64, b'\x05a"\nb;\0')
    assert frames6.dhcp_answer(_ipv6(17, 64, evil), b"abc") == Delegation()


def test_whoever_looks_for_our_address_is_answered() -> None:
    own = frames6.link_local(MAC)
    assert own == IPv6Address("fe80::ff:fe00:102")
    question = _ipv6(58, 255, struct.pack("!BBHI", 135, 0, 0, 0) + own.packed)
    answer = frames6.neighbour_answer(question, MAC)
    assert answer is not None
    assert answer[:12] == SERVER + MAC
    assert answer[22:54] == own.packed + ROUTER.packed
    assert answer[54] == 136
    pseudo = answer[22:54] + struct.pack("!II", len(answer) - 54, 58)
    assert frames4.checksum(pseudo + answer[54:]) == 0
    assert frames6.neighbour_answer(_ipv6(58, 255, struct.pack("!BBHI", 135, 0, 0, 0) + ROUTER.packed), MAC) is None


@given(st.binary(max_size=400), st.sampled_from([0x0800, 0x0806, 0x8863, 0x86DD]))
@example(b"", 0x0800)
def test_no_frame_does_any_harm(payload: bytes, kind: int) -> None:
    frame = frames4.ethernet(MAC, SERVER, kind, payload)
    _read(frame)
    _read(frame[: len(payload) % 14])


@given(st.data())
def test_no_damaged_answer_does_any_harm(data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from(
            [
                offer(7, OFFERED + MASK + option(3, bytes(4))),
                _pado([(0x0103, b"unique"), (0x0102, b"ac")]),
                _ipv6(58, 255, struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 0, 0, 0) + b"\x03\x04" + bytes(30)),
                _ipv6(17, 64, struct.pack("!HHHH", 547, 546, 0, 0) + b"\x07abc" + _option6(25, bytes(41))),
            ]
        )
    )
    damaged = bytearray(whole[: data.draw(st.integers(1, len(whole)))])
    for _ in range(data.draw(st.integers(0, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    _read(bytes(damaged))


def _read(frame: bytes) -> bool:
    return any(
        [
            frames4.dhcp_offer(frame, 7),
            frames4.arp_answer(frame),
            frames4.pado(frame, b"unique"),
            frames6.router_advertisement(frame),
            frames6.dhcp_answer(frame, b"abc"),
            frames6.neighbour_answer(frame, MAC),
        ]
    )


def _pado(tags: list[tuple[int, bytes]]) -> bytes:
    body = b"".join(struct.pack("!HH", kind, len(value)) + value for kind, value in tags)
    return frames4.ethernet(MAC, SERVER, 0x8863, struct.pack("!BBHH", 0x11, 0x07, 0, len(body)) + body)


def _ipv6(kind: int, hops: int, payload: bytes) -> bytes:
    head = struct.pack("!IHBB", 6 << 28, len(payload), kind, hops) + ROUTER.packed + bytes(16)
    return frames4.ethernet(MAC, SERVER, 0x86DD, head + payload)


def _option6(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value
