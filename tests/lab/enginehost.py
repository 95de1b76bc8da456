"""A host with a receipt engine on it, which can change its certificate."""

from __future__ import annotations

import json
import secrets
import subprocess
from ipaddress import IPv4Address

from tests.lab import addresses
from tests.lab.client import API_KEY, USER
from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine
from tests.lab.pki import EngineCertificate, Pki, pem

_CLUSTER_KEY = secrets.token_hex(16)
_BUS_PORT = 7400


class EngineHost:
    """Serves on `own` addresses with the certificate shown last; not serving until the first `show`."""

    def __init__(self, machine: Machine, own: list[IPv4Address], pki: Pki) -> None:
        self._machine = machine
        self._own = own
        self._pki = pki
        self._process: subprocess.Popen[str] | None = None

    def show(self, kind: EngineCertificate) -> None:
        """(Re)start the server with this certificate; its connections are lost."""
        self.stop()
        credential = self._pki.engine[kind]
        files = {
            "certificate": credential.chain,
            "key": credential.key,
            "client_ca": pem(self._pki.terminal_ca.certificate) + pem(self._pki.clinic_ca.certificate),
        }
        for file, content in files.items():
            self._machine.write(f"/etc/engine/{file}.pem", content, 0o600)
        config = {
            "name": self._machine.name,
            "listen": [(str(address), addresses.ENGINE_PORT) for address in self._own],
            "users": {USER: API_KEY},
            "cluster_key": _CLUSTER_KEY,
            "bus": (str(self._own[0]), _BUS_PORT),
            "bus_peers": [
                (str(place.receipt.ip), _BUS_PORT)
                for name, place in addresses.ENGINES.items()
                if name != self._machine.name
            ],
            **{file: f"/etc/engine/{file}.pem" for file in files},
        }
        self._machine.write("/etc/engine/engine.json", json.dumps(config), 0o600)
        with (self._machine.log_dir / "engine.log").open("ab") as log:
            self._process = self._machine.start(
                ["python", "-m", "tests.lab.engine", "/etc/engine/engine.json"],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=PROJECT,
            )

    def wait_until_serving(self) -> None:
        """Return when the server started last accepts connections."""
        assert self._process is not None
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"engine {self._machine.name} did not start: see {self._machine.log_dir}/engine.log")

    def stop(self) -> None:
        """End the server; its addresses refuse connections."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None
