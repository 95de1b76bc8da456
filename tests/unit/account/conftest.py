"""A small PKI, a desk and a valid account, made once; the files of a request in a folder of their own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import OKPKey

from appliance.account import keys
from appliance.errors import SekishoError

NOW = datetime(2026, 11, 15, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Pair:
    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def make(
    subject: str,
    issuer: Pair | None = None,
    *,
    ca: bool = False,
    dns: tuple[str, ...] = (),
    use: x509.ObjectIdentifier | None = None,
    key: Any = None,
    days: int = 730,
) -> Pair:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if dns:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(entry) for entry in dns]), False)
    if use:
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), False)
    return Pair(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@dataclass(frozen=True)
class Pki:
    engine_ca: Pair
    terminal_ca: Pair
    clinic: Pair
    gate: Pair
    stranger: Pair
    weak: Pair
    make: Callable[..., Pair]


@pytest.fixture(scope="session")
def pki() -> Pki:
    engine_ca = make("Example Engine CA", ca=True, days=3650)
    terminal_ca = make("Example Terminal CA", ca=True, days=3650)
    return Pki(
        engine_ca=engine_ca,
        terminal_ca=terminal_ca,
        clinic=make("clinic-0042", engine_ca, use=ExtendedKeyUsageOID.CLIENT_AUTH),
        gate=make(
            "gate", terminal_ca, dns=("weborca-gate.cloud.example",), use=ExtendedKeyUsageOID.SERVER_AUTH, days=400
        ),
        stranger=make("stranger", engine_ca),
        weak=make("weak", engine_ca, key=rsa.generate_private_key(65537, 1024)),
        make=make,
    )


def random_key() -> str:
    return base64.b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode()


@pytest.fixture(scope="session")
def _values(pki: Pki) -> dict[str, Any]:
    def tunnel(number: int) -> dict[str, Any]:
        return {
            "name": f"dc{number}",
            "endpoint_host": f"vpn{number}.dc.example",
            "endpoint_port": 51820,
            "public_key": random_key(),
            "preshared_key": random_key(),
            "inner_address": "203.0.113.129",
            "peer_address": f"203.0.113.{number}",
            "allowed_prefixes": ["203.0.113.0/25"],
        }

    pins = ["sha256/" + base64.b64encode(bytes([fill]) * 32).decode() for fill in (1, 2)]
    return {
        "format": 1,
        "serial": 7,
        "issuer": "Example Data Center",
        "not_before": "2026-11-01T00:00:00+09:00",
        "expires": "2028-11-01T00:00:00+09:00",
        "clinic": {"id": "clinic-0042", "name": {"ja": "れいわ診療所", "en": "Reiwa Clinic"}},
        "wireguard_private_key": random_key(),
        "tunnels": [tunnel(1), tunnel(2)],
        "bfd": {"interval_ms": 50, "multiplier": 4},
        "dns": ["203.0.113.5"],
        "services": [
            {"name": "receipt", "host": "weborca.cloud.example", "port": 443, "mode": "passthrough", "pins": pins},
            {
                "name": "receipt-gate",
                "host": "weborca-gate.cloud.example",
                "port": 443,
                "mode": "terminate",
                "pins": pins,
                "presented": {"certificate": pki.gate.pem + pki.terminal_ca.pem, "key": pki.gate.key_pem},
            },
        ],
        "trust_anchors": pki.engine_ca.pem,
        "terminal_anchors": pki.terminal_ca.pem,
        "identity": {"certificate": pki.clinic.pem, "key": pki.clinic.key_pem},
        "monitoring": ["203.0.113.6/32"],
        "ntp": ["203.0.113.7"],
    }


@pytest.fixture
def values(_values: dict[str, Any]) -> dict[str, Any]:
    """The account as JSON values; each test may change its own."""
    return deepcopy(_values)


@pytest.fixture(scope="session")
def payload(_values: dict[str, Any]) -> bytes:
    return json.dumps(_values, ensure_ascii=False).encode()


@pytest.fixture(scope="session")
def secrets_inside(_values: dict[str, Any]) -> list[str]:
    """Every secret of the account: none may ever be shown."""
    found = [_values["wireguard_private_key"]]
    found += [tunnel["preshared_key"] for tunnel in _values["tunnels"]]
    pems = [_values["identity"]["key"], _values["services"][1]["presented"]["key"]]
    # The middle line of the PEM: what would be left of it after any reformatting.
    return found + [pem.splitlines()[1] for pem in pems]


@pytest.fixture(scope="session")
def desk() -> OKPKey:
    return keys.generate()


@pytest.fixture(scope="session")
def trusted(desk: OKPKey) -> keys.Trusted:
    return {desk.thumbprint(): OKPKey.import_key(desk.public_key)}


@pytest.fixture
def now() -> datetime:
    return NOW


class FernetSealer:
    """Seals with a key in memory: what systemd-creds does, without a host key on the machine of the tests."""

    def __init__(self) -> None:
        self._fernet = Fernet(Fernet.generate_key())

    def seal(self, secret: bytes) -> str:
        return self._fernet.encrypt(secret).decode()

    def unseal(self, sealed: str) -> bytes:
        try:
            return self._fernet.decrypt(sealed.encode())
        except InvalidToken:
            raise SekishoError("account.cannot-unseal", "開けません。", "Cannot open.") from None


@pytest.fixture
def sealer() -> FernetSealer:
    return FernetSealer()


REQUEST = """\
serial = 7
issuer = "Example Data Center"
not_before = 2026-11-01T00:00:00+09:00
expires = 2028-11-01T00:00:00+09:00
dns = ["203.0.113.5"]
monitoring = ["203.0.113.6/32"]
ntp = ["203.0.113.7"]
trust_anchors_file = "engine-ca.pem"
terminal_anchors_file = "terminal-ca.pem"

