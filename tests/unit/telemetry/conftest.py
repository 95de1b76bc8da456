"""A router of which everything is known, and what Debian's promtool says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.telemetry.snapshot import FirmwareFigures, GateFigures, PacketCount, Snapshot, TunnelFigures

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


@pytest.fixture
def full() -> Snapshot:
    return Snapshot(
        version="1.2.3",
        lights={"router": "ok", "line": "ok", "tunnel": "warning", "engine": "failed", "certificates": "unknown"},
        tunnels={
            "dc1": TunnelFigures(True, True, True, False, False, "wan", 1394, 12.5, 1_048_576, 2_048),
            "dc2": TunnelFigures(False, False, True, False, False, "wan", 1394, 432.0, 1_024, 148),
        },
        proofs={("receipt", "proven"): 120, ("receipt", "refused"): 1, ("receipt-gate", "unreachable"): 7},
        permitted={"receipt": 2, "receipt-gate": 0},
        gate={"receipt-gate": GateFigures(3, 4_711, 2, 4_520, 5_000_000, 90_000_000)},
        gate_refusals={("receipt-gate", "terminal-certificate-missing"): 2, ("receipt-gate", "no-proven-engine"): 5},
        certificate_days={"account": 400.25, "identity": 29.5, "trust-anchor:Lab CA": -1.0, "terminal:reception": 59.0},
        copied={"reception": True, "office": False},
        firewall={"refused_lan": PacketCount(17, 1_020), "dropped_wan": PacketCount(3, 180)},
        settings_applied_at=1_794_787_200.0,
        differences_repaired=4,
        fast_path=True,
        account_serial=2_026_112_301,
        trust_serial=12,
        firmware=FirmwareFigures("staged", 7, True),
    )


@pytest.fixture
def promtool() -> Callable[..., str]:
    """Runs it; the test fails when it complains."""

    def run(*arguments: object, stdin: str = "") -> str:
        done = subprocess.run(
            ["promtool", *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A folder with the two files that docs/metrics.md gives as examples, each named by its first line."""
    for name, content in re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL):
        (tmp_path / name).write_text(content)
    return tmp_path
