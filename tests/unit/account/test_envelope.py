"""Signature and encryption: what a careless carrier and a skilled forger can do, and what is said."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe, jws
from joserfc.jwk import OctKey, OKPKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from appliance.account import armour, code, envelope, keys
from appliance.account.document import ACCOUNT
from appliance.errors import SekishoError

CODE = code.generate()
FAST = envelope.FEWEST_ITERATIONS


def refusal(data: bytes, trusted: keys.Trusted, activation_code: str = CODE) -> SekishoError:
    with pytest.raises(SekishoError) as caught:
        envelope.open_sealed(data, activation_code, trusted)
    return caught.value


def encrypted(plaintext: str, **header: Any) -> bytes:
    """What somebody who holds the code can make: a JWE with any content and header."""
    protected = {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "cty": ACCOUNT.type, "p2c": FAST} | header
    protected = {name: value for name, value in protected.items() if value is not None}
    registry = jwe.JWERegistry(algorithms=[protected["alg"], protected["enc"], "DEF"], strict_check_header=False)
    return armour.wrap(jwe.encrypt_compact(protected, plaintext, OctKey.import_key(CODE.encode()), registry=registry))


def signed(payload: bytes, key: Any, **header: Any) -> str:
    protected = {"alg": "EdDSA", "typ": ACCOUNT.type, "kid": key.thumbprint()} | header
    protected = {name: value for name, value in protected.items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jws.serialize_compact(protected, payload, key, algorithms=[protected["alg"]])


def resealed(data: bytes, part: int, change: int) -> bytes:
    """A forger's work: alter one part of the JWE and put the checksum right."""
    parts = armour.unwrap(data).split(".")
    raw = bytearray(urlsafe_b64decode(parts[part].encode()))
    raw[change % len(raw)] ^= 1
    parts[part] = urlsafe_b64encode(bytes(raw)).decode()
    return armour.wrap(".".join(parts))


@pytest.fixture(scope="module")
def sealed(payload: bytes, desk: OKPKey) -> bytes:
    return envelope.seal(payload, desk, CODE, FAST)


def test_round_trip_with_the_default_cost(payload: bytes, desk: OKPKey, trusted: keys.Trusted) -> None:
    data = envelope.seal(payload, desk, CODE)
    header = json.loads(urlsafe_b64decode(armour.unwrap(data).split(".")[0].encode()))
    assert header["p2c"] == 300_000
    assert envelope.open_sealed(data, CODE, trusted) == payload


@given(st.binary(max_size=2000))
@settings(max_examples=30)
def test_any_content_survives(desk: OKPKey, trusted: keys.Trusted, content: bytes) -> None:
    assert envelope.open_sealed(envelope.seal(content, desk, CODE, FAST), CODE, trusted) == content


def test_no_warning_reaches_the_log(payload: bytes, desk: OKPKey, trusted: keys.Trusted) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert envelope.open_sealed(envelope.seal(payload, desk, CODE, FAST), CODE, trusted) == payload


def test_both_names_of_the_signature_algorithm_are_accepted(desk: OKPKey, trusted: keys.Trusted) -> None:
    for name in ("EdDSA", "Ed25519"):
        assert envelope.open_sealed(encrypted(signed(b"{}", desk, alg=name)), CODE, trusted) == b"{}"


def test_wrong_code(sealed: bytes, trusted: keys.Trusted) -> None:
    assert refusal(sealed, trusted, code.generate()).code == "account.wrong-code"


@pytest.mark.parametrize("part", [2, 3, 4])
def test_a_forger_who_repairs_the_checksum_fails_at_the_tag(sealed: bytes, trusted: keys.Trusted, part: int) -> None:
    assert refusal(resealed(sealed, part, 5), trusted).code == "account.tampered"


def test_an_altered_wrapped_key_cannot_be_told_from_a_wrong_code(sealed: bytes, trusted: keys.Trusted) -> None:
    assert refusal(resealed(sealed, 1, 5), trusted).code == "account.wrong-code"


@given(part=st.integers(0, 4), change=st.integers(0, 5000))
@settings(max_examples=60)
def test_no_repaired_forgery_opens(sealed: bytes, trusted: keys.Trusted, part: int, change: int) -> None:
    refused = refusal(resealed(sealed, part, change), trusted)
    assert refused.code in {"account.wrong-code", "account.tampered", "account.malformed"}


def test_a_holder_of_the_code_cannot_sign(payload: bytes, desk: OKPKey, trusted: keys.Trusted) -> None:
    stranger = keys.generate()
    assert refusal(encrypted(signed(payload, stranger)), trusted).code == "account.unknown-desk"
    claims = signed(payload, stranger, kid=desk.thumbprint())
    assert refusal(encrypted(claims), trusted).code == "account.tampered"


