"""One line is IPv6, the other a mobile modem by IPv4: a tunnel that has to move gets an address of the other family."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab import addresses, observe
from tests.lab.addresses import ConcentratorPlace
from tests.lab.lines import AccessLine
from tests.lab.lines.ipoe import Ipoe
from tests.lab.lines.upper import usb_modem
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import Steadily, await_light

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

FIRST, SECOND = addresses.CONCENTRATORS.values()


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (Ipoe(), usb_modem())


def endpoint(clinic: World, place: ConcentratorPlace) -> str:
    """Where the router thinks that this concentrator is."""
    return clinic.machines["router"].run("wg", "show", f"sk-{place.name}", "endpoints").stdout.split()[-1]


def by_ipv6(place: ConcentratorPlace) -> str:
    return f"[{place.outside6.ip}]:{addresses.WIREGUARD_PORT}"


def by_ipv4(place: ConcentratorPlace) -> str:
    return f"{place.outside.ip}:{addresses.WIREGUARD_PORT}"


@pytest.mark.parametrize("cut", ["unplugged", "silent"])
def test_two_lines_of_two_families(clinic: World, cut: str) -> None:
    until(lambda: endpoint(clinic, FIRST) == by_ipv6(FIRST), "the first tunnel goes by the line by IPv6")
    until(lambda: endpoint(clinic, SECOND) == by_ipv4(SECOND), "the second one by the modem")
    cable, beyond = clinic.links["router", "wan0"], clinic.links["provider", "internet"]
    stray = Capture(clinic.machines["modem"], "lan0", "ip6 and udp port 51820")
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        cable.unplug() if cut == "unplugged" else beyond.cut()
        until(
            lambda: endpoint(clinic, FIRST) == by_ipv4(FIRST), "the first tunnel has an address that the modem carries"
        )
        if cut == "unplugged":
            await_light(clinic, "line", "line.on-spare")
        until(lambda: observe.cause(clinic, "tunnel", FIRST.name) == "tunnel.ok", "it carries again")
        clinic.client("doctor").login()
        cable.replug() if cut == "unplugged" else beyond.mend()
        until(lambda: endpoint(clinic, FIRST) == by_ipv6(FIRST), "the first tunnel is back on its line", 150)
        await_light(clinic, "tunnel", "tunnel.ok", limit=150)
    observe.await_green(clinic)
    stray.stop()
    assert stray.lines() == []
