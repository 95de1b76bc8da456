"""Staff switch a terminal to the internet and back: never both at once, and the kernel ends it if nobody else does."""

from __future__ import annotations

import socket

import dns.message
import dns.query
import pytest

from tests.lab import addresses, observe
from tests.lab.client import LIMIT, Dialer, seconds_to_refusal
from tests.lab.machine import Machine
from tests.lab.router import SITE
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import MODES, assert_refused, await_reset, client_at, engine_addresses

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

RECEPTION = f'address = "{addresses.TERMINALS["reception"].address.ip}"\n'
WEB = str(addresses.PUBLIC_WEB.ip)
TO_ENGINES = " or ".join(f"host {address}" for host in MODES for address in engine_addresses(host))


def test_terminal_goes_to_the_internet(world: World) -> None:
    world.router.configure(
        world.desk.public_keys.read_text(), SITE.replace(RECEPTION, f"{RECEPTION}internet_minutes = 1\n")
    )
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    seconds_to_refusal(world.machines["reception"], WEB, 80)
    assert world.router.sekisho("terminal", "internet", "doctor", check=False).returncode == 1
    assert world.router.sekisho("terminal", "internet", "reception", "--minutes", "2", check=False).returncode == 1

    beside_the_tunnels = Capture(world.machines["upper"], "lan0", TO_ENGINES)
    with observe.Session(world) as session:
        world.router.sekisho("terminal", "internet", "reception")
        with pytest.raises((ConnectionResetError, TimeoutError)):
            session.exchange()
    _is_on_the_internet(world)
    seconds_to_refusal(world.machines["doctor"], WEB, 80)
    world.client("doctor").login()

    with world.machines["reception"].connect(WEB, 80) as waiting:
        world.router.sekisho("terminal", "receipt", "reception")
        await_reset(waiting)
    _is_at_the_receipt_engine(world)

    world.router.sekisho("terminal", "internet", "reception")
    _is_on_the_internet(world)
    world.kill_appliance()
    until(lambda: not _reaches_the_web(world), "the kernel's time is up", limit=90)
    beside_the_tunnels.stop()
    assert beside_the_tunnels.lines() == []
    world.router.run()
    until(lambda: _state(world) == "receipt", "the router knows it")
    observe.await_green(world)
    _is_at_the_receipt_engine(world)


def _is_on_the_internet(world: World) -> None:
    reception = world.machines["reception"]
    assert Dialer(reception).resolve(addresses.PUBLIC_WEB_NAME) == [WEB]
    # It is there, and the terminal has no way to it.
    assert _ipv6_told(world.machines["vendor"], str(addresses.INTERNET_DNS.ip)) == [str(addresses.PUBLIC_WEB6)]
    assert _ipv6_told(reception, str(addresses.ROUTER_LAN.ip)) == []
    assert _reaches_the_web(world)
    for host in MODES:
        for address in engine_addresses(host):
            assert_refused(client_at(world, host, address))
    until(lambda: _state(world) == "internet", "the status tells it")


def _is_at_the_receipt_engine(world: World) -> None:
    seconds_to_refusal(world.machines["reception"], WEB, 80)
    for host in MODES:
        world.client("reception", host).login()


def _reaches_the_web(world: World) -> bool:
    """False too when the time is up between two packets of one connection."""
    try:
        with world.machines["reception"].connect(WEB, 80) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return b"public" in connection.recv(1000) + connection.recv(1000)
    except TimeoutError:
        raise
    except OSError:
        return False


def _ipv6_told(machine: Machine, server: str) -> list[str]:
    """The public web server's addresses by IPv6, as `server` tells them."""
    with machine.socket(kind=socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        query = dns.message.make_query(addresses.PUBLIC_WEB_NAME, "AAAA")
        answer = dns.query.udp(query, server, LIMIT, sock=udp)
    return [record.to_text() for rrset in answer.answer for record in rrset]


def _state(world: World) -> str | None:
    """None while a daemon that has just begun does not know its terminals yet."""
    found = (str(item["state"]) for item in observe.status(world)["terminals"] if item["name"] == "reception")
    return next(found, None)
