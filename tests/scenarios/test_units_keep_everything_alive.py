"""The router under systemd: every daemon behind the walls of its unit; whatever dies or hangs comes back by itself."""

from __future__ import annotations

import json
import re

import pytest

from appliance import paths
from tests.lab import addresses, observe, page
from tests.lab.units import RouterWithUnits
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import processes

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

CARRIERS = ("bird -f", "dnsmasq --keep", "chronyd -U", "appliance.gate", "webui", "dhcpcd: ")
ENGINES = ("bird", "chrony", "dhcpcd@wan", "dnsmasq", "gate", "web")


@pytest.fixture
def owns_clock() -> bool:
    return True


@pytest.fixture
def router(world: World) -> RouterWithUnits:
    world.router = router = RouterWithUnits(world.machines["router"])
    return router


def test_units_keep_everything_alive(world: World, router: RouterWithUnits) -> None:
    world.start_appliance()
    observe.await_green(world, 180)
    world.lease_terminals()
    assert "this kernel's fast path works" in router.words()
    # As root without a right over others' files, which the control plane has not.
    leased = router.machine.run(
        "setpriv", "--bounding-set=-all", "--inh-caps=-all", "cat", str(paths.DHCP_LEASES)
    ).stdout
    assert str(addresses.TERMINALS["reception"].address.ip) in leased

    for engine in ENGINES:
        status = router.status_of(f"sekisho-engine-{engine}.service")
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), engine
    # Every right that root has beyond these would be bits beyond them.
    assert int(router.status_of("sekisho-engine-gate.service")["CapBnd"], 16) == 0
    assert int(router.status_of("sekisho-engine-bird.service")["CapEff"], 16) == 1 << 12 | 1 << 13

    # What a vendor asks needs the most rights, each where it is used.
    assert int(router.status_of("sekisho.service")["CapBnd"], 16) == 1 << 5 | 1 << 12 | 1 << 13
    router.sekisho("capture", "start", "lan", "--seconds", "5")
    world.client("reception").login()
    until(lambda: _packets(router), "the capture has ended and says what it has found", 60)
    explained = router.sekisho("explain", "reception", addresses.RECEIPT_HOST, "443", "--json", check=False)
    told = json.loads(explained.stdout)
    assert (told["end"], told["kernel"]["agrees"]) == ("passes", True)
    router.sekisho("support-bundle", "--out", "/tmp/bundle.tar.gz", timeout=120)
    told = router.machine.run("tar", "-xzOf", "/tmp/bundle.tar.gz", "--wildcards", "*/versions.json").stdout
    assert all(re.search(r"\d", version) for version in json.loads(told).values()), told
    checked = router.sekisho("diagnose", "--json", check=False, timeout=300)
    assert "failed" not in checked.stdout, checked.stdout

    carriers = processes(world.machines["router"], *CARRIERS)
    with observe.Session(world) as session:
        starts = _restarts(router)
        router.kill()
        until(lambda: _restarts(router) > starts, "systemd starts it again", 60)
        router.await_answer()
        observe.await_green(world, 180)
        session.exchange()
        # It hangs, and so says nothing: systemd's watchdog bites.
        starts = _restarts(router)
        router.systemctl("kill", "--signal=STOP", "--kill-whom=main", "sekisho.service")
        until(lambda: _restarts(router) > starts, "the watchdog bites", 180, pause=0.5)
        router.await_answer()
        observe.await_green(world, 180)
        session.exchange()
    assert processes(world.machines["router"], *CARRIERS) == carriers
    assert json.loads(router.sekisho("plan", "--json").stdout) == {"changes": []}

    for engine in ENGINES:
        _kill(router, f"sekisho-engine-{engine}.service")
    observe.await_green(world, 180)
    world.client("reception").login()
    assert router.property_of("sekisho-lifeline.timer", "ActiveState") == "active"
    router.systemctl("start", "sekisho-lifeline.service")
    shown = page.get(world.machines["reception"], str(addresses.ROUTER_LAN.ip), browser=page.blind())
    assert (shown.status, "見本医院" in shown.text) == (200, True)

    router.sekisho("down", timeout=120)
    left = router.systemctl("list-units", "--plain", "--no-legend", "--state=active", "sekisho-engine-*.service")
    assert left == ""


def _kill(router: RouterWithUnits, unit: str) -> None:
    before = router.property_of(unit, "MainPID")
    router.systemctl("kill", "--signal=KILL", "--kill-whom=main", unit)
    until(lambda: router.property_of(unit, "MainPID") not in ("0", before), f"{unit} is started again", 60)


def _packets(router: RouterWithUnits) -> int:
    found = json.loads(router.sekisho("capture", "list", "--json").stdout)["captures"]
    return max((capture.get("packets") or 0 for capture in found), default=0)


def _restarts(router: RouterWithUnits) -> int:
    return int(router.property_of("sekisho.service", "NRestarts"))
