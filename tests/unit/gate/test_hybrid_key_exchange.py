"""What is recorded today must not be readable by the computers of tomorrow: X25519MLKEM768 on both sides of the gate.

Where OpenSSL has it (3.5), which is on Debian 13: in a guest.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.process import free_port
from tests.unit.gate.servers import exchange
from tests.unit.gate.waiting import LIMIT

pytestmark = [pytest.mark.isolated, pytest.mark.real_kernel]

GROUP = "X25519MLKEM768"


def written(directory: Path, **texts: str) -> dict[str, Path]:
    files = {name: directory / f"{name}.pem" for name in texts}
    for name, text in texts.items():
        files[name].write_text(text)
    return files


def test_a_terminal_that_knows_it_gets_it(
    gate: Any, engine: Any, gate_port: int, pki: Any, config_for: Any, tmp_path: Path
) -> None:
    gate.configure(config_for(engine()))
    files = written(tmp_path, cert=pki.terminal.certificate, key=pki.terminal.key)
    shown = subprocess.run(
        [
            *("openssl", "s_client", "-connect", f"127.0.0.1:{gate_port}", "-brief"),
            *("-cert", files["cert"], "-key", files["key"]),
        ],
        input="",
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    assert f"group: {GROUP}" in shown.stderr


def test_an_engine_that_knows_nothing_else_is_reached(
    gate: Any, terminal: Any, pki: Any, config_for: Any, tmp_path: Path, eventually: Any
) -> None:
    port = free_port()
    files = written(tmp_path, cert=pki.engine.certificate, key=pki.engine.key)
    server = subprocess.Popen(
        [
            *("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-groups", GROUP, "-quiet", "-rev"),
            *("-cert", files["cert"], "-key", files["key"]),
        ],
        stdin=subprocess.PIPE,
    )
    try:
        gate.configure(config_for(port))

        def is_reversed() -> bool:
            try:
                with terminal.connect(pki.terminal) as sock:
                    return exchange(sock, b"abc\n") == b"cba\n"
            except OSError:
                return False

        eventually(is_reversed)
    finally:
        server.kill()
        server.communicate()
