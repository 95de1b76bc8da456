"""Codes by RFC 6238's own examples, each good once; QR codes; keys of a virtual authenticator; hashes."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.access import hashing, keys, qr, totp
from appliance.errors import SekishoError

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
ORIGIN = "https://router.example"


# ---- TOTP ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_examples_of_rfc_6238(at: int, code: str) -> None:
    """Appendix B, the last six of eight digits."""
    assert totp.accepted(RFC_SECRET, code, at, 0) == at // 30
    assert totp.accepted(RFC_SECRET, f"{code[:3]} {code[3:]}", at, 0) == at // 30
    full_width = code.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert totp.accepted(RFC_SECRET, full_width, at, 0) == at // 30


def test_each_code_is_good_once_and_none_before_it() -> None:
    step = totp.accepted(RFC_SECRET, "081804", 1111111109, 0)
    assert step is not None
    assert totp.accepted(RFC_SECRET, "081804", 1111111109, step) is None
    assert totp.accepted(RFC_SECRET, "050471", 1111111111, step) == step + 1
    # The code of the step before, after a later one was taken.
    assert totp.accepted(RFC_SECRET, "081804", 1111111111, step + 1) is None


def test_a_clock_that_is_a_little_off_and_one_that_is_more() -> None:
    step = 1111111109 // 30
    for now in (step - 1, step, step + 1):
        assert totp.accepted(RFC_SECRET, "081804", now * 30, 0) == step
    for now in (step - 2, step + 2):
        assert totp.accepted(RFC_SECRET, "081804", now * 30, 0) is None


@given(st.text(max_size=10), st.integers(0, 2**31))
def test_nonsense_is_no_code(code: str, at: int) -> None:
    step = totp.accepted(RFC_SECRET, code, at, 0)
    assert step is None or len(code.replace(" ", "")) == 6


def test_what_an_application_is_told() -> None:
    made, other = totp.begin("Sekisho", "vendor"), totp.begin("Sekisho", "vendor")
    uri = urlsplit(made["uri"])
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Sekisho:vendor")
    assert parse_qs(uri.query)["secret"] == [made["secret"]]
    assert len(base64.b32decode(made["secret"])) == 20
    assert made["secret"] != other["secret"]


# ---- QR -------------------------------------------------------------------------------------------------


def dark(path: str, size: int) -> list[list[bool]]:
    """The modules that the path paints."""
    grid = [[False] * size for _ in range(size)]
    for run in path.split("M")[1:]:
        place, rest = run.split("h", 1)
        x, y = map(int, place.split(" "))
        for column in range(x, x + int(rest.split("v")[0])):
            grid[y][column] = True
    return grid


def test_a_code_has_its_three_eyes_and_a_quiet_zone() -> None:
    path, size = qr.path("otpauth://totp/Sekisho:vendor?secret=" + "A" * 32)
    grid = dark(path, size)
    eye = ["#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #", "#######"]
    for top, left in ((qr.QUIET, qr.QUIET), (qr.QUIET, size - qr.QUIET - 7), (size - qr.QUIET - 7, qr.QUIET)):
        drawn = ["".join("#" if grid[top + row][left + column] else " " for column in range(7)) for row in range(7)]
        assert drawn == eye
    edge = [
        *grid[: qr.QUIET],
        *grid[-qr.QUIET :],
        *([row[: qr.QUIET] for row in grid]),
        *[row[-qr.QUIET :] for row in grid],
    ]
    assert not any(any(row) for row in edge)
    assert (size - 2 * qr.QUIET - 17) % 4 == 0


# ---- security keys ----------------------------------------------------------------------------------------


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """As small as one can be: ES256, no attestation (WebAuthn level 2, sections 6.1 and 6.5)."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        self.count = 0

    def _data(self, host: str, flags: int) -> bytes:
        self.count += 1
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def make(self, options: dict[str, Any], origin: str = ORIGIN, kind: str = "webauthn.create") -> dict[str, Any]:
        numbers = self._key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        data = self._data(options["rp"]["id"], 0x41) + bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        client = json.dumps({"type": kind, "challenge": options["challenge"], "origin": origin}).encode()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def prove(self, options: dict[str, Any], origin: str = ORIGIN) -> dict[str, Any]:
        data = self._data(options["rpId"], 0x01)
        client = json.dumps({"type": "webauthn.get", "challenge": options["challenge"], "origin": origin}).encode()
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        )

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}


