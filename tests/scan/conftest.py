"""The gate at work on loopback, with an engine behind it, for those who look at it from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.conftest import (  # noqa: F401
    config_for,
    engine,
    eventually,
    gate,
    gate_log,
    gate_port,
    pki,
    server_of,
    servers,
    terminal,
)
from tests.unit.gate.pki import HOST


@dataclass(frozen=True)
class Target:
    """certificate, key: a terminal's, PEM files. anchors: what ends the chain that the gate presents."""

    port: int
    certificate: Path
    key: Path
    anchors: Path

    @property
    def name(self) -> str:
        return f"{HOST}:{self.port}"


@pytest.fixture
def target(gate: Any, engine: Any, config_for: Any, gate_port: int, pki: Any, tmp_path: Path) -> Iterator[Target]:  # noqa: F811
    gate.configure(config_for(engine()))
    files = {"certificate": pki.terminal.certificate, "key": pki.terminal.key, "anchors": pki.terminals.pem}
    for name, text in files.items():
        (tmp_path / f"{name}.pem").write_text(text)
    yield Target(gate_port, *(tmp_path / f"{name}.pem" for name in files))
    # Whatever a scanner does, the gate is still there.
    assert gate.process.poll() is None
    assert gate.stats()["connections"] == {"receipt": 0}
