"""Signed, then encrypted: JWS (RFC 7515, Ed25519) inside JWE (RFC 7516, PBES2), both compact.

The file format around it is `armour`; the whole is described for other implementers in docs/account.md.
"""

from __future__ import annotations

import json
from binascii import Error as Base64Error
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap
from joserfc import jwe, jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OctKey, OKPKey
from joserfc.util import urlsafe_b64decode

from appliance.account import armour
from appliance.account.document import ACCOUNT, Kind
from appliance.account.keys import Trusted
from appliance.errors import SekishoError

ITERATIONS = 300_000
"""PBKDF2 rounds (p2c): the most that joserfc opens; a quarter of a second on a small machine."""
FEWEST_ITERATIONS = 1000
"""RFC 7518 section 4.8.1.2."""
_SIGNATURES = ("EdDSA", "Ed25519")
"""Two names of one algorithm: RFC 8037's, which every JOSE library knows, and RFC 9864's."""


class _JwsRegistry(jws.JWSRegistry):
    max_payload_length = armour.MAX_FILE

    def get_alg(self, name: str) -> Any:
        # The library's own look-up warns that the older name is deprecated; `_jws_header` has decided already.
        return self.algorithms[name]


class _JweRegistry(jwe.JWERegistry):
    max_ciphertext_length = armour.MAX_FILE


_JWS = _JwsRegistry(algorithms=_SIGNATURES)
_JWE = _JweRegistry(algorithms=("PBES2-HS512+A256KW", "A256GCM"))


def seal(payload: bytes, desk: OKPKey, code: str, iterations: int = ITERATIONS) -> bytes:
    """Account JSON → account file. code: normalised. iterations: PBKDF2 rounds, 1,000 to 300,000."""
    sealed = jwe.encrypt_compact(
        {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "cty": ACCOUNT.type, "p2c": iterations},
        sign(payload, desk, ACCOUNT),
        _password(code),
        registry=_JWE,
    )
    data = armour.wrap(sealed)
    if len(data) > armour.MAX_FILE:
        raise SekishoError(
            "account.too-large",
            "接続アカウントが大きすぎます（上限 1 MiB）。"
            "証明書のファイルに余分なものが入っていないか確かめてください。",
            "The account is too large (1 MiB at most): check the certificate files for what does not belong there.",
        )
    return data


def open_sealed(data: bytes, code: str, trusted: Trusted) -> bytes:
    """Account file → account JSON, decrypted and its signature verified. code: normalised.

    Raises what `armour.unwrap` raises and `account.wrong-code`, `account.tampered`,
    `account.unknown-desk`, `account.malformed`.
    """
    return verify(_decrypt(armour.unwrap(data), code), trusted, ACCOUNT)


def sign(payload: bytes, desk: OKPKey, kind: Kind) -> str:
    """JSON → JWS compact."""
    header = {"alg": "EdDSA", "typ": kind.type, "kid": desk.thumbprint()}
    return jws.serialize_compact(header, payload, desk, registry=_JWS)


def verify(signed: bytes, trusted: Trusted, kind: Kind) -> bytes:
    """JWS compact → JSON, whose signature is a trusted desk's.

    Raises ``KIND.unknown-desk``, ``KIND.tampered``, ``KIND.malformed``.
    """
    text = signed.decode("ascii", errors="replace")
    header = _header(text, "JWS", kind)
    if header.keys() != {"alg", "typ", "kid"} or header["alg"] not in _SIGNATURES or header["typ"] != kind.type:
        raise _malformed("JWS header", kind)
    desk = trusted.get(header["kid"]) if isinstance(header["kid"], str) else None
    if desk is None:
        raise SekishoError(
            f"{kind.code}.unknown-desk",
            f"この{kind.noun.ja}に署名したデータセンターを、このルーターは信頼していません。発行元を確かめてください。",
            f"This {kind.noun.en} was signed by a data center that this router does not trust: check who issued it.",
        )
    try:
        return jws.deserialize_compact(text, desk, registry=_JWS).payload
    except BadSignatureError:
        raise _altered(kind) from None
    except (JoseError, ValueError, TypeError):
        raise _malformed("JWS", kind) from None


def _decrypt(token: str, code: str) -> bytes:
    # Before any work: the number of rounds is the sender's, and unverified.
    _check_jwe_header(_header(token, "JWE", ACCOUNT))
    try:
        opened = jwe.decrypt_compact(token, _password(code), registry=_JWE)
    except (JoseError, ValueError, TypeError, AssertionError) as error:
        if isinstance(error.__cause__, InvalidUnwrap):
            raise SekishoError(
                "account.wrong-code",
                "アクティベーションコードが、この接続アカウントのものではありません。"
                "ファイルと手紙の組み合わせを確かめてください。",
                "The activation code is not the one of this account: "
                "check that the file and the letter belong together.",
            ) from None
        if isinstance(error.__cause__, InvalidTag):
            raise _altered(ACCOUNT) from None
        raise _malformed("JWE", ACCOUNT) from None
    return opened.plaintext or b""


def _header(token: str, what: str, kind: Kind) -> dict[str, object]:
    try:
        header = json.loads(urlsafe_b64decode(token.split(".", 1)[0].encode()))
    except (Base64Error, ValueError, RecursionError):
        raise _malformed(f"{what} header", kind) from None
    if not isinstance(header, dict):
        raise _malformed(f"{what} header", kind)
    return header


def _check_jwe_header(header: dict[str, object]) -> None:
    expected = {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "cty": ACCOUNT.type}
    rounds = header.get("p2c")
    if (
        header.keys() != {*expected, "p2s", "p2c"}
        or any(header[name] != value for name, value in expected.items())
        or not isinstance(header["p2s"], str)
        or type(rounds) is not int
        or not FEWEST_ITERATIONS <= rounds <= ITERATIONS
    ):
        raise _malformed("JWE header", ACCOUNT)


def _password(code: str) -> OctKey:
    return OctKey.import_key(code.encode("ascii"))


def _altered(kind: Kind) -> SekishoError:
    return SekishoError(
        f"{kind.code}.tampered",
        f"{kind.noun.ja}の中身が、発行されたあとに書き換えられています。使わずに、データセンターへ連絡してください。",
        f"The content of this {kind.noun.en} was altered after it was issued: do not use it, and tell the data center.",
    )


def _malformed(part: str, kind: Kind) -> SekishoError:
    return SekishoError(
        f"{kind.code}.malformed",
        f"{kind.noun.ja}の {part} が決められた形ではありません。データセンターに作り直しを頼んでください。",
        f"The {kind.noun.en}'s {part} is not of the agreed form: ask the data center to issue it again.",
    )
