"""Every process of ours is dead: what was proven a moment ago goes on, and then the kernel itself closes the way."""

from __future__ import annotations

import pytest

from appliance.gate.permissions import PERMISSION_SECONDS
from tests.lab import addresses, observe
from tests.lab.client import seconds_to_refusal
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import MODES, client_at, engine_addresses, processes

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

BESIDE_THE_TUNNELS = f"not (udp port {addresses.WIREGUARD_PORT}) and not arp"


def test_lapsed_proof_closes_the_way(clinic: World) -> None:
    both = engine_addresses(addresses.RECEIPT_HOST)
    with observe.Session(clinic) as session:
        _kill_everything(clinic)
        line = Capture(clinic.machines["upper"], "lan0", BESIDE_THE_TUNNELS)
        session.exchange()
        client_at(clinic, addresses.RECEIPT_HOST, both[0]).login()

        def closed() -> bool:
            return all(_is_closed(clinic, engine) for engine in both)

        until(closed, "the kernel closes the way", 2 * PERMISSION_SECONDS, pause=1)
        with pytest.raises(ConnectionResetError):
            session.exchange()
    for host in MODES:
        for address in engine_addresses(host):
            seconds_to_refusal(clinic.machines["reception"], address, addresses.ENGINE_PORT)
    line.stop()
    assert line.lines() == []


def _kill_everything(clinic: World) -> None:
    """All but wireguard-go, which does here what the kernel does on a router, and the machine's first process."""
    router = clinic.machines["router"]
    clinic.kill_appliance()
    doomed = [pid for pid, args in processes(router).items() if pid != 1 and "wireguard-go" not in args]
    router.run("kill", "-KILL", *map(str, doomed), check=False)
    until(lambda: not processes(router, "bird", "dnsmasq", "appliance.gate", "webui", "dhcpcd"), "everybody is dead")


def _is_closed(clinic: World, engine: str) -> bool:
    try:
        clinic.machines["reception"].connect(engine, addresses.ENGINE_PORT).close()
    except TimeoutError:
        raise
    except OSError:
        return True
    return False
