"""What SSLyze, which shows a terminal's certificate, finds at the gate: exactly the profile."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from appliance.gate.profile import POLICY
from tests.lab.filesystem import PROJECT
from tests.scan.conftest import Target

SCANNER = Path(os.environ.get("SEKISHO_SSLYZE", PROJECT / "build" / "scan-venv" / "bin" / "python"))
LIMIT = 300.0
# The registry's names (RFC 8446 appendix B.4), which have no key exchange in front.
TLS13 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
CURVES = {"X25519", "X448", "secp256r1", "secp384r1", "secp521r1"}


@pytest.fixture
def found(target: Target, tmp_path: Path) -> dict[str, Any]:
    report = tmp_path / "sslyze.json"
    subprocess.run(
        [
            *(SCANNER, "-W", "ignore", "-m", "sslyze", f"{target.name}{{127.0.0.1}}", "--mozilla_config", "disable"),
            *("--cert", target.certificate, "--key", target.key, "--json_out", report),
            *("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"),
            *("--compression", "--reneg", "--heartbleed", "--openssl_ccs", "--fallback", "--robot", "--ems"),
            *("--elliptic_curves", "--resum", "--early_data"),
        ],
        check=True,
        timeout=LIMIT,
        capture_output=True,
    )
    (result,) = json.loads(report.read_text())["server_scan_results"]
    assert result["scan_status"] == "COMPLETED"
    scans = {name: scan["result"] for name, scan in result["scan_result"].items() if scan["status"] == "COMPLETED"}
    assert not [name for name, scan in result["scan_result"].items() if scan["status"] == "ERROR"]
    return scans


def test_the_gate_shows_a_scanner_its_profile_and_nothing_else(found: dict[str, Any]) -> None:
    def accepted(version: str) -> set[str]:
        return {suite["cipher_suite"]["openssl_name"] for suite in found[version]["accepted_cipher_suites"]}

    for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"):
        assert accepted(f"{version}_cipher_suites") == set(), version
    # The gate's key decides between ECDSA and RSA.
    ours = {name for name in POLICY.tls12_ciphers if "RSA" in name.split("-")}
    assert accepted("tls_1_2_cipher_suites") == ours
    assert accepted("tls_1_3_cipher_suites") == TLS13
    assert {curve["name"] for curve in found["elliptic_curves"]["supported_curves"]} == CURVES

    assert not found["tls_compression"]["supports_compression"]
    assert not found["tls_1_3_early_data"]["supports_early_data"]
    assert not found["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"]
    assert found["session_renegotiation"]["supports_secure_renegotiation"]
    assert found["tls_fallback_scsv"]["supports_fallback_scsv"]
    assert found["tls_extended_master_secret"]["supports_ems_extension"]
    assert not found["heartbleed"]["is_vulnerable_to_heartbleed"]
    assert not found["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"]
    assert found["robot"]["robot_result"].startswith("NOT_VULNERABLE")