def test_a_changed_payload_breaks_the_signature(payload: bytes, desk: OKPKey, trusted: keys.Trusted) -> None:
    header, _, signature = signed(payload, desk).split(".")
    changed = urlsafe_b64encode(payload.replace(b"443", b"444")).decode()
    assert refusal(encrypted(f"{header}.{changed}.{signature}"), trusted).code == "account.tampered"


def test_a_symmetric_signature_under_the_public_key_is_refused(desk: OKPKey, trusted: keys.Trusted) -> None:
    public = OctKey.import_key(desk.public_key.public_bytes_raw())
    token = jws.serialize_compact(
        {"alg": "HS256", "typ": ACCOUNT.type, "kid": desk.thumbprint()}, b"{}", public, algorithms=["HS256"]
    )
    assert refusal(encrypted(token), trusted).code == "account.malformed"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"kid": None},
        {"cty": "json"},
        {"crit": ["b64"], "b64": False},
    ],
)
def test_other_jws_headers_are_refused(desk: OKPKey, trusted: keys.Trusted, header: dict[str, Any]) -> None:
    assert refusal(encrypted(signed(b"{}", desk, **header)), trusted).code == "account.malformed"


@pytest.mark.parametrize("kid", [["x"], {"a": 1}, 5, None, True])
def test_a_key_id_that_is_no_string_is_refused(desk: OKPKey, trusted: keys.Trusted, kid: object) -> None:
    header = urlsafe_b64encode(json.dumps({"alg": "EdDSA", "typ": ACCOUNT.type, "kid": kid}).encode()).decode()
    assert refusal(encrypted(f"{header}.e30.AAAA"), trusted).code == "account.unknown-desk"


@pytest.mark.parametrize(
    "content", ["", ".", "..", "a.b.c", "e30.e30.e30", "医院", "x" * 5000, "W10.e30.e30", "[" * 900]
)
def test_content_that_is_no_jws_is_refused(trusted: keys.Trusted, content: str) -> None:
    assert refusal(encrypted(content), trusted).code == "account.malformed"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "PBES2-HS256+A128KW"},
        {"alg": "A256KW", "p2c": None},
        {"enc": "A128GCM"},
        {"enc": "A256CBC-HS512"},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"cty": None},
    ],
)
def test_other_jwe_headers_are_refused(desk: OKPKey, trusted: keys.Trusted, header: dict[str, Any]) -> None:
    if header.get("alg") == "A256KW":
        protected = {"alg": "A256KW", "enc": "A256GCM", "cty": ACCOUNT.type}
        token = jwe.encrypt_compact(protected, signed(b"{}", desk), OctKey.generate_key(256))
        assert refusal(armour.wrap(token), trusted).code == "account.malformed"
    else:
        assert refusal(encrypted(signed(b"{}", desk), **header), trusted).code == "account.malformed"


@pytest.mark.parametrize("rounds", [-1, 0, 1, 999, 300_001, 10**9, 10**40, True, 1000.0, "1000", None, [1000]])
def test_the_number_of_rounds_is_bounded_before_any_work(sealed: bytes, trusted: keys.Trusted, rounds: object) -> None:
    parts = armour.unwrap(sealed).split(".")
    header = json.loads(urlsafe_b64decode(parts[0].encode())) | {"p2c": rounds}
    parts[0] = urlsafe_b64encode(json.dumps(header).encode()).decode()
    assert refusal(armour.wrap(".".join(parts)), trusted).code == "account.malformed"


@given(st.text("ABCabc019-_.", min_size=1, max_size=400))
def test_any_token_is_refused(trusted: keys.Trusted, token: str) -> None:
    assert refusal(armour.wrap(token), trusted).code == "account.malformed"


@pytest.mark.parametrize("part", range(5))
@pytest.mark.parametrize("content", ["", "AA", "A" * 54, "!", "A", "A" * 20_000])
def test_parts_of_other_lengths_are_refused(sealed: bytes, trusted: keys.Trusted, part: int, content: str) -> None:
    parts = armour.unwrap(sealed).split(".")
    parts[part] = content
    assert refusal(armour.wrap(".".join(parts)), trusted).code in {
        "account.malformed",
        "account.wrong-code",
        "account.tampered",
    }


def test_an_account_beyond_the_limit_is_not_issued(desk: OKPKey) -> None:
    with pytest.raises(SekishoError) as caught:
        envelope.seal(b"x" * 700_000, desk, CODE, FAST)
    assert caught.value.code == "account.too-large"


def test_the_code_is_in_no_error(sealed: bytes, trusted: keys.Trusted) -> None:
    wrong = code.generate()
    refused = refusal(sealed, trusted, wrong)
    assert wrong not in repr(refused)
    assert refused.__cause__ is None
    assert refused.__suppress_context__
