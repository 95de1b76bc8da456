"""What the gate writes of a request is heard under its own name, and under no other."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from waitress.server import create_server  # type: ignore[import-untyped]

from webui.__main__ import LIMITS
from webui.secure import CERTIFICATE_HEADER, CLIENT_HEADER, client, is_vouched


@pytest.mark.parametrize(
    ("lines", "address", "vouched"),
    [
        (f"{CLIENT_HEADER}: 192.0.2.7\r\n{CERTIFICATE_HEADER}: account\r\n", "192.0.2.7", True),
        (f"{CLIENT_HEADER}: 192.0.2.7\r\n{CERTIFICATE_HEADER}: own\r\n", "192.0.2.7", False),
        ("Sekisho_Client: 192.0.2.7\r\nSekisho_Certificate: account\r\n", "", False),
    ],
)
def test_what_the_gate_says(tmp_path: Path, lines: str, address: str, vouched: bool) -> None:
    """On the server that a router runs: what only looks alike is not taken for the gate's word."""
    seen: list[tuple[str, bool]] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append((client(environ), is_vouched(environ)))
        start_response("204 No Content", [])
        return []

    server = create_server(app, unix_socket=str(tmp_path / "s"), **LIMITS)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(tmp_path / "s"))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + lines.encode() + b"\r\n")
        while sock.recv(4096):
            pass
    server.close()
    assert seen == [(address, vouched)]
