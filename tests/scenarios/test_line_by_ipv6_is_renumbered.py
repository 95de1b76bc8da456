"""The provider gives the line by IPv6 another prefix in the middle of the day, without a farewell: tunnels follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine
from tests.lab.lines.ipoe import Ipoe
from tests.lab.lines.ipoe_delegated import IpoeDelegated
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES

pytestmark = pytest.mark.namespaces

ADVERTISED, DELEGATED = Ipoe(), IpoeDelegated()


@pytest.fixture(params=[ADVERTISED, DELEGATED], ids=["advertised", "delegated"])
def line(request: pytest.FixtureRequest) -> Ipoe:
    line: Ipoe = request.param
    return line


@pytest.fixture
def lines(line: Ipoe) -> Sequence[AccessLine]:
    return (line,)


def test_line_by_ipv6_is_renumbered(clinic: World, line: Ipoe) -> None:
    provider, new = clinic.machines["provider"], addresses.IPOE_PREFIXES[1]
    if isinstance(line, IpoeDelegated):
        new = addresses.IPOE_POOLS[1]
        replace(line, pool=new).serve(provider)
    else:
        replace(line, prefix=new).serve(provider)
    until(lambda: hears_from(clinic) == [new, new], "both tunnels speak from the new prefix", 150)
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()


def hears_from(clinic: World) -> list[IPv6Network]:
    """From which of the provider's networks each concentrator hears the clinic."""
    known = (*addresses.IPOE_PREFIXES, *addresses.IPOE_POOLS)
    heard = []
    for number in addresses.CONCENTRATORS:
        shown = clinic.machines[f"conc{number}"].run("wg", "show", "wg0", "endpoints").stdout.split()[-1]
        host = shown.rpartition(":")[0].strip("[]")
        heard += [network for network in known if ":" in host and IPv6Address(host) in network]
    return heard
