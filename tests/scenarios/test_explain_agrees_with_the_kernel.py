"""May this terminal reach that place? The rules answer, the kernel agrees, and the test packet goes nowhere."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from typing import Any

import pytest

from appliance.intent import names
from tests.lab import addresses, observe
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import engine_addresses, firewall_counter

pytestmark = pytest.mark.namespaces

ASKED_FROM = "src port 777 or dst port 777 or icmp[icmptype] == icmp-unreach"
"""The test packet's own port, and errors about it."""


def explain(world: World, terminal: str, host: str, port: int, *options: str) -> dict[str, Any]:
    done = world.router.sekisho("explain", terminal, host, str(port), "--json", *options, check=False)
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if told["end"] == "passes" else 1), told
    return told


def state(world: World) -> str:
    """What of the rules and of the sets could be changed: all but counters and times."""
    router = world.machines["router"]
    listed = json.loads(router.run("nft", "--json", "--stateless", "list", "ruleset").stdout)["nftables"]
    fixed = [entry for entry in listed if "metainfo" not in entry]
    for entry in fixed:
        for figure in ("packets", "bytes"):
            entry.get("counter", {}).pop(figure, None)
        for kind in ("set", "map"):
            if kind in entry:
                entry[kind]["elem"] = sorted(str(_key(item)) for item in entry[kind].get("elem", []))
    links = sorted(link["ifname"] for link in json.loads(router.run("ip", "-json", "link").stdout))
    return json.dumps([fixed, links], sort_keys=True)


def _key(item: Any) -> Any:
    if isinstance(item, list):
        return [_key(part) for part in item]
    return item["elem"]["val"] if isinstance(item, dict) and "elem" in item else item


def test_explain_agrees_with_the_kernel(clinic: World) -> None:
    unlisted = str(addresses.LAN_ATTACKER.ip)
    passthrough, gate = (engine_addresses(host)[0] for host in (addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST))
    router = str(addresses.ROUTER_LAN.ip)
    expected = [
        ("reception", addresses.RECEIPT_HOST, 443, "passes", "Closed unless proven"),
        ("doctor", addresses.RECEIPT_GATE_HOST, 443, "passes", "Proven by the gate"),
        ("reception", passthrough, 8443, "refused", "Refuse at once"),
        ("reception", str(addresses.PUBLIC_WEB.ip), 443, "refused", "Refuse at once"),
        ("reception", "203.0.113.99", 443, "refused", "Fast path guarded"),
        ("reception", "203.0.113.99", 8443, "refused", "Refuse at once"),
        (unlisted, passthrough, 443, "refused", "Refuse at once"),
        (unlisted, gate, 443, "refused", "Refuse at once"),
        (unlisted, router, 80, "passes", "No side door"),
        (unlisted, router, 443, "passes", "No side door"),
        (unlisted, router, names.PAGE_PORT, "refused", "Refuse at once"),
        ("reception", router, 22, "refused", "Refuse at once"),
    ]
    heard = [Capture(clinic.machines["router"], "wan0", ASKED_FROM)]
    heard += [Capture(clinic.machines[f"conc{number}"], "wg0", ASKED_FROM) for number in addresses.CONCENTRATORS]
    heard += [Capture(clinic.machines[role], "eth0", ASKED_FROM) for role in ("reception", "doctor", "lan-attacker")]
    before = state(clinic)
    for terminal, host, port, end, promise in expected:
        told = explain(clinic, terminal, host, port)
        assert told["end"] == end, told
        assert told["rule"]["why"].startswith(promise), told
        assert told["kernel"]["agrees"], told
    assert state(clinic) == before
    for capture in heard:
        capture.stop()
        assert capture.lines() == [], capture.machine.name
    observe.await_green(clinic)


def test_by_udp_as_well(clinic: World) -> None:
    router = str(addresses.ROUTER_LAN.ip)
    heard = Capture(clinic.machines["reception"], "eth0", ASKED_FROM)
    for port, end in ((53, "passes"), (123, "passes"), (161, "refused")):
        told = explain(clinic, "reception", router, port, "--udp")
        assert told["end"] == end
        assert told["kernel"]["agrees"], told
    heard.stop()
    assert heard.lines() == []


def test_a_terminal_on_the_internet(world: World) -> None:
    site = world.router.machine.read("/etc/sekisho/site.toml")
    place = f'address = "{addresses.TERMINALS["reception"].address.ip}"\n'
    switchable = site.replace(place, f"{place}internet_minutes = 30\n")
    world.router.machine.write("/etc/sekisho/site.toml", switchable, 0o600)
    world.start_appliance()
    observe.await_green(world)
    world.router.sekisho("terminal", "internet", "reception")
    engine = engine_addresses(addresses.RECEIPT_HOST)[0]
    for host, port, end in ((str(addresses.PUBLIC_WEB.ip), 80, "passes"), (engine, 443, "refused")):
        told = explain(world, "reception", host, port)
        assert told["end"] == end, told
        assert told["rule"]["why"].startswith("Never both"), told
        assert told["kernel"]["agrees"], told


def test_names_are_told_as_terminals_are_told_them(clinic: World) -> None:
    assert IPv4Address(explain(clinic, "reception", addresses.RECEIPT_HOST, 443)["address"]) in {
        engine.receipt.ip for engine in addresses.ENGINES.values()
    }
    told = explain(clinic, "reception", "www.public.example", 443)
    assert told["end"] == "no-address"


def test_what_is_missing_is_said(clinic: World) -> None:
    told = explain(clinic, str(addresses.LAN_ATTACKER.ip), engine_addresses(addresses.RECEIPT_HOST)[0], 443)
    assert len(told["missing"]) == 2
    assert "listed terminal" in told["missing"][1]["en"]
    assert firewall_counter(clinic, names.REFUSED_LAN) >= 1


def test_a_foreign_rule_is_noticed(clinic: World) -> None:
    """Somebody has put a table of his own before ours: the rules in force are not all that decides."""
    clinic.machines["router"].run(
        "nft",
        "-f",
        "-",
        input="table inet foreign {\nchain f {\ntype filter hook forward priority -10;\ntcp dport 443 drop\n}\n}\n",
    )
    done = clinic.router.sekisho("explain", "reception", addresses.RECEIPT_HOST, "443", "--json", check=False)
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert told["end"] == "passes"
    assert told["kernel"]["agrees"] is False
    assert told["kernel"]["end"] == "dropped"
    assert any("inet foreign" in hop for hop in told["kernel"]["path"])