def registered() -> tuple[Authenticator, dict[str, Any]]:
    authenticator = Authenticator()
    options = keys.to_add(ORIGIN, "vendor", b64(b"user"), [])
    return authenticator, keys.added(authenticator.make(options), options["challenge"], ORIGIN)


def test_a_key_is_added_and_proves_itself_and_each_answer_is_good_once() -> None:
    authenticator, key = registered()
    assert (key["id"], key["host"]) == (b64(authenticator.id), "router.example")
    options = keys.to_prove(ORIGIN, [key["id"]])
    assert [one["id"] for one in options["allowCredentials"]] == [key["id"]]
    answer = authenticator.prove(options)
    count = keys.proven(answer, options["challenge"], ORIGIN, key["public"], key["count"])
    assert count == authenticator.count
    assert keys.proven(answer, options["challenge"], ORIGIN, key["public"], count) is None
    other = keys.to_prove(ORIGIN, [key["id"]])
    assert keys.proven(answer, other["challenge"], ORIGIN, key["public"], key["count"]) is None


def test_a_page_elsewhere_gets_nothing_from_a_key() -> None:
    authenticator, key = registered()
    options = keys.to_prove(ORIGIN, [key["id"]])
    stolen = authenticator.prove(options, origin="https://router.example.attacker.example")
    assert keys.proven(stolen, options["challenge"], ORIGIN, key["public"], key["count"]) is None
    foreign = authenticator.prove(options | {"rpId": "attacker.example"})
    assert keys.proven(foreign, options["challenge"], ORIGIN, key["public"], key["count"]) is None
    impostor = Authenticator().prove(options)
    assert keys.proven(impostor, options["challenge"], ORIGIN, key["public"], key["count"]) is None


def test_a_copied_key_that_counts_backwards_is_refused() -> None:
    authenticator, key = registered()
    options = keys.to_prove(ORIGIN, [key["id"]])
    assert keys.proven(authenticator.prove(options), options["challenge"], ORIGIN, key["public"], 99) is None


def test_registration_is_verified_too() -> None:
    authenticator = Authenticator()
    options = keys.to_add(ORIGIN, "vendor", b64(b"user"), [])
    for answer, challenge, origin in (
        (authenticator.make(options), b64(b"another challenge"), ORIGIN),
        (authenticator.make(options, origin="https://attacker.example"), options["challenge"], ORIGIN),
        (authenticator.make(options, kind="webauthn.get"), options["challenge"], ORIGIN),
        (authenticator.make(options), options["challenge"], "https://other.example"),
        ({}, options["challenge"], ORIGIN),
    ):
        with pytest.raises(SekishoError) as refused:
            keys.added(answer, challenge, origin)
        assert refused.value.code == "access.key-refused"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("AAAA") | JSON,
        "rawId": st.just("AAAA") | JSON,
        "type": st.just("public-key") | JSON,
        "response": st.fixed_dictionaries(
            {},
            optional={
                name: st.binary(max_size=80).map(b64) | JSON
                for name in ("clientDataJSON", "attestationObject", "authenticatorData", "signature")
            },
        )
        | JSON,
    },
)


@settings(max_examples=200, deadline=None)
@given(ANSWERS)
def test_whatever_a_browser_sends_is_refused_in_words(answer: dict[str, Any]) -> None:
    assert keys.proven(answer, b64(b"challenge"), ORIGIN, b64(b"public"), 0) is None
    with pytest.raises(SekishoError):
        keys.added(answer, b64(b"challenge"), ORIGIN)


# ---- hashes -------------------------------------------------------------------------------------------------


def test_hashes_are_salted_argon2id_with_the_stated_cost() -> None:
    one, two = hashing.hashed("kaminari-yane-tokei"), hashing.hashed("kaminari-yane-tokei")
    assert one.startswith(f"$argon2id$v=19$m={hashing.MEMORY},t={hashing.PASSES},p={hashing.LANES}$")
    assert hashing.MEMORY >= 19456 and hashing.PASSES >= 2, "OWASP's least"
    assert one != two
    assert hashing.matches("kaminari-yane-tokei", one)
    assert not hashing.matches("kaminari-yane-tokeI", one)
    assert not hashing.matches("kaminari-yane-tokei", None)
    assert not hashing.matches("half a character \ud800", one)
    assert hashing._NOBODY.split("$")[1:4] == one.split("$")[1:4], "as slow as a real one"
