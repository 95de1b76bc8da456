"""What testssl.sh, which has no certificate and only reads what is said before, finds at the gate: nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.scan.conftest import Target

LIMIT = 900.0
HARMLESS = {"OK", "INFO", "DEBUG"}
OF_THE_TEST = {
    "engine_problem": "about the scanner's own OpenSSL",
    "cert_expirationStatus": "the certificate was made for this test, for a month",
    "cert_notAfter": "the same",
    "cert_revocation": "a private CA's lists come with the account, and not from an address in the certificate",
    "DNS_CAArecord": "there is no public CA, and no public DNS either",
}

UNSEEN = {"secure_client_renego", "BREACH"}
"""What it says that it cannot look at, whenever it has understood that it would need a certificate; SSLyze has one."""


def test_testssl_finds_nothing(target: Target, tmp_path: Path) -> None:
    report = tmp_path / "testssl.json"
    subprocess.run(
        [
            *("testssl", "--quiet", "--color", "0", "--warnings", "off", "--ip", "127.0.0.1"),
            *("--add-ca", target.anchors, "--jsonfile", report, target.name),
        ],
        # Its exit status counts findings, those of the test among them.
        check=False,
        timeout=LIMIT,
        capture_output=True,
    )
    findings = json.loads(report.read_text())
    told = {finding["id"] for finding in findings}
    assert {"SSLv3", "TLS1", "TLS1_2", "TLS1_3", "heartbleed", "secure_client_renego", "LUCKY13"} <= told
    bad = [
        f"{finding['id']} {finding['severity']}: {finding['finding']}"
        for finding in findings
        if finding["severity"] not in HARMLESS and finding["id"] not in OF_THE_TEST
    ]
    assert not [one for one in bad if not (one.split()[0] in UNSEEN and "authentication prevents" in one)], bad
