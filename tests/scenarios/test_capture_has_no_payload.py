"""A vendor records packets: headers only, by a process without rights, within its bounds, and on record."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab import addresses, observe
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

WORD = b"PATIENT-NAME-IN-THE-CLEAR"
NET_RAW = 1 << 13
"""CAP_NET_RAW of linux/capability.h."""


def captures(world: World) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.router.sekisho("capture", "list", "--json").stdout)
    return found


def start(world: World, *options: str) -> str:
    world.router.sekisho("capture", "start", *options)
    running = captures(world)["running"]
    until(lambda: running["name"] and captures(world)["running"]["bytes"] >= 24, "the capture has begun")
    return str(running["name"])


def get(world: World, name: str) -> bytes:
    """The file, which tcpdump reads as well."""
    world.router.sekisho("capture", "get", name, "--out", "/tmp/out.pcap")
    router = world.machines["router"]
    assert router.run("tcpdump", "-n", "-r", "/tmp/out.pcap").stdout
    return router.inside(lambda: Path("/tmp/out.pcap").read_bytes())


def speak(machine: Machine) -> None:
    """By UDP, by TCP and inside an echo, to whoever answers or does not."""
    code = (
        "import socket,sys\n"
        f"word={WORD!r}\n"
        "u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
        "for port in (53,123,40000): u.sendto(word,('192.0.2.1',port))\n"
        "t=socket.create_connection(('192.0.2.1',80),5)\n"
        "t.sendall(b'GET /'+word+b' HTTP/1.0\\r\\n\\r\\n'); t.recv(4096)\n"
    )
    machine.run("python3", "-c", code)
    machine.run("ping", "-c", "1", "-p", WORD[:16].hex(), str(addresses.ROUTER_LAN.ip))


def rights(machine: Machine) -> tuple[set[str], set[int]]:
    """Users and capabilities (effective, permitted, bounding) of the capturing process."""
    pid = machine.run("pgrep", "-f", "appliance.diagnose.wire", check=True).stdout.split()[-1]
    lines = dict(line.split(":", 1) for line in machine.read(f"/proc/{pid}/status").splitlines() if ":" in line)
    held = {int(lines[name].strip(), 16) for name in ("CapEff", "CapPrm", "CapBnd")}
    return set(lines["Uid"].split()), held


def test_capture_has_no_payload(clinic: World) -> None:
    router, reception = clinic.machines["router"], clinic.machines["reception"]
    name = start(clinic, "lan", "--seconds", "60")
    users, held = rights(router)
    assert users == {router.run("id", "-u", "sekisho-capture").stdout.strip()}
    assert held == {NET_RAW}
    with observe.Session(clinic) as session:
        speak(reception)
        session.exchange()
    clinic.router.sekisho("capture", "stop")
    data = get(clinic, name)
    assert WORD not in data
    assert WORD[:16] not in data
    read = router.run("tcpdump", "-n", "-r", "/tmp/out.pcap").stdout
    assert f"{addresses.TERMINALS['reception'].address.ip}." in read
    assert ".40000: UDP" in read
    done = next(one for one in captures(clinic)["captures"] if one["name"] == name)
    assert done["packets"] > 0
    assert done["payload"] is False
    record = clinic.router.sekisho("audit", "list", "--json").stdout
    assert "capture.start" in record
    assert name in record


def test_whole_packets_only_when_asked_for(clinic: World) -> None:
    name = start(clinic, "lan", "--seconds", "60", "--payload")
    speak(clinic.machines["reception"])
    clinic.router.sekisho("capture", "stop")
    assert WORD in get(clinic, name)


def test_capture_ends_by_itself(clinic: World) -> None:
    """Before its size, and after its time; the file system never sees more."""
    name = start(clinic, "lan", "--seconds", "600", "--kilobytes", "16", "--payload")
    reception = clinic.machines["reception"]

    def is_over() -> bool:
        reception.run("ping", "-c", "5", "-i", "0.01", "-s", "1400", str(addresses.ROUTER_LAN.ip))
        return captures(clinic)["running"] is None

    until(is_over, "the capture is full")
    done = captures(clinic)["captures"][0]
    assert done["name"] == name
    assert done["full"] is True
    assert done["bytes"] <= 16 * 1024
    clinic.router.sekisho("capture", "start", "dc1", "--seconds", "1")
    until(lambda: captures(clinic)["running"] is None, "its time is over")
    for _ in range(4):
        clinic.router.sekisho("capture", "start", "wan", "--seconds", "1")
        until(lambda: captures(clinic)["running"] is None, "its time is over")
    assert len(captures(clinic)["captures"]) == 3
    refused = clinic.router.sekisho("capture", "start", "nowhere", check=False)
    assert refused.returncode == 1
    assert isinstance(refused, subprocess.CompletedProcess)
