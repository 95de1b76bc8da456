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

from appliance.gate.pins import is_pinned, pin_of_certificate, pin_of_key, subject_public_key_info

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
    spki = (
        x509.load_der_x509_certificate(der).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    assert subject_public_key_info(der) == spki
    assert pin_of_certificate(der) == "sha256/" + b64encode(sha256(spki).digest()).decode()


@given(CERTIFICATES, st.data())
@settings(deadline=None, max_examples=60)
def test_every_truncation_is_refused(der: bytes, data: st.DataObject) -> None:
    with pytest.raises(ValueError):
        subject_public_key_info(der[: data.draw(st.integers(0, len(der) - 1))])


@given(st.binary(max_size=300))
def test_noise_is_refused_and_never_crashes(noise: bytes) -> None:
    with pytest.raises(ValueError):
        subject_public_key_info(noise)


@given(CERTIFICATES, st.data())
@settings(deadline=None, max_examples=200)
def test_a_changed_byte_gives_a_slice_of_the_input_or_an_error(der: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(der) - 1))
    changed = bytearray(der)
    changed[position] ^= data.draw(st.integers(1, 255))
    try:
        found = subject_public_key_info(bytes(changed))
    except ValueError:
        return
    assert found in bytes(changed)


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
        subject_public_key_info(der)


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(ValueError):
        subject_public_key_info(certificate(KEYS[0], "a", 1, 0) + b"\0")


def test_the_pin_is_the_one_of_rfc_7469_section_2_4_as_openssl_computes_it() -> None:
    der = certificate(KEYS[2], "weborca.cloud.example", 5, 0)
    public_key = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-pubkey"], input=der, capture_output=True, check=True
    ).stdout
    spki = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=public_key, capture_output=True, check=True
    ).stdout
    assert pin_of_certificate(der) == pin_of_key(spki)


def test_a_certificate_is_pinned_by_any_of_the_pins() -> None:
    der = certificate(KEYS[0], "a", 1, 0)
    other = "sha256/" + "A" * 43 + "="
    assert is_pinned(der, (other, pin_of_certificate(der)))
    assert not is_pinned(der, (other,))
