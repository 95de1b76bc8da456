from __future__ import annotations

import dataclasses
import pickle
import ssl
import subprocess
import sys
from typing import Any

import pytest
from cryptography.x509.ocsp import OCSPCertStatus
from OpenSSL import SSL

from appliance.gate.proof import Stapled
from appliance.gate.prove import Target
from appliance.gate.reasons import Reason
from appliance.gate.stapled import ask
from tests.unit.gate.settings import LOOPBACK


def asked(target: Target, port: int, timeout: float = 10.0) -> Stapled | None:
    return ask(dataclasses.replace(target, port=port), LOOPBACK, timeout)


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
@pytest.mark.parametrize(
    ("status", "must_staple", "answered", "reason"),
    [
        (OCSPCertStatus.GOOD, False, True, None),
        (OCSPCertStatus.GOOD, True, True, None),
        (OCSPCertStatus.REVOKED, False, True, Reason.REVOKED),
        (OCSPCertStatus.REVOKED, True, True, Reason.REVOKED),
        (None, False, False, None),
        (None, True, False, Reason.STAPLE_MISSING),
    ],
)
def test_what_a_server_staples_to_its_certificate(
    version: int,
    status: OCSPCertStatus | None,
    must_staple: bool,
    answered: bool,
    reason: Reason | None,
    target: Target,
    pki: Any,
    servers: Any,
) -> None:
    own = pki.engines.issue(must_staple=must_staple)
    staple = pki.engines.staple(own, status) if status else b""
    port = servers.start_stapled(own.certificate, own.key, staple, version)
    assert asked(target, port) == Stapled(own.mark, answered, reason)


def test_a_server_of_a_strangers_says_nothing(target: Target, pki: Any, servers: Any) -> None:
    own = pki.stranger.issue()
    staple = pki.stranger.staple(own, OCSPCertStatus.REVOKED)
    assert asked(target, servers.start_stapled(own.certificate, own.key, staple, SSL.TLS1_3_VERSION)) is None


def test_silence_and_absence_say_nothing(target: Target, servers: Any, until_end: Any) -> None:
    assert asked(target, servers.start(until_end), timeout=0.3) is None
    assert asked(target, servers.start(lambda sock: None)) is None
    assert asked(target, 1) is None


def test_the_server_must_like_the_clinics_certificate_no_less(
    target: Target, pki: Any, servers: Any, server_of: Any, until_end: Any
) -> None:
    context = server_of(pki.engine, pki.engines.pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert asked(target, servers.start_tls(context, until_end)) == Stapled(pki.engine.mark, False, None)


def test_whoever_hears_of_it_loads_no_cryptography() -> None:
    told = pickle.dumps(Stapled("mark", True, Reason.REVOKED))
    hear = "import pickle, sys; pickle.load(sys.stdin.buffer); print({'OpenSSL', 'cryptography'} & set(sys.modules))"
    heard = subprocess.run([sys.executable, "-c", hear], input=told, capture_output=True, check=True)
    assert heard.stdout == b"set()\n"


def test_the_question_can_be_handed_to_another_process(target: Target, pki: Any) -> None:
    there = pickle.loads(pickle.dumps(target))
    assert there.identity_key.get_secret_value() == pki.identity.key
