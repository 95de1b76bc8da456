"""A terminal is replaced, or stands there unlisted: refused at once, and the light tells the numbers to list it by."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab import addresses, observe, terminal
from tests.lab.client import seconds_to_refusal
from tests.lab.router import SITE
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, assert_refused, await_light, await_trial, client_at, engine_addresses, light

pytestmark = pytest.mark.namespaces

SITE_FILE = "/etc/sekisho/site.toml"
RECEPTION, DOCTOR = (addresses.TERMINALS[name] for name in ("reception", "doctor"))
NEW_CARD = "02:00:00:00:02:99"
ENGINE = engine_addresses(addresses.RECEIPT_HOST)[0]


@pytest.fixture
def clinic(world: World) -> World:
    """At work; the terminals' addresses are typed in."""
    world.start_appliance()
    observe.await_green(world)
    world.fix_terminals()
    return world


def test_a_new_computer_at_the_old_address(clinic: World) -> None:
    reception = clinic.machines["reception"]
    reception.ip(f"link set dev eth0 address {NEW_CARD}\n")
    terminal.fix(reception, RECEPTION)
    # It does not even get names, so what it asks of the router must tell it too.
    seconds_to_refusal(reception, str(addresses.ROUTER_LAN.ip), 53)
    told = await_light(clinic, "router", "router.strangers")
    assert told["state"] == "warning"
    assert NEW_CARD in told["summary"]["ja"]
    (part,) = told["parts"]
    assert (part["cause"], part["name"]) == ("router.another-card", f"{RECEPTION.address.ip} {NEW_CARD}")
    assert "受付" in part["summary"]["ja"]
    for host in MODES:
        for address in engine_addresses(host):
            assert_refused(client_at(clinic, host, address))
    said = clinic.router.sekisho("--lang", "ja", "status", check=False).stdout
    assert f"{RECEPTION.address.ip}（{NEW_CARD}）" in said
    assert "サポート会社に電話して" in said
    assert _parts(clinic)[part["name"]]["since"] == part["since"]

    # What the light tells is what the vendor writes, and then it is well at once.
    clinic.router.machine.write(SITE_FILE, SITE.replace(RECEPTION.mac, NEW_CARD), 0o600)
    clinic.router.apply()
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()


def test_a_machine_that_nobody_has_listed(clinic: World) -> None:
    guest = clinic.machines["lan-attacker"]
    for elsewhere in (str(addresses.PUBLIC_WEB.ip), str(addresses.ROUTER_LAN.ip)):
        seconds_to_refusal(guest, elsewhere, 22)
    seconds_to_refusal(guest, ENGINE, addresses.ENGINE_PORT)
    (part,) = await_light(clinic, "router", "router.strangers")["parts"]
    name = f"{addresses.LAN_ATTACKER.ip} {clinic.mac('lan-attacker', 'eth0')}"
    assert (part["cause"], part["name"]) == ("router.not-listed", name)

    # A restart of ours forgets nobody, and neither does a change of something else.
    clinic.kill_appliance()
    clinic.router.run()
    await_light(clinic, "router", "router.strangers")
    clinic.router.machine.write(SITE_FILE, SITE.replace("受付", "窓口"), 0o600)
    clinic.router.apply()
    assert name in _parts(clinic)


def test_a_terminal_at_a_wrong_address(clinic: World) -> None:
    doctor = clinic.machines["doctor"]
    doctor.ip(
        f"address del {DOCTOR.address} dev eth0\naddress add 192.0.2.20/26 dev eth0\n"
        f"route replace default via {addresses.ROUTER_LAN.ip}\n"
    )
    seconds_to_refusal(doctor, ENGINE, addresses.ENGINE_PORT)
    (part,) = await_light(clinic, "router", "router.strangers")["parts"]
    assert part["cause"] == "router.another-address"
    assert "診察室" in part["summary"]["ja"]


def test_whoever_knocks_is_no_reason_to_take_a_change_back(clinic: World) -> None:
    """A terminal is struck off while it works: it knocks on, and the router's own check passes all the same."""
    seconds = 60
    clinic.client("doctor").login()
    terminals, doctor, rest = SITE.partition('[[terminals]]\nname = "doctor"')
    assert doctor
    clinic.router.machine.write(SITE_FILE, terminals + rest[rest.index("[vendor]") :], 0o600)
    token = clinic.router.try_out(seconds)

    def is_told() -> bool:
        seconds_to_refusal(clinic.machines["doctor"], ENGINE, addresses.ENGINE_PORT)
        return bool(light(clinic, "router")["cause"] == "router.strangers")

    until(is_told, "he is refused, and the light tells", seconds)
    await_trial(clinic, "waiting", seconds)
    clinic.router.confirm(token)


def _parts(world: World) -> dict[str, dict[str, Any]]:
    return {part["name"]: part for part in light(world, "router")["parts"]}
