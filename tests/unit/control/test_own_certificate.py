"""The device's own certificate: made once, renewed in time, made anew for another name; its key stays."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.control.own_certificate import DAYS, RENEW_BEFORE_DAYS, kept
from appliance.control.ready import OwnCertificate
from appliance.gate.profile import page_context

NOW = datetime(2026, 11, 15, 9, 0, tzinfo=UTC)
NAMES, ADDRESSES = ("sekisho.lan", "sekisho"), (IPv4Address("192.0.2.1"),)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "page.pem"


def made(path: Path, days: float = 0, names: tuple[str, ...] = NAMES) -> OwnCertificate:
    return kept(path, names, ADDRESSES, NOW + timedelta(days=days))


def test_it_is_made_once(path: Path) -> None:
    assert made(path) == made(path, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_browsers_can_take_it(path: Path) -> None:
    own = made(path)
    page_context(own.pair.certificate, own.pair.key)
    certificate = x509.load_pem_x509_certificate(own.pair.certificate.encode())
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert named.get_values_for_type(x509.DNSName) == list(NAMES)
    assert named.get_values_for_type(x509.IPAddress) == list(ADDRESSES)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=DAYS)
    assert ssl.PEM_cert_to_DER_cert(own.pair.certificate)


def test_it_is_renewed_before_it_ends_and_its_key_stays(path: Path) -> None:
    first = made(path)
    assert first.serves(NOW)
    last_day = DAYS - RENEW_BEFORE_DAYS - 2
    assert made(path, last_day) == first
    second = made(path, last_day + 2)
    assert second.ends > first.ends
    assert not first.serves(NOW + timedelta(days=last_day + 2))
    assert second.certificate_sha256 != first.certificate_sha256
    assert second.key_sha256 == first.key_sha256


def test_another_name_makes_it_anew(path: Path) -> None:
    first, second = made(path), made(path, names=("gate.lan", "gate"))
    assert (second.certificate_sha256 != first.certificate_sha256, second.key_sha256) == (True, first.key_sha256)


def test_one_that_was_made_while_the_clock_was_ahead_is_made_anew(path: Path) -> None:
    ahead = made(path, 800)
    assert made(path).ends < ahead.ends


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 700), junk=st.binary(max_size=20))
def test_a_damaged_file_is_made_anew(path: Path, cut: int, junk: bytes) -> None:
    made(path)
    path.write_bytes(path.read_bytes()[:cut] + junk)
    own = made(path)
    page_context(own.pair.certificate, own.pair.key)
    assert made(path) == own
