from __future__ import annotations

import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.pins import Identity, identity_of, issuer_of_list, pin_of_certificate, pin_of_key

SIGNER = ed25519.Ed25519PrivateKey.generate()
"""Its signatures are deterministic, as hypothesis needs."""
KEYS = [
    ec.generate_private_key(ec.SECP256R1()).public_key(),
    ec.generate_private_key(ec.SECP521R1()).public_key(),
    rsa.generate_private_key(65537, 2048).public_key(),
    ed25519.Ed25519PrivateKey.generate().public_key(),
    ed448.Ed448PrivateKey.generate().public_key(),
]


def certificate(key: object, name: str, serial: int, padding: int, version_1: bool = False) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key)  # type: ignore[arg-type]
        .serial_number(serial)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2060, 1, 1, tzinfo=UTC))
    )
    if padding:
        oid = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, b"\x04" * padding), critical=False)
    return builder.sign(SIGNER, None).public_bytes(Encoding.DER)


CERTIFICATES = st.builds(
    certificate,
    st.sampled_from(KEYS),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=16),
    st.integers(1, 2**158),
    st.sampled_from([0, 1, 127, 128, 255, 256, 70000]),
)


@given(CERTIFICATES)
@settings(deadline=None, max_examples=60)
def test_the_walk_finds_what_cryptography_finds(der: bytes) -> None:
    found = x509.load_der_x509_certificate(der)
    spki = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    length = found.serial_number.bit_length() // 8 + 1
    mark = f"{sha256(found.issuer.public_bytes()).hexdigest()[:16]}:{found.serial_number:0{2 * length}x}"
    assert identity_of(der) == Identity("sha256/" + b64encode(sha256(spki).digest()).decode(), mark)


@given(CERTIFICATES, st.data())
@settings(deadline=None, max_examples=60)
def test_every_truncation_is_refused(der: bytes, data: st.DataObject) -> None:
    with pytest.raises(ValueError):
        identity_of(der[: data.draw(st.integers(0, len(der) - 1))])


@given(st.binary(max_size=300))
def test_noise_is_refused_and_never_crashes(noise: bytes) -> None:
    with pytest.raises(ValueError):
        identity_of(noise)


@given(CERTIFICATES, st.data())
@settings(deadline=None, max_examples=200)
def test_a_changed_byte_gives_an_identity_or_an_error(der: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(der) - 1))
    changed = bytearray(der)
    changed[position] ^= data.draw(st.integers(1, 255))
    try:
        found = identity_of(bytes(changed))
    except ValueError:
        return
    assert len(found.pin) == len("sha256/") + 44


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x80\x00\x00",  # indefinite length
        b"\x30\x81\x05\x30\x03\x02\x01\x01",  # length not in its shortest form
        b"\x30\x85\x00\x00\x00\x00\x01\x00",  # length of five bytes
        b"\x31\x03\x02\x01\x01",  # a SET
        b"\x30\x05\x30\x03\x02\x01\x01",  # nothing after the serial number
    ],
)
def test_what_is_not_der_is_refused(der: bytes) -> None:
    with pytest.raises(ValueError):
        identity_of(der)


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(ValueError):
        identity_of(certificate(KEYS[0], "a", 1, 0) + b"\0")


def test_the_pin_is_the_one_of_rfc_7469_section_2_4_as_openssl_computes_it() -> None:
    der = certificate(KEYS[2], "weborca.cloud.example", 5, 0)
    public_key = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-pubkey"], input=der, capture_output=True, check=True
    ).stdout
    spki = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=public_key, capture_output=True, check=True
    ).stdout
    assert pin_of_certificate(der) == pin_of_key(spki)


@pytest.mark.parametrize("version_2", [True, False])
def test_whoever_issues_a_list_is_whoever_issued_what_is_on_it(version_2: bool) -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "認証局")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateRevocationListBuilder().issuer_name(subject).last_update(now).next_update(now)
    if version_2:
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
    assert issuer_of_list(builder.sign(SIGNER, None).public_bytes(Encoding.DER)) == subject.public_bytes()


@given(st.binary(max_size=300))
def test_a_list_of_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(ValueError):
        issuer_of_list(noise)
