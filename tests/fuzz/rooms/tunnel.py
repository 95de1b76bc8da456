"""What resolvers answer, in the tunnels and on the line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import dns.exception
import dns.message

from appliance.tunnel.names import NoAnswerError, addresses_in
from tests.fuzz.target import target


@target(longest=1232)
def answer(packet: bytes) -> None:
    with suppress(NoAnswerError, dns.exception.DNSException, ValueError):
        _are_hosts(addresses_in(dns.message.from_wire(packet), IPv4Address))
    with suppress(NoAnswerError, dns.exception.DNSException, ValueError):
        _are_hosts(addresses_in(dns.message.from_wire(packet), IPv6Address))


def _are_hosts(found: Sequence[IPv4Address | IPv6Address]) -> None:
    assert found
    assert not any(one.is_loopback or one.is_unspecified or one.is_multicast for one in found)
