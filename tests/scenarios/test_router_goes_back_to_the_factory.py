"""A router is manufactured, set up, at work; then it goes back to what the factory sent out: its label counts again.

What stays is the page's key, which the label vouches for, and the record of who did what.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.lab import addresses, observe, page, terminal
from tests.lab.waiting import until
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

STICK = "/run/sekisho/sticks/sda1"
FRESH = str(addresses.FRESH_LAN.ip)


def test_router_goes_back_to_the_factory(world: World) -> None:
    router, notebook = world.router, world.machines["doctor"]
    router.tell_ports()
    router.run()
    router.machine.write(f"{STICK}/sekisho-factory.toml", 'serials = ["SK-000101"]\n')
    until(lambda: router.sekisho("page", "fingerprint", check=False).returncode == 0, "the page is there", limit=120)
    router.sekisho("factory", "make", timeout=120)
    assert router.machine.run("head", "-c", "5", f"{STICK}/label-SK-000101.pdf").stdout == "%PDF-"
    record = json.loads(router.sekisho("factory", "show", "--json").stdout)
    assert (record["serial"], record["is_made"]) == ("SK-000101", True)
    assert router.sekisho("factory", "make", check=False).returncode == 1

    router.import_account(world.account)
    router.apply()
    observe.await_green(world)
    assert router.machine.run("wg", "show", "interfaces").stdout.split()

    # Whoever does not mean it has changed nothing.
    assert router.sekisho("factory", "reset", input="yes\n", check=False).returncode == 1
    router.sekisho("factory", "reset", input="reset\n")
    router.await_end()
    router.run()
    # Until then the DHCP server of before gives out addresses of before, for twelve hours.
    until(lambda: _lan(world) == [str(addresses.FRESH_LAN)], "the fresh router's own address", limit=90)
    terminal.start_client(notebook)
    until(lambda: _answers(world), "the page of a fresh router", limit=90)
    assert router.machine.run("wg", "show", "interfaces").stdout.split() == []
    assert router.machine.run("ip", "-4", "address", "show", "dev", "wan0").stdout == ""
    assert router.machine.read("/proc/sys/net/ipv4/ip_forward") == "0\n"
    with pytest.raises(ConnectionRefusedError):
        notebook.connect("203.0.113.17", addresses.ENGINE_PORT)
    assert router.sekisho("account", "show", check=False).returncode == 1
    shown = json.loads(router.sekisho("page", "fingerprint", "--json").stdout)
    assert shown["key_sha256"] == record["key_sha256"]
    (vendor,) = json.loads(router.sekisho("access", "list", "--json").stdout)["accounts"]
    assert (vendor["name"], vendor["first"], vendor["until"]) == ("vendor", True, "")
    said = router.sekisho("audit", "list").stdout
    assert all(action in said for action in ("factory.made", "apply", "factory.reset", "factory.reset-done"))
    router.sekisho("audit", "verify")

    # And it takes an account again: this one's number is no longer older than another.
    router.import_account(world.account)


def _lan(world: World) -> list[str]:
    shown = world.router.machine.run("ip", "-4", "address", "show", "dev", "lan0").stdout
    return re.findall(r"inet (\S+)", shown)


def _answers(world: World) -> bool:
    try:
        return page.get(world.machines["doctor"], FRESH, host="sekisho.lan", browser=page.blind()).status == 200
    except OSError:
        return False
