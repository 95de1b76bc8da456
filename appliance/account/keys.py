"""The desk's signing key, and the set of desks that a router trusts (JWK, RFC 7517 and RFC 8037)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from appliance.account.secret_file import read_secret, unreadable
from appliance.errors import SekishoError

Trusted = Mapping[str, OKPKey]
"""RFC 7638 thumbprint → public Ed25519 key."""


def generate() -> OKPKey:
    return OKPKey.generate_key("Ed25519")


def private_jwk(key: OKPKey) -> str:
    return json.dumps(key.as_dict(private=True, kid=key.thumbprint()), indent=2) + "\n"


def public_set(keys: Iterable[OKPKey]) -> str:
    """What /etc/sekisho/desk-keys.json holds."""
    return json.dumps({"keys": [key.as_dict(private=False, kid=key.thumbprint()) for key in keys]}, indent=2) + "\n"


def load_signing_key(path: Path) -> OKPKey:
    """Raises `account.desk-key`, `account.secret-exposed`, `account.file-unreadable`."""
    key = _ed25519(_json(read_secret(path)))
    if key is None or not key.is_private:
        raise SekishoError(
            "account.desk-key",
            f"{path} は Ed25519 の署名鍵（JWK）ではありません。"
            "「sekisho account keygen」で作った鍵を指定してください。",
            f"{path} is not an Ed25519 signing key (JWK): name a key made by `sekisho account keygen`.",
        )
    return key


def load_trusted(path: Path) -> Trusted:
    """Raises `account.no-desk-keys` when there is no such file, `account.desk-keys` when it is not as it must be."""
    try:
        trusted = parse_trusted(path.read_bytes())
    except FileNotFoundError:
        raise SekishoError(
            "account.no-desk-keys",
            f"信頼するデータセンターの鍵（{path}）がこのルーターにありません。データセンターから受け取って置いてください。",
            f"This router has no keys of data centers to trust ({path}): get the file from the data center.",
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None
    if trusted is None:
        raise SekishoError(
            "account.desk-keys",
            f"{path} は、Ed25519 の公開鍵だけを並べた JWK セットでなければなりません。"
            "データセンターから受け取り直してください。",
            f"{path} must be a JWK set of public Ed25519 keys only: get the file again from the data center.",
        )
    return trusted


def parse_trusted(data: bytes) -> Trusted | None:
    """None: it is no JWK set of public Ed25519 keys only."""
    document = _json(data)
    listed = document.get("keys") if isinstance(document, dict) else None
    found = [_ed25519(entry) for entry in listed] if isinstance(listed, list) else []
    # A private key here would let whoever opens one router issue accounts for all clinics.
    if not found or any(key is None or key.is_private for key in found):
        return None
    return {key.thumbprint(): key for key in found if key is not None}


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _ed25519(entry: object) -> OKPKey | None:
    if not isinstance(entry, dict) or entry.get("kty") != "OKP" or entry.get("crv") != "Ed25519":
        return None
    try:
        key = OKPKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "d") if name in entry})
        # joserfc takes "x" of a private key as given; a wrong one would sign under a foreign thumbprint.
        derived = OKPKey.import_key(key.raw_value)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if derived.thumbprint() == key.thumbprint() else None
