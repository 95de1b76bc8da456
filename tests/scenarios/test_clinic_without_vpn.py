"""An account without tunnels: the engines are on the internet, proven and pinned as ever, and nothing else is."""

from __future__ import annotations

import ssl

import pytest

from tests.lab import addresses, observe
from tests.lab.client import Dialer, NameNotKnownError, seconds_to_refusal
from tests.lab.enginehost import EngineHost
from tests.lab.pki import EngineCertificate
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.outside_engine import OUTSIDE
from tests.scenarios.steps import MODES, assert_refused, await_services, client_at, light, waiting_client

pytestmark = pytest.mark.namespaces

AT = dict(zip(MODES, OUTSIDE, strict=True))
ENGINES = " or ".join(f"host {address}" for address in AT.values())
RESOLVER, WEB, STRANGER = (
    str(place.ip) for place in (addresses.INTERNET_DNS, addresses.PUBLIC_WEB, addresses.INTERNET_ATTACKER)
)
ALLOWED = f"(tcp port {addresses.ENGINE_PORT} and ({ENGINES})) or (port 53 and host {RESOLVER}) or port 67 or arp"


def test_clinic_without_vpn(without_vpn: World, engine: EngineHost) -> None:
    clinic, reception = without_vpn, without_vpn.machines["reception"]
    whatever_else = Capture(clinic.machines["upper"], "wan0", f"not ({ALLOWED}) and host {addresses.UPPER_WAN.ip}")
    _works(clinic)
    assert light(clinic, "tunnel")["cause"] == "tunnel.not-used"
    assert clinic.router.machine.run("ip", "-o", "link", "show", "type", "wireguard").stdout == ""
    told = clinic.router.sekisho("account", "show").stdout
    assert "インターネット" in told
    _nothing_else_is_reached(clinic)

    passthrough, gate = (waiting_client(clinic, host, AT[host]) for host in MODES)
    with passthrough as by_kernel, gate as by_gate:
        engine.show(EngineCertificate.WRONG_PIN)
        engine.wait_until_serving()
        await_services(clinic, "engine.wrong-pin")
        for waiting in (by_kernel, by_gate):
            with pytest.raises(OSError):
                waiting.sendall(b"{}       ")
                waiting.recv(1)
    for host in MODES:
        seconds_to_refusal(reception, AT[host], addresses.ENGINE_PORT)
        with pytest.raises(NameNotKnownError):
            clinic.client("reception", host).login()

    engine.show(EngineCertificate.GOOD)
    engine.wait_until_serving()
    observe.await_green(clinic)
    _works(clinic)
    whatever_else.stop()
    assert whatever_else.lines() == []


@pytest.mark.long
def test_a_lapsed_proof_closes_the_way_out(without_vpn: World) -> None:
    """Though every process that could close it is dead, and the engine is not."""
    clinic = without_vpn
    passthrough, gate = (waiting_client(clinic, host, AT[host]) for host in MODES)
    with passthrough as by_kernel, gate as by_gate:
        clinic.kill_appliance()
        for waiting in (by_kernel, by_gate):
            await_end(waiting)
    for host in MODES:
        assert_refused(client_at(clinic, host, AT[host]))


def test_with_tunnels_nothing_goes_by_the_internet(clinic: World, engine: EngineHost) -> None:
    """Though an engine is there that could prove itself, under the same names."""
    beside_the_tunnels = Capture(clinic.machines["upper"], "wan0", f"({ENGINES}) or port 53 and not host {RESOLVER}")
    for host in MODES:
        assert AT[host] not in Dialer(clinic.machines["reception"]).resolve(host)
        clinic.client("reception", host).login()
        seconds_to_refusal(clinic.machines["reception"], AT[host], addresses.ENGINE_PORT)
    for number in addresses.CONCENTRATORS:
        clinic.cut_tunnel(number)
    await_services(clinic, "engine.waiting")
    for host in MODES:
        seconds_to_refusal(clinic.machines["reception"], AT[host], addresses.ENGINE_PORT)
    beside_the_tunnels.stop()
    assert beside_the_tunnels.lines() == []


def await_end(waiting: ssl.SSLSocket) -> None:
    """Whoever goes on asking is refused as soon as the kernel's time is up."""

    def ended() -> bool:
        try:
            waiting.sendall(b" ")
        except OSError:
            return True
        return False

    until(ended, "the way is closed", limit=90)


def _works(clinic: World) -> None:
    for host in MODES:
        assert Dialer(clinic.machines["reception"]).resolve(host) == [AT[host]]
        clinic.client("reception", host).login()


def _nothing_else_is_reached(clinic: World) -> None:
    for role in ("reception", "lan-attacker"):
        seconds_to_refusal(clinic.machines[role], WEB, 80)
        seconds_to_refusal(clinic.machines[role], AT[MODES[0]], 80)
        seconds_to_refusal(clinic.machines[role], STRANGER, addresses.ENGINE_PORT)
    for address in AT.values():
        seconds_to_refusal(clinic.machines["lan-attacker"], address, addresses.ENGINE_PORT)
