"""The daemon is killed and started again: nobody in the clinic notices, and nothing is made anew."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab import addresses, observe
from tests.lab.client import Dialer
from tests.lab.world import World
from tests.scenarios.steps import Steadily, processes

pytestmark = pytest.mark.namespaces

CARRIERS = ("wireguard-go", "bird -f", "dnsmasq", "appliance.gate", "webui", "dhcpcd")


def test_daemon_restarts(clinic: World) -> None:
    dialer = Dialer(clinic.machines["doctor"])
    before, counted, handshakes = _standing(clinic), _counters(clinic), _handshakes(clinic)
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange, lambda: dialer.resolve(addresses.RECEIPT_HOST)),
    ):
        clinic.kill_appliance()
        clinic.client("doctor", addresses.RECEIPT_GATE_HOST).login()
        clinic.router.run()
        observe.await_green(clinic)

    assert _standing(clinic) == before
    assert all(age_of >= handshakes[tunnel] > 0 for tunnel, age_of in _handshakes(clinic).items())
    assert all(now >= counted[name] for name, now in _counters(clinic).items())
    assert json.loads(clinic.router.sekisho("plan", "--json").stdout) == {"changes": []}


def _standing(clinic: World) -> dict[str, Any]:
    """What would be another one if it had been made anew: processes, interfaces, addresses, the firewall's table."""
    router = clinic.machines["router"]
    links = json.loads(router.run("ip", "-json", "address").stdout)
    return {
        "processes": processes(router, *CARRIERS),
        "links": {link["ifname"]: link["ifindex"] for link in links},
        "addresses": {link["ifname"]: [entry["local"] for entry in link["addr_info"]] for link in links},
        "tables": router.run("nft", "--handle", "list", "tables").stdout,
    }


def _handshakes(clinic: World) -> dict[str, int]:
    """Unix time of the last handshake of each tunnel."""
    lines = clinic.machines["router"].run("wg", "show", "all", "latest-handshakes").stdout.splitlines()
    return {line.split()[0]: int(line.split()[2]) for line in lines}


def _counters(clinic: World) -> dict[str, int]:
    """Packets by counter of the firewall."""
    shown = clinic.machines["router"].run("nft", "--json", "list", "counters", "table", "inet", "sekisho").stdout
    counters = [entry["counter"] for entry in json.loads(shown)["nftables"] if "counter" in entry]
    return {counter["name"]: counter["packets"] for counter in counters}
