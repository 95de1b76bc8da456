"""A router from its box: a notebook on its LAN finds it by name over HTTPS, nothing else opens; then it is set up."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Address

import pytest

from tests.lab import addresses, observe, page, terminal
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import await_trial, light

pytestmark = pytest.mark.namespaces

FRESH = str(addresses.FRESH_LAN.ip)
ROUTER = str(addresses.ROUTER_LAN.ip)


def test_router_is_fresh(world: World) -> None:
    router, notebook = world.router, world.machines["doctor"]
    router.tell_ports()
    router.run()
    terminal.start_client(notebook)
    until(lambda: _lease(notebook) is not None, "the notebook has a lease")
    assert addresses.FRESH_FIRST <= IPv4Address(_lease(notebook) or "") <= addresses.FRESH_LAST
    until(lambda: f"nameserver {FRESH}" in notebook.read("/etc/resolv.conf"), "the notebook has a DNS server")
    assert notebook.run("getent", "ahostsv4", "sekisho.lan").stdout.startswith(f"{FRESH} ")

    until(lambda: _page(notebook), "the page is there", limit=60)
    assert "接続アカウントが登録されていません" in _page(notebook)
    assert page.get(notebook, FRESH, host="sekisho.lan").headers["Location"] == "https://sekisho.lan/"
    assert light(world, "router")["cause"] == "router.no-account"
    assert router.sekisho("status", check=False).returncode == 1

    # Refused at once, and nothing of it on the line.
    for address in (str(addresses.PUBLIC_WEB.ip), str(addresses.UPPER_LAN.ip), "203.0.113.17"):
        with pytest.raises(ConnectionRefusedError):
            notebook.connect(address, 80)
    for port in (22, 8080, 8443, 9464):
        with pytest.raises(ConnectionRefusedError):
            notebook.connect(FRESH, port)
    assert router.machine.run("ip", "-4", "address", "show", "dev", "wan0").stdout == ""
    assert router.machine.read("/proc/sys/net/ipv4/ip_forward") == "0\n"
    observed = router.machine.run("nft", "list", "chain", "inet", "sekisho", "forward").stdout
    assert "accept" not in observed.replace("policy accept", "")

    # A trial goes back to that, when nobody confirms it.
    router.import_account(world.account)
    assert light(world, "router")["cause"] == "router.not-applied"
    router.try_out(180)
    await_trial(world, "waiting")
    assert str(addresses.FRESH_LAN) not in router.machine.run("ip", "-4", "address").stdout
    router.sekisho("site", "cancel", timeout=120)
    until(lambda: _page(notebook), "the page is there again", limit=60)

    token = router.try_out(180)
    await_trial(world, "waiting")
    router.confirm(token)
    observe.await_green(world)
    world.lease_terminals()
    told = json.loads(router.sekisho("page", "fingerprint", "--json").stdout)
    assert f"https://{ROUTER}/" in told["urls"]
    assert page.get(world.machines["reception"], ROUTER, host="sekisho.lan", browser=page.blind()).status == 200
    world.client("reception").login()


def _lease(machine: Machine) -> str | None:
    found = re.search(r"inet ([0-9.]+)/", machine.run("ip", "-4", "address", "show", "dev", terminal.INTERFACE).stdout)
    return found[1] if found else None


def _page(notebook: Machine) -> str:
    try:
        answer = page.get(notebook, FRESH, host="sekisho.lan", browser=page.blind())
    except OSError:
        return ""
    return answer.text if answer.status == 200 else ""
