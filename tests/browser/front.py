"""The gate before the page's process, as on a router: browsers come by TLS, and by it alone."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from appliance.gate.config import GateConfig, PageConfig
from tests.unit.gate.pki import Authority
from tests.unit.gate.process import GateProcess, free_port

HOST = "127.0.0.1"


class Front:
    """process: unix socket of the page's process, which may come and go. directory: for the gate's own socket."""

    def __init__(self, directory: Path, process: Path) -> None:
        self._gate = GateProcess(directory)
        own = Authority("page").issue(HOST)
        self.port = free_port()
        self._gate.configure(
            GateConfig(
                page=PageConfig(
                    listen=(HOST, self.port),
                    redirect=(HOST, free_port()),
                    process=str(process),
                    own=own.pair,
                    hosts=(HOST,),
                )
            )
        )

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/"

    def connect(self, source: str = "127.0.0.2") -> ssl.SSLSocket:
        """As the browser of another machine, whose user goes on past its warning."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(socket.create_connection((HOST, self.port), 30, (source, 0)), server_hostname=HOST)

    def close(self) -> None:
        self._gate.stop()
