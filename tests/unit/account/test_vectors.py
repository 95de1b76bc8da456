"""The published example, opened by an independent implementation of docs/account.md and by ours; and spoilt.

The independent one uses no JOSE library: hashlib, base64 and the bare ciphers of `cryptography`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from appliance.account import certificates, code, desk, envelope, keys, structure
from appliance.account.model import Account
from appliance.errors import SekishoError

VECTORS = Path(__file__).parent / "vectors"
DOCUMENT = (Path(__file__).parents[3] / "docs" / "account.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return (VECTORS / "example.sekisho-account").read_bytes()


@pytest.fixture(scope="module")
def password() -> str:
    return code.parse((VECTORS / "example-code.txt").read_text())


@pytest.fixture(scope="module")
def published() -> keys.Trusted:
    return keys.load_trusted(VECTORS / "example-desk-keys.json")


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def independently_opened(data: bytes, password: str, desk_keys: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    lines = data.decode("ascii").split("\n")
    assert (lines[0], lines[-2], lines[-1]) == (
        "-----BEGIN SEKISHO ACCOUNT-----",
        "-----END SEKISHO ACCOUNT-----",
        "",
    )
    token = "".join(lines[1:-3])
    assert lines[-3] == "sha256:" + hashlib.sha256(token.encode()).hexdigest()
    protected, wrapped, nonce, ciphertext, tag = token.split(".")
    header = json.loads(decoded(protected))
    salt = header["alg"].encode() + b"\0" + decoded(header["p2s"])
    kek = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, header["p2c"], 32)
    cek = aes_key_unwrap(kek, decoded(wrapped))
    jws = AESGCM(cek).decrypt(decoded(nonce), decoded(ciphertext) + decoded(tag), protected.encode()).decode()
    signing_input, _, signature = jws.rpartition(".")
    jws_header = json.loads(decoded(signing_input.split(".")[0]))
    public = Ed25519PublicKey.from_public_bytes(decoded(desk_keys[jws_header["kid"]]))
    public.verify(decoded(signature), signing_input.encode())
    seen = {
        "JWE header": decoded(protected).decode(),
        "PBKDF2 salt": salt.hex(),
        "key encryption key": kek.hex(),
        "content encryption key": cek.hex(),
        "JWS header": decoded(signing_input.split(".")[0]).decode(),
    }
    return decoded(signing_input.split(".")[1]), seen


def test_an_independent_implementation_opens_the_example(sealed: bytes, password: str) -> None:
    listed = json.loads((VECTORS / "example-desk-keys.json").read_text())["keys"]
    payload, seen = independently_opened(sealed, password, {key["kid"]: key["x"] for key in listed})
    assert payload == (VECTORS / "example-account.json").read_bytes()
    for name, value in seen.items():
        assert value in DOCUMENT, f"{name} of the worked example in docs/account.md should be {value}"
    assert hashlib.sha256(payload).hexdigest() in DOCUMENT


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    (key,) = json.loads((VECTORS / "example-desk-keys.json").read_text())["keys"]
    canonical = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": key["x"]}, separators=(",", ":"))
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).decode().rstrip("=")
    assert thumbprint == key["kid"]
    assert thumbprint in DOCUMENT


def test_ours_opens_the_example(sealed: bytes, password: str, published: keys.Trusted) -> None:
    payload = envelope.open_sealed(sealed, password, published)
    account = structure.from_json(payload)
    certificates.check(account)
    assert account.clinic.id == "clinic-0042"
    assert [service.name for service in account.services] == ["receipt", "receipt-gate"]


def test_the_example_request_gives_the_example_account(tmp_path: Path) -> None:
    folder = shutil.copytree(VECTORS, tmp_path / "vectors")
    for secret in ("example-clinic.wg", "example-dc1.psk", "example-dc2.psk", "example-desk.jwk"):
        # Version control keeps no file modes.
        (folder / secret).chmod(0o600)
    for secret in folder.glob("*-key.pem"):
        secret.chmod(0o600)
    account = structure.from_json((VECTORS / "example-account.json").read_bytes())
    issued = desk.issue(
        folder / "example-request.toml",
        keys.load_signing_key(folder / "example-desk.jwk"),
        tmp_path / "out",
        account.not_before,
        envelope.FEWEST_ITERATIONS,
    )
    letter = issued.letter.read_text(encoding="utf-8")
    groups = [line.split("　　")[1].replace(" ", "") for line in letter.splitlines() if "グループ　　" in line]
    trusted = keys.load_trusted(folder / "example-desk-keys.json")
    payload = envelope.open_sealed(issued.account_file.read_bytes(), code.parse("-".join(groups)), trusted)
    assert structure.from_json(payload) == account


def test_any_changed_byte_of_the_example_is_refused(sealed: bytes, password: str, published: keys.Trusted) -> None:
    """Every position, a change in each bit of it over the whole file."""
    for position in range(len(sealed)):
        spoilt = bytearray(sealed)
        spoilt[position] ^= 1 << (position % 8)
        with pytest.raises(SekishoError) as caught:
            envelope.open_sealed(bytes(spoilt), password, published)
        assert caught.value.code in {"account.tampered", "account.not-an-account", "account.truncated"}


def test_the_example_cut_anywhere_is_refused(sealed: bytes, password: str, published: keys.Trusted) -> None:
    for length in range(len(sealed)):
        with pytest.raises(SekishoError) as caught:
            envelope.open_sealed(sealed[:length], password, published)
        assert caught.value.code == "account.truncated"


def test_the_document_shows_the_example_request() -> None:
    shown = DOCUMENT.split("```toml\n")[1].split("```")[0]
    assert shown == (VECTORS / "example-request.toml").read_text(encoding="utf-8")
    assert tomllib.loads(shown)["clinic"]["id"] == "clinic-0042"


def test_the_document_names_every_field_and_error() -> None:
    fields = {name for part in _objects(Account.model_json_schema()) for name in part.get("properties", {})}
    assert len(fields) > 30
    for name in fields:
        assert f"`{name}`" in DOCUMENT, name
    source = Path(structure.__file__).parent
    raised = {
        word.strip('"')
        for file in source.glob("*.py")
        for word in file.read_text().replace("(", " ").replace(",", " ").split()
        if word.startswith('"account.') and word.endswith('"')
    } - {"account.json"}
    assert len(raised) > 20
    for name in raised:
        assert f"`{name}`" in DOCUMENT, name


def test_the_check_characters_in_the_document_are_right() -> None:
    table = DOCUMENT.split("<!-- check characters -->")[1].split("<!-- end -->")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert len(rows) >= 5
    for row in rows:
        number, drawn, check = (cell.strip().strip("`") for cell in row[1:4])
        assert code.check_character(int(number), drawn) == check


def _objects(node: object) -> list[dict[str, dict[str, object]]]:
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in _objects(value))]
    if isinstance(node, list):
        return [found for value in node for found in _objects(value)]
    return []
