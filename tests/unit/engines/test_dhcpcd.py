"""The WAN's address by a real dhcpcd from a real DHCP server, and the hook on its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from appliance import paths
from appliance.engines import dhcpcd, process
from appliance.engines.leases import parse_lease, read_lease
from appliance.engines.supervise import Supervisor
from appliance.intent.compile import compile as compile_intent
from tests.builders import lab_account, lab_site
from tests.golden import golden

GOLDEN = Path(__file__).with_name("golden")
LINE = compile_intent(lab_account(), lab_site()).lines[0]


def test_the_configuration() -> None:
    rendered = dhcpcd.render(LINE).replace(str(dhcpcd.HOOK), "@HOOK@")
    assert rendered == golden(GOLDEN / "dhcpcd.conf", rendered)


@pytest.mark.parametrize("asks", [False, True])
def test_the_configuration_of_a_line_by_ipv6(asks: bool) -> None:
    line = compile_intent(lab_account(), lab_site(wan={"kind": "ipoe", "interface": "wan0"})).lines[0]
    rendered = dhcpcd.render6(line, asks).replace(str(dhcpcd.HOOK6), "@HOOK@")
    assert rendered == golden(GOLDEN / f"dhcpcd6-{'asks-for-prefix' if asks else 'as-advertised'}.conf", rendered)


def hook(lease: Path, **environment: str) -> bytes:
    subprocess.run(
        [str(dhcpcd.HOOK)],
        env={"interface": "wan0", "sekisho_lease": str(lease), **environment},
        check=True,
        timeout=20,
    )
    return lease.read_bytes() if lease.exists() else b""


GIVEN = {
    "new_ip_address": "192.0.2.70",
    "new_subnet_cidr": "28",
    "new_routers": "192.0.2.65 192.0.2.66",
    "new_domain_name_servers": "198.51.100.53 198.51.100.54",
}


def test_the_hook_writes_what_the_parser_reads(tmp_path: Path) -> None:
    lease = parse_lease("wan0", hook(tmp_path / "wan0.json", reason="BOUND", **GIVEN))
    assert lease is not None
    assert str(lease.address) == "192.0.2.70/28"
    assert lease.gateway == IPv4Address("192.0.2.65")
    assert lease.dns == (IPv4Address("198.51.100.53"), IPv4Address("198.51.100.54"))
    assert 0 < lease.at <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert [path.name for path in tmp_path.iterdir()] == ["wan0.json"]


@pytest.mark.parametrize("reason", ["EXPIRE", "NAK", "NOCARRIER", "STOP", "STOPPED", "DEPARTED", "FAIL"])
def test_what_the_line_takes_back_is_gone(tmp_path: Path, reason: str) -> None:
    hook(tmp_path / "wan0.json", reason="BOUND", **GIVEN)
    assert parse_lease("wan0", hook(tmp_path / "wan0.json", reason=reason, **GIVEN)) is None


@pytest.mark.parametrize("reason", ["PREINIT", "CARRIER", "ROUTERADVERT", "BOUND6", "TEST"])
def test_other_events_change_nothing(tmp_path: Path, reason: str) -> None:
    assert hook(tmp_path / "wan0.json", reason=reason, **GIVEN) == b""


@pytest.mark.parametrize("evil", ['1.2.3.4","x":"', "$(touch evil)", "1.2.3.4;touch evil", "\n", "a" * 9999, "*"])
def test_the_line_cannot_write_anything_but_addresses(tmp_path: Path, evil: str) -> None:
    content = hook(tmp_path / "wan0.json", reason="BOUND", **dict.fromkeys(GIVEN, evil))
    assert parse_lease("wan0", content) is None
    assert b'"address":""' in content
    hook(tmp_path / "wan0.json", reason="BOUND", **GIVEN | {"new_domain_name_servers": evil})
    lease = parse_lease("wan0", (tmp_path / "wan0.json").read_bytes())
    assert lease is not None and lease.dns == ()


def until(condition: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.05)


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=20).stdout


def upper_router() -> subprocess.Popen[bytes]:
    run("ip", "netns", "add", "upper")
    run("ip", "link", "add", "wan0", "type", "veth", "peer", "name", "lan", "netns", "upper")
    run("ip", "-n", "upper", "addr", "add", "192.0.2.65/28", "dev", "lan")
    run("ip", "-n", "upper", "link", "set", "lan", "up")
    server = ("dnsmasq", "-k", "-C", "/dev/null", "-p", "0", "-i", "lan", "--dhcp-leasefile=/run/upper.leases")
    server += ("--dhcp-range=192.0.2.70,192.0.2.75,1h", "--dhcp-option=6,198.51.100.53", "--dhcp-authoritative")
    server += ("--dhcp-option=option:domain-name,evil.example", "--dhcp-option=option:domain-search,evil.example")
    return subprocess.Popen(["ip", "netns", "exec", "upper", *server], stderr=subprocess.DEVNULL)


def bystander() -> None:
    run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "other")
    run("ip", "link", "set", "lan0", "up")
    run("ip", "link", "set", "other", "up")


@pytest.mark.isolated
def test_the_line_gives_an_address_and_takes_it_back() -> None:
    upper_router()
    bystander()
    before = Path("/etc/resolv.conf").read_bytes(), os.uname().nodename
    supervisor = Supervisor(paths.RUN)
    spec = dhcpcd.dhcpcd_spec(LINE)
    supervisor.apply([spec])
    assert read_lease("wan0", paths.LEASES) is None
    until(lambda: read_lease("wan0", paths.LEASES) is not None)
    lease = read_lease("wan0", paths.LEASES)
    assert lease is not None
    assert lease.address.network.with_prefixlen == "192.0.2.64/28"
    assert (lease.gateway, lease.dns) == (IPv4Address("192.0.2.65"), (IPv4Address("198.51.100.53"),))
    until(lambda: "default via 192.0.2.65 dev wan0" in run("ip", "route"))
    assert str(lease.address) in run("ip", "-4", "addr", "show", "wan0")
    assert run("ip", "-4", "addr", "show", "lan0") == ""
    assert (Path("/etc/resolv.conf").read_bytes(), os.uname().nodename) == before
    assert supervisor.apply([spec]) == []

    # The cable is pulled, and put back.
    run("ip", "-n", "upper", "link", "set", "lan", "down")
    until(lambda: read_lease("wan0", paths.LEASES) is None)
    run("ip", "-n", "upper", "link", "set", "lan", "up")
    until(lambda: read_lease("wan0", paths.LEASES) is not None)

    # Killed: revived, with the same address, and nothing doubled.
    record = process.read_record(paths.ENGINES / "dhcpcd-wan.run")
    assert record is not None
    killed = time.clock_gettime(time.CLOCK_BOOTTIME)
    os.kill(record.process.pid, signal.SIGKILL)
    until(lambda: supervisor.check() == {"dhcpcd-wan": False})
    assert len(supervisor.revive(0.0)) == 1
    until(lambda: (again := read_lease("wan0", paths.LEASES)) is not None and again.at > killed)
    again = read_lease("wan0", paths.LEASES)
    assert again is not None and again.address == lease.address
    assert {process_session(entry) for entry in Path("/proc").glob("[0-9]*") if is_dhcpcd(entry)} == {
        pid_of("dhcpcd-wan"),
    }

    # Stopped: the address goes, and every process.
    supervisor.stop_all()
    assert read_lease("wan0", paths.LEASES) is None
    assert run("ip", "-4", "addr", "show", "wan0") == ""
    assert "default" not in run("ip", "route")
    until(lambda: not any(is_dhcpcd(entry) for entry in Path("/proc").glob("[0-9]*")))


def pid_of(name: str) -> int:
    record = process.read_record(paths.ENGINES / f"{name}.run")
    assert record is not None
    return record.process.pid


def is_dhcpcd(entry: Path) -> bool:
    try:
        return (
            "dhcpcd" in (entry / "comm").read_text() and process.parse_stat((entry / "stat").read_text()).state != "Z"
        )
    except OSError:
        return False


def process_session(entry: Path) -> int:
    return process.parse_stat((entry / "stat").read_text()).session
