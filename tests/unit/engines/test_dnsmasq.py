"""What we tell dnsmasq, and what a terminal then really gets from it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import paths
from appliance.engines import dhcpcd, dnsmasq, process
from appliance.engines.leases import Lease, parse_lease
from appliance.engines.supervise import Supervisor
from appliance.intent.compile import compile as compile_intent
from appliance.intent.model import RouterIntent
from tests.builders import PASSTHROUGH_HOST, TERMINATE_HOST, lab_account, lab_site
from tests.golden import golden

GOLDEN = Path(__file__).with_name("golden")
PROVEN = {PASSTHROUGH_HOST: [IPv4Address("203.0.113.33"), IPv4Address("203.0.113.17")]}
ASK = """
import sys
import dns.message, dns.query, dns.rcode
query = dns.message.make_query(sys.argv[1], sys.argv[2])
try:
    answer = getattr(dns.query, sys.argv[3])(query, "192.0.2.1", timeout=5)
except OSError as error:
    print(type(error).__name__)
    sys.exit()
print(dns.rcode.to_text(answer.rcode()))
for records in answer.answer:
    for record in records:
        print(records.ttl, record)
"""


@pytest.fixture
def intent() -> RouterIntent:
    return compile_intent(lab_account(), lab_site())


def test_the_configuration(intent: RouterIntent) -> None:
    rendered = dnsmasq.render(intent)
    assert rendered == golden(GOLDEN / "dnsmasq.conf", rendered)


def test_no_dhcp_where_the_clinic_has_its_own() -> None:
    site = lab_site(lan={"interface": "lan0", "address": "192.0.2.1/26"}, terminals=[])
    rendered = dnsmasq.render(compile_intent(lab_account(), site))
    assert rendered == golden(GOLDEN / "dnsmasq-without-dhcp.conf", rendered)


def test_the_terminals_addresses_stand_in_a_file_that_is_read_again(intent: RouterIntent) -> None:
    fixed = dnsmasq.dnsmasq_spec(intent, {}).files[2]
    assert fixed.read_again
    assert fixed.content.splitlines() == [
        "02:00:00:00:02:10,192.0.2.10,reception,720m",
        "02:00:00:00:02:11,192.0.2.11,office,720m",
    ]


def test_only_our_services_names_are_told(intent: RouterIntent) -> None:
    spec = dnsmasq.dnsmasq_spec(intent, {**PROVEN, "bank.example": [IPv4Address("198.51.100.66")]})
    assert spec.files[1].content == f"203.0.113.17 {PASSTHROUGH_HOST}\n203.0.113.33 {PASSTHROUGH_HOST}\n"


@given(st.dictionaries(st.sampled_from(["a.example", "b.example", "c.example"]), st.lists(st.ip_addresses(v=4))))
def test_the_hosts_file_depends_on_content_only(answers: dict[str, list[IPv4Address]]) -> None:
    shuffled = {name: answers[name][::-1] * 2 for name in reversed(answers)}
    assert dnsmasq.render_hosts(answers) == dnsmasq.render_hosts(shuffled)
    told = [tuple(line.split(" ")) for line in dnsmasq.render_hosts(answers).splitlines()]
    assert sorted(told) == sorted({(str(a), name) for name, addresses in answers.items() for a in addresses})


def until(condition: Callable[[], bool], limit: float = 40.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.05)


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=20).stdout


def attach(port: str, namespace: str, mac: str) -> None:
    """A machine on the LAN bridge: its port there is called `port`, and so is its own interface."""
    run("ip", "netns", "add", namespace)
    run("ip", "link", "add", f"p-{port}", "type", "veth", "peer", "name", port, "netns", namespace)
    run("ip", "-n", namespace, "link", "set", port, "address", mac, "up")
    run("ip", "link", "set", f"p-{port}", "master", "lan0", "up")


def ask(name: str, kind: str = "A", over: str = "udp") -> list[str]:
    return run("ip", "netns", "exec", "reception", sys.executable, "-c", ASK, name, kind, over).splitlines()


@pytest.mark.isolated
def test_names_are_answered_from_proofs_only(intent: RouterIntent) -> None:
    run("ip", "link", "add", "lan0", "type", "bridge")
    supervisor = Supervisor(paths.RUN)
    supervisor.apply([dnsmasq.dnsmasq_spec(intent, PROVEN)])
    # The port's address comes after the daemon.
    attach("eth10", "reception", "02:00:00:00:02:10")
    run("ip", "addr", "add", "192.0.2.1/26", "dev", "lan0")
    run("ip", "link", "set", "lan0", "up")
    run("ip", "-n", "reception", "addr", "add", "192.0.2.10/26", "dev", "eth10")
    until(lambda: ask(PASSTHROUGH_HOST)[0] == "NOERROR")

    for over in ("udp", "tcp"):
        assert sorted(ask(PASSTHROUGH_HOST, over=over)) == ["5 203.0.113.17", "5 203.0.113.33", "NOERROR"]
    assert ask(PASSTHROUGH_HOST, "AAAA") == ["NOERROR"]
    assert ask(TERMINATE_HOST) == ["NXDOMAIN"]
    assert ask(f"www.{PASSTHROUGH_HOST}") == ["NXDOMAIN"]
    assert ask("sekisho.lan") == ["NOERROR", "5 192.0.2.1"]
    assert ask("nobody.lan") == ["NXDOMAIN"]
    assert ask("www.vendor.example") == ["REFUSED"]
    assert ask("www.vendor.example", "AAAA") == ["REFUSED"]

    # A proof more, then none: the same process follows.
    record = process.read_record(paths.ENGINES / "dnsmasq.run")
    both = {**PROVEN, TERMINATE_HOST: [IPv4Address("203.0.113.18")]}
    assert len(supervisor.apply([dnsmasq.dnsmasq_spec(intent, both)])) == 1
    until(lambda: ask(TERMINATE_HOST) == ["NOERROR", "5 203.0.113.18"])
    supervisor.apply([dnsmasq.dnsmasq_spec(intent, {})])
    until(lambda: ask(TERMINATE_HOST) == ["NXDOMAIN"] == ask(PASSTHROUGH_HOST))
    again = process.read_record(paths.ENGINES / "dnsmasq.run")
    assert record is not None and again is not None and record.process == again.process

    # Nobody else listens, and root is given up.
    listening = run("ss", "-Hlntu").split("\n")
    assert {line.split()[4] for line in listening if ":53 " in line} == {"192.0.2.1:53"}
    assert Path(f"/proc/{record.process.pid}").stat().st_uid != 0


def lease_of(port: str, namespace: str) -> Lease:
    """Ask for a lease as a machine on the LAN, by a real DHCP client."""
    written = Path(f"/run/{port}.json")
    config = Path(f"/run/{port}.conf")
    config.write_text(
        f"allowinterfaces {port}\nipv4only\nnoipv4ll\nnodev\nnodelay\nnoarp\nhostname sekisho\n"
        f"option routers, domain_name_servers\nscript {dhcpcd.HOOK}\nenv sekisho_lease={written}\n"
    )
    client = subprocess.Popen(
        ["ip", "netns", "exec", namespace, "dhcpcd", "-B", "-f", str(config), port], stderr=subprocess.DEVNULL
    )
    until(lambda: written.exists() and parse_lease(port, written.read_bytes()) is not None)
    lease = parse_lease(port, written.read_bytes())
    assert lease is not None
    os.kill(client.pid, signal.SIGTERM)
    client.wait(20)
    return lease


@pytest.mark.isolated
def test_terminals_get_their_address_and_others_one_of_the_range(intent: RouterIntent) -> None:
    run("ip", "link", "add", "lan0", "type", "bridge")
    run("ip", "addr", "add", "192.0.2.1/26", "dev", "lan0")
    run("ip", "link", "set", "lan0", "up")
    attach("eth10", "reception", "02:00:00:00:02:10")
    attach("eth50", "tablet", "02:00:00:00:02:50")
    supervisor = Supervisor(paths.RUN)
    supervisor.apply([dnsmasq.dnsmasq_spec(intent, {})])
    router = IPv4Address("192.0.2.1")
    known = lease_of("eth10", "reception")
    assert str(known.address) == "192.0.2.10/26"
    assert (known.gateway, known.dns) == (router, (router,))
    other = lease_of("eth50", "tablet")
    assert IPv4Address("192.0.2.32") <= other.address.ip <= IPv4Address("192.0.2.61")
    # expiry, MAC, address, name, client id: both called themselves `sekisho`, which stays the router's name.
    remembered = {line.split()[1]: line.split()[3] for line in paths.DHCP_LEASES.read_text().splitlines()}
    assert remembered == {"02:00:00:00:02:10": "reception", "02:00:00:00:02:50": "*"}
    run("ip", "-n", "reception", "addr", "add", "192.0.2.10/26", "dev", "eth10")
    assert ask("sekisho.lan") == ["NOERROR", "5 192.0.2.1"]

    # A restart remembers who has what.
    supervisor.stop_all()
    supervisor.apply([dnsmasq.dnsmasq_spec(intent, {})])
    assert lease_of("eth50", "tablet").address == other.address

    # A terminal more, one with another address: nobody else notices.
    record = process.read_record(paths.ENGINES / "dnsmasq.run")
    tablet = {"name": "tablet", "label": "タブレット", "mac": "02:00:00:00:02:50", "address": "192.0.2.20"}
    reception = {"name": "reception", "label": "受付", "mac": "02:00:00:00:02:10", "address": "192.0.2.21"}
    changed = compile_intent(lab_account(), lab_site(terminals=[reception, tablet]))
    supervisor.apply([dnsmasq.dnsmasq_spec(changed, {})])
    until(lambda: str(lease_of("eth50", "tablet").address) == "192.0.2.20/26")
    assert str(lease_of("eth10", "reception").address) == "192.0.2.21/26"
    again = process.read_record(paths.ENGINES / "dnsmasq.run")
    assert record is not None and again is not None and record.process == again.process
