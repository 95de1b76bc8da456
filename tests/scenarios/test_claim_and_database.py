"""What does not begin with TLS: a CLAIM sender and a database client, each with a pinned engine behind the gate."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256

import pytest

from tests.lab import addresses, observe
from tests.lab.claim import ACK, EOT
from tests.lab.client import LIMIT
from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine
from tests.lab.pki import EngineCertificate
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

HOST = addresses.RECEIPT_GATE_HOST
CLAIM_PORT, DATABASE_PORT = 8210, 6432
RECEIVED = "/var/claim"
FOR_RECEPTION = '\n[[services]]\nname = "claim"\nterminals = ["reception"]\n'


def services(world: World, request: str) -> str:
    """The request for an account, with both services in it."""
    pins = json.dumps(list(world.pki.pins))
    return f"""{request}
[[services]]
name = "claim"
host = "{HOST}"
port = {CLAIM_PORT}
mode = "terminate"
protocol = "plain"
pins = {pins}

[[services]]
name = "database"
host = "{HOST}"
port = {DATABASE_PORT}
mode = "terminate"
protocol = "postgres"
pins = {pins}

[services.presented]
certificate_file = "{world.pki_directory}/gate.pem"
key_file = "{world.pki_directory}/gate.key"
"""


def start_engines(world: World) -> None:
    """Both services on both engines, with the engines' certificate."""
    shown = world.pki.engine[EngineCertificate.GOOD]
    for name, place in addresses.ENGINES.items():
        machine, address = world.machines[name], str(place.receipt_gate.ip)
        machine.write("/etc/more/certificate.pem", shown.chain)
        # pgbouncer does not run as root.
        machine.write("/etc/more/key.pem", shown.key)
        machine.write("/etc/more/ca.pem", (world.pki_directory / "clinic-ca.pem").read_text())
        files = [f"/etc/more/{file}.pem" for file in ("certificate", "key", "ca")]
        machine.popen("python", "-m", "tests.lab.claim", address, str(CLAIM_PORT), *files, RECEIVED, cwd=PROJECT)
        machine.write("/etc/more/pgbouncer.ini", pgbouncer(address))
        machine.popen("pgbouncer", "/etc/more/pgbouncer.ini", user="nobody")


def pgbouncer(address: str) -> str:
    """Its console alone answers questions, without a database behind it (pgbouncer(5))."""
    return f"""\
[databases]
[pgbouncer]
listen_addr = {address}
listen_port = {DATABASE_PORT}
unix_socket_dir =
auth_type = any
stats_users = reader
client_tls_sslmode = verify-ca
client_tls_cert_file = /etc/more/certificate.pem
client_tls_key_file = /etc/more/key.pem
client_tls_ca_file = /etc/more/ca.pem
"""


def psql(world: World, *, sslmode: str) -> subprocess.CompletedProcess[str]:
    terminal = world.machines["reception"]
    for name, file in {"ca": "engine-ca.pem", "certificate": "reception.pem", "key": "reception.key"}.items():
        terminal.write(f"/root/{name}.pem", (world.pki_directory / file).read_text(), 0o600)
    where = f"host={HOST} port={DATABASE_PORT} dbname=pgbouncer user=reader connect_timeout=20 sslmode={sslmode}"
    files = "sslrootcert=/root/ca.pem sslcert=/root/certificate.pem sslkey=/root/key.pem"
    return terminal.run("psql", f"{where} {files}", "-At", "-c", "SHOW VERSION", check=False)


def send(machine: Machine, address: str, document: bytes) -> bytes:
    """What the sender hears."""
    with machine.connect(address, CLAIM_PORT, LIMIT) as sock:
        sock.sendall(document + EOT)
        return sock.recv(1)


@pytest.fixture
def bigger_clinic(world: World) -> World:
    start_engines(world)
    concentrators = world.concentrators.values()
    world.account = world.desk.issue(concentrators, rewrite=lambda request: services(world, request))
    world.admit(world.account)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    return world


def test_claim_is_sent_in_clear_and_leaves_pinned(bigger_clinic: World) -> None:
    clinic, address = bigger_clinic, str(addresses.ENGINES["e1"].receipt_gate.ip)
    reception, doctor = (clinic.machines[name] for name in ("reception", "doctor"))
    document = "<Mml>患者</Mml>".encode("shift_jis")
    assert send(reception, address, document) == ACK
    assert clinic.machines["e1"].run("sha256sum", RECEIVED).stdout.split()[0] == sha256(document + b"\n").hexdigest()
    assert send(doctor, address, document) == ACK

    router = clinic.router
    router.machine.write("/etc/sekisho/site.toml", router.machine.read("/etc/sekisho/site.toml") + FOR_RECEPTION)
    router.sekisho("apply")
    with pytest.raises(OSError):
        send(doctor, address, document)
    assert send(reception, address, document) == ACK

    for engine in clinic.engines:
        clinic.machines[engine].run("pkill", "-f", "tests.lab.claim")
    with pytest.raises(OSError):
        send(reception, address, document)


def test_a_database_is_read_through_the_gate_and_never_in_clear(bigger_clinic: World) -> None:
    told = psql(bigger_clinic, sslmode="verify-full")
    assert told.stdout.startswith("PgBouncer"), told.stderr
    refused = psql(bigger_clinic, sslmode="disable")
    assert refused.returncode != 0
    assert "ルーター" in refused.stderr

    for engine in bigger_clinic.engines:
        bigger_clinic.machines[engine].run("pkill", "-KILL", "pgbouncer")
    lost = psql(bigger_clinic, sslmode="verify-full")
    assert lost.returncode != 0
