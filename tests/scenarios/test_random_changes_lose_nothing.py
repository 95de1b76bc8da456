"""The vendor changes one thing after the other, at random: whoever works goes on working, and no ping is lost.

``SEKISHO_CHANGES=1000`` makes as many changes, ``SEKISHO_SEED`` others.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tomllib

import pytest
from pydantic import ValidationError

from appliance.site.model import Site
from tests.lab import addresses, observe
from tests.lab.changes import Changes, Values, document
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.segments import IMAGING_ROUTER
from tests.scenarios.steps import Steadily, firewall_counter

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

COUNT = int(os.environ.get("SEKISHO_CHANGES", "12"))
SEED = int(os.environ.get("SEKISHO_SEED", "1"))
IMAGING = {"name": "imaging", "interface": "lan1", "address": f"{IMAGING_ROUTER}/28"}
COUNTERS = ("passed_engine", "passed_gate", "refused_lan")


def test_random_changes_lose_nothing(world: World) -> None:
    for port in ("lan1", "lan2", "lan3", "wan1"):
        world.lay("router", port, f"to-{port}")
        world.plug("router", port)
    site = {**tomllib.loads(SITE), "segments": [IMAGING]}
    world.router.configure(world.desk.public_keys.read_text(), document(site))
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    changes = Changes(SEED, site, None, _is_valid, vlans=False)
    counted = dict.fromkeys(COUNTERS, 0)
    with (
        observe.Session(world) as passthrough,
        observe.Session(world, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        ping = world.machines["core"].start(
            ["ping", "-q", "-n", "-i", "0.01", "-I", str(addresses.MONITORING.ip), str(addresses.CLINIC_INNER)],
            stdout=subprocess.PIPE,
        )
        for _ in range(COUNT):
            changes.step()
            world.router.machine.write("/etc/sekisho/site.toml", document(changes.site), 0o600)
            world.router.apply()
            before, counted = counted, {name: firewall_counter(world, name) for name in COUNTERS}
            assert all(counted[name] >= before[name] for name in COUNTERS)
        ping.send_signal(signal.SIGINT)
        said, _ = ping.communicate(timeout=20)
    found = re.search(r"(\d+) packets transmitted, (\d+) received", said)
    assert found is not None
    # One may be on its way when ping ends.
    assert int(found[1]) - int(found[2]) <= 1, said
    observe.await_green(world)


def _is_valid(site: Values, _: object) -> bool:
    try:
        Site.model_validate(site)
    except ValidationError:
        return False
    return True
