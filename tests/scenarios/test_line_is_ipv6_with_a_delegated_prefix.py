"""The line advertises no prefix for addresses and delegates one (RFC 8415): the router's address is out of that."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address

import pytest

from tests.lab import addresses
from tests.lab.lines import AccessLine
from tests.lab.lines.ipoe_delegated import IpoeDelegated
from tests.lab.world import World
from tests.scenarios.steps import MODES, own_addresses6

pytestmark = pytest.mark.namespaces


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (IpoeDelegated(),)


def test_line_is_ipv6_with_a_delegated_prefix(clinic: World) -> None:
    for host in MODES:
        clinic.client("reception", host).login()
    (address,) = own_addresses6(clinic)
    assert IPv6Address(address) in addresses.IPOE_POOLS[0]
    assert f"src {address}" in clinic.machines["router"].run("ip", "-6", "route", "show", "default").stdout
