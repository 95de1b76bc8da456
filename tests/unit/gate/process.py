"""The real gate process, and a terminal before it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from appliance.gate.config import GateConfig
from tests.unit.gate.pki import HOST, Credentials, Pki, context_of
from tests.unit.gate.waiting import LIMIT, wait_for

_WITHOUT_RIGHTS = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--")
"""As on a router, where it is an unprivileged user besides."""


class GateProcess:
    """The real process, and a connection to its control socket. log: for what it says; None: where the tests speak."""

    def __init__(self, directory: Path, log: IO[bytes] | None = None) -> None:
        self._log = log
        self.path = directory / "gate.sock"
        self.refusals: list[dict[str, str]] = []
        self._number = 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "appliance.gate", str(self.path)], stderr=self._log)
        try:
            self.connect()
        except BaseException:
            # Nobody else knows it yet who could end it.
            self._end()
            raise

    def connect(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        wait_for(lambda: self.socket.connect_ex(str(self.path)) == 0)
        self._lines = self.socket.makefile("rb")

    def disconnect(self) -> None:
        self._lines.close()
        self.socket.close()

    def reconnect(self) -> None:
        self.disconnect()
        self.connect()

    def call(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self.socket.sendall(json.dumps({"id": self._number, "method": method, "params": params}).encode() + b"\n")
        while True:
            message = self._next()
            if message.get("id") == self._number:
                if "error" in message:
                    raise LookupError(message["error"].get("data", {}).get("code") or message["error"]["message"])
                return message["result"]

    def configure(self, config: GateConfig) -> bool:
        return bool(self.call("configure", config.as_json()))

    def refusal(self) -> dict[str, str]:
        """The next one, waited for."""
        while not self.refusals:
            self._next()
        return self.refusals.pop(0)

    def stats(self) -> dict[str, Any]:
        stats = self.call("stats", {})
        assert isinstance(stats, dict)
        return stats

    @property
    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @property
    def memory(self) -> int:
        """Bytes in RAM."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    @property
    def processor_time(self) -> float:
        """Seconds. proc(5): utime and stime."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._lines.readline())
        if message.get("method") == "refused":
            self.refusals.append(message["params"]["refusal"])
        return message

    def stop(self) -> None:
        self.disconnect()
        self.process.terminate()
        try:
            assert self.process.wait(LIMIT) == 0
        finally:
            self._end()

    def _end(self) -> None:
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """Below the ports that the kernel gives to whoever connects, so that no test running beside takes it."""
    while True:
        port = random.randrange(10240, 32768)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@dataclass
class Terminal:
    """What a terminal does: open TLS to the gate with its certificate."""

    port: int
    pki: Pki

    def connect(
        self, own: Credentials | None, version: ssl.TLSVersion | None = None, *, address: str = "127.0.0.1"
    ) -> ssl.SSLSocket:
        context = context_of(ssl.PROTOCOL_TLS_CLIENT, own, self.pki.terminals.pem, ciphers="DEFAULT")
        if version:
            context.minimum_version = context.maximum_version = version
        sock = socket.create_connection(("127.0.0.1", self.port), LIMIT, source_address=(address, 0))
        try:
            return context.wrap_socket(sock, server_hostname=HOST)
        except BaseException:
            sock.close()
            raise
