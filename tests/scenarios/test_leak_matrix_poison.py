"""Leak matrix: the line's resolver lies about the concentrators and the engines."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from tests.lab import addresses, observe, outside
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.leaks.matrix import CONCENTRATORS, Matrix, State
from tests.scenarios.steps import MODES, processes

pytestmark = pytest.mark.namespaces

ATTACKER = addresses.INTERNET_ATTACKER.ip
TRUTH = {place.host: [place.outside.ip] for place in addresses.CONCENTRATORS.values()}
LIES = {
    addresses.CONCENTRATORS[1].host: [ATTACKER],
    # An engine: if the router followed, its packets would leave for the data center beside the tunnel.
    addresses.CONCENTRATORS[2].host: [addresses.ENGINES["e1"].receipt.ip],
    **{host: [ATTACKER] for host in MODES},
}


def test_nothing_leaks_when_names_are_poisoned(clinic: World) -> None:
    matrix, router = Matrix(clinic), clinic.machines["router"]
    clinic.kill_appliance()
    # While a concentrator is heard, WireGuard goes back to it whatever it was told.
    clinic.cut_tunnel(1)
    _say(clinic, LIES)
    clinic.router.run()
    until(lambda: f"{ATTACKER}:" in router.run("wg", "show", "sk-dc1", "endpoints").stdout, "it believes him", 60)
    matrix.fill(State("names poisoned", carries=True, concentrators=CONCENTRATORS | {str(ATTACKER)}))

    clinic.kill_appliance()
    clinic.mend_tunnel(1)
    _say(clinic, TRUTH)
    clinic.router.run()
    observe.await_green(clinic, but={"router.strangers"})


def _say(clinic: World, names: dict[str, list[IPv4Address]]) -> None:
    """From now on, to whoever asks; the upper router forgets what it has heard."""
    internet, upper = clinic.machines["internet"], clinic.machines["upper"]
    internet.run("kill", *map(str, processes(internet, "dnsmasq")))
    until(lambda: ":53 " not in internet.run("ss", "-lun").stdout, "the former server is gone")
    outside.start_dns(internet, addresses.INTERNET_DNS.ip, names)
    upper.run("sh", "-c", "kill -HUP $(cat /run/gateway.pid)")
