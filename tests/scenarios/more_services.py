"""Hosts of the data center that are no receipt engines, and an account that knows them."""

from __future__ import annotations

import json
import subprocess

from tests.lab import addresses, observe
from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine
from tests.lab.pki import EngineCertificate, pem
from tests.lab.world import World

AT = addresses.ENGINES["e1"].receipt.ip
_FOLDER = "/etc/more"


def begin_with(world: World, name: str, host: str, port: int) -> World:
    """The clinic at work with one more service in its account, which passes through."""
    service = f"""
[[services]]
name = "{name}"
host = "{host}"
port = {port}
mode = "passthrough"
pins = {json.dumps(list(world.pki.pins))}
"""
    world.account = world.desk.issue(world.concentrators.values(), rewrite=lambda request: request + service)
    world.admit(world.account)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    return world


def start_host(
    world: World, module: str, port: int, *rest: str, shown: EngineCertificate = EngineCertificate.GOOD
) -> subprocess.Popen[str]:
    """``python -m tests.lab.MODULE`` at the first engine's address; rest: its own arguments."""
    machine: Machine = world.machines["e1"]
    files = {
        "certificate": world.pki.engine[shown].chain,
        "key": world.pki.engine[shown].key,
        "ca": pem(world.pki.terminal_ca.certificate) + pem(world.pki.clinic_ca.certificate),
    }
    for file, content in files.items():
        machine.write(f"{_FOLDER}/{file}.pem", content, 0o600)
    command = ["python", "-m", f"tests.lab.{module}", str(AT), str(port)]
    return machine.popen(*command, *(f"{_FOLDER}/{file}.pem" for file in files), *rest, cwd=PROJECT)
