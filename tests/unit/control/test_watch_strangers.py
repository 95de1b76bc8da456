"""Who was refused on the LAN, and why: as the lights are told."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from appliance.control.ready import Terminal
from appliance.control.watch_strangers import who

RECEPTION = Terminal("reception", "受付", "02:00:00:00:02:10", IPv4Address("192.0.2.10"), None)
DOCTOR = Terminal("doctor", "診察室", "02:00:00:00:02:11", IPv4Address("192.0.2.11"), None)
NEW_CARD = "02:00:00:00:02:99"


@pytest.mark.parametrize(
    ("address", "mac", "found"),
    [
        pytest.param("192.0.2.10", RECEPTION.mac, None, id="it has been listed meanwhile"),
        pytest.param("192.0.2.10", NEW_CARD, ("another-card", "受付"), id="the terminal's card was replaced"),
        pytest.param("192.0.2.10", DOCTOR.mac, ("another-card", "受付"), id="a terminal took another's address"),
        pytest.param("192.0.2.40", DOCTOR.mac, ("another-address", "診察室"), id="a terminal with a wrong address"),
        pytest.param("192.0.2.40", NEW_CARD, ("not-listed", ""), id="nobody's"),
    ],
)
def test_a_refused_machine_is_told_by_what_it_could_be(address: str, mac: str, found: tuple[str, str] | None) -> None:
    assert who(address, mac, (RECEPTION, DOCTOR)) == found