[clinic]
id = "clinic-0042"
name = { ja = "れいわ診療所", en = "Reiwa Clinic" }

[identity]
certificate_file = "clinic.pem"
key_file = "clinic-key.pem"

[[tunnels]]
name = "dc1"
endpoint_host = "vpn1.dc.example"
endpoint_port = 51820
public_key = "KEY1"
inner_address = "203.0.113.129"
peer_address = "203.0.113.1"
allowed_prefixes = ["203.0.113.0/25"]

[[tunnels]]
name = "dc2"
endpoint_host = "vpn2.dc.example"
endpoint_port = 51820
public_key = "KEY2"
inner_address = "203.0.113.129"
peer_address = "203.0.113.2"
allowed_prefixes = ["203.0.113.0/25"]

[[services]]
name = "receipt"
host = "weborca.cloud.example"
port = 443
mode = "passthrough"
pins = ["PIN1", "PIN2"]

[[services]]
name = "receipt-gate"
host = "weborca-gate.cloud.example"
port = 443
mode = "terminate"
pins = ["PIN1", "PIN2"]

[services.presented]
certificate_file = "gate.pem"
key_file = "gate-key.pem"
"""


@pytest.fixture
def request_file(tmp_path: Path, pki: Pki, values: dict[str, Any]) -> Path:
    """A complete request with the files that it names."""
    folder = tmp_path / "desk"
    folder.mkdir()
    text = REQUEST
    for number in (0, 1):
        text = text.replace(f"KEY{number + 1}", values["tunnels"][number]["public_key"])
        text = text.replace(f"PIN{number + 1}", values["services"][0]["pins"][number])
    (folder / "request.toml").write_text(text, encoding="utf-8")
    for name, content in (
        ("engine-ca.pem", pki.engine_ca.pem),
        ("terminal-ca.pem", pki.terminal_ca.pem),
        ("clinic.pem", pki.clinic.pem),
        ("gate.pem", pki.gate.pem),
    ):
        (folder / name).write_text(content)
    for name, content in (("clinic-key.pem", pki.clinic.key_pem), ("gate-key.pem", pki.gate.key_pem)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(content)
    return folder / "request.toml"
