from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.all import DNS, DNSQR, DNSRR, IP, UDP, Ether  # type: ignore[attr-defined]

from appliance.diagnose.lan import mdns

MAC = bytes.fromhex("020000000101")
OWN, DESK = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.10")


def answered(name: bytes | str, question: str = "10.2.0.192.in-addr.arpa.", **changes: object) -> bytes:
    record = DNSRR(rrname=question, type="PTR", ttl=120, rdata=name)
    message = DNS(**({"qr": 1, "aa": 1, "qd": [], "an": [record]} | changes))
    return bytes(
        Ether(dst="01:00:5e:00:00:fb") / IP(dst="224.0.0.251", ttl=255) / UDP(sport=5353, dport=5353) / message
    )


def test_the_question_is_one_that_everybody_may_answer() -> None:
    frame = Ether(mdns.question(MAC, OWN, DESK))
    assert frame.dst == "01:00:5e:00:00:fb"
    assert (frame[IP].src, frame[IP].dst, frame[IP].ttl) == ("192.0.2.1", "224.0.0.251", 255)
    assert (frame[UDP].sport, frame[UDP].dport) == (5353, 5353)
    # Scapy reckons the checksum anew when it is taken out.
    again = frame.copy()
    del again[IP].chksum
    assert Ether(bytes(again))[IP].chksum == frame[IP].chksum
    asked = DNS(bytes(frame[UDP].payload)) if not frame.haslayer(DNS) else frame[DNS]
    assert asked[DNSQR].qname == b"10.2.0.192.in-addr.arpa."


def test_a_machine_says_its_name() -> None:
    assert mdns.answer(answered("reception-pc.local.")) == {DESK: "reception-pc"}


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        answered("reception-pc.local.")[:50],
        answered("reception-pc.local.", qr=0),
        answered("<b>bold</b>.local."),
        answered("-.local."),
        answered("desk.local.", question="desk.local."),
        answered("desk.local.", question="999.2.0.192.in-addr.arpa."),
        mdns.question(MAC, OWN, DESK),
    ],
)
def test_what_is_no_name_is_not_taken_for_one(frame: bytes) -> None:
    assert mdns.answer(frame) == {}


@given(st.binary(max_size=300))
def test_nothing_that_a_stranger_sends_breaks_it(payload: bytes) -> None:
    mdns.answer(payload)
    frame = bytes(Ether() / IP(dst="224.0.0.251") / UDP(sport=5353, dport=5353) / payload)
    assert all(len(name) <= 63 for name in mdns.answer(frame).values())
