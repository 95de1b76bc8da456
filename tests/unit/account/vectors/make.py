"""Made the files beside it. EXAMPLE KEYS ONLY: they are public, and nobody may ever use them.

Run it to make another set (certificates, salts and the content key are random each time):
    python tests/unit/account/vectors/make.py
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import OKPKey

from appliance.account import code, envelope, keys, request, structure

HERE = Path(__file__).parent
Authority = tuple[x509.Name, ec.EllipticCurvePrivateKey]
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2046, 11, 1, tzinfo=UTC)


def seed(label: str) -> bytes:
    return hashlib.sha256(b"sekisho example: " + label.encode()).digest()


def certificate(name: str, file: str, issuer: Authority | None, *extra: x509.ExtensionType) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0] if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    for extension in extra:
        builder = builder.add_extension(extension, critical=False)
    made = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    (HERE / f"{file}.pem").write_bytes(made.public_bytes(Encoding.PEM))
    if issuer:
        write_secret(
            f"{file}-key.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
        )
    return subject, key


def write_secret(name: str, content: str) -> None:
    (HERE / name).write_text(content)
    (HERE / name).chmod(0o600)


def main() -> None:
    desk = OKPKey.derive_key(seed("desk"), "Ed25519")
    write_secret("example-desk.jwk", keys.private_jwk(desk))
    (HERE / "example-desk-keys.json").write_text(keys.public_set([desk]))

    engine_ca = certificate("EXAMPLE Engine CA", "example-engine-ca", None)
    terminal_ca = certificate("EXAMPLE Terminal CA", "example-terminal-ca", None)
    certificate("clinic-0042", "example-clinic", engine_ca, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))
    certificate(
        "weborca-gate.cloud.example",
        "example-gate",
        terminal_ca,
        x509.SubjectAlternativeName([x509.DNSName("weborca-gate.cloud.example")]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    )

    for name, label in (("clinic.wg", "clinic"), ("dc1.psk", "psk1"), ("dc2.psk", "psk2")):
        write_secret(f"example-{name}", base64.b64encode(seed(label)).decode("ascii") + "\n")
    payload = request.to_account_json(HERE / "example-request.toml", request.Defaults(START, "", ()))
    structure.from_json(payload)
    (HERE / "example-account.json").write_bytes(payload)
    drawn = ["SEK1", "SH0A", "CC0T", "NTEX", "AMP3"]
    activation_code = "".join(part + code.check_character(number, part) for number, part in enumerate(drawn, start=1))
    (HERE / "example-code.txt").write_text(code.display(activation_code) + "\n")
    (HERE / "example.sekisho-account").write_bytes(envelope.seal(payload, desk, activation_code))


if __name__ == "__main__":
    main()
