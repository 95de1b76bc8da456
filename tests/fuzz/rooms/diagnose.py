"""What a vendor has looked at: packets of anybody, of which payload must not be kept, and what the time daemon says."""

from __future__ import annotations

from appliance.diagnose.capture import headers
from appliance.engines.chrony_control import parse_sources, parse_tracking
from tests.fuzz.target import target


@target(longest=1600)
def captured(packet: bytes) -> None:
    assert 0 <= headers.of_frame(packet) <= len(packet)
    assert 0 <= headers.of_packet(packet) <= len(packet)


@target(words=("Not synchronised", "^,*,203.0.113.7,2,6,377,23,"))
def time(said: bytes) -> None:
    text = said.decode(errors="replace")
    parse_tracking(text)
    assert all(0 <= source.reach <= 0xFF for source in parse_sources(text))
