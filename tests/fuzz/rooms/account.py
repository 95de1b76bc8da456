"""The account, from the file on a USB stick to what is inside, and the trust lists that come between two accounts.

What is behind a signature is tried as well: a desk is trusted, but its tools may be odd.
"""

from __future__ import annotations

import json
from base64 import standard_b64encode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from joserfc.jwk import OKPKey

from appliance.account import (
    acceptance,
    armour,
    certificates,
    code,
    envelope,
    inspect,
    kept,
    keys,
    revocation,
    structure,
    trust,
)
from appliance.account.document import ACCOUNT, TRUST
from appliance.account.model import Account, KeyPair
from appliance.control import opening
from appliance.errors import SekishoError
from appliance.site import load
from tests.fuzz import der
from tests.fuzz.target import target

_TREE = Path(__file__).parents[3]
_EXAMPLES = _TREE / "tests" / "unit" / "account" / "vectors"
_CODE = code.parse((_EXAMPLES / "example-code.txt").read_text())
_DESK = OKPKey.import_key(json.loads((_EXAMPLES / "example-desk.jwk").read_text()))
_TRUSTED = {_DESK.thumbprint(): _DESK}
_PAYLOAD = (_EXAMPLES / "example-account.json").read_bytes()
_ACCOUNT = structure.from_json(_PAYLOAD)
_SECRETS = [
    *([_ACCOUNT.wireguard_private_key.get_secret_value()] if _ACCOUNT.wireguard_private_key else []),
    *(tunnel.preshared_key.get_secret_value() for tunnel in _ACCOUNT.tunnels),
    *_ACCOUNT.identity.key.get_secret_value().splitlines()[1:-1],
]
_SITE = load.parse((_TREE / "docs" / "site.example.toml").read_text())
_SEALED = armour.unwrap(envelope.seal(b"{}", _DESK, _CODE, envelope.FEWEST_ITERATIONS))
_SCRATCH = TemporaryDirectory()
_SENTENCES: set[str] = set()


@target(longest=4096, words=(armour.BEGIN, armour.END, "sha256:"))
def file(data: bytes) -> None:
    with suppress(SekishoError):
        token = armour.unwrap(data)
        assert armour.unwrap(armour.wrap(token)) == token


@target()
def token(data: bytes) -> None:
    """Behind a checksum that is right."""
    _open(data.decode("ascii", errors="ignore"))


@target(words=('"alg"', '"enc"', '"cty"', '"p2s"', '"p2c"', '"zip"', '"crit"', '"DEF"', "1000"))
def header(data: bytes) -> None:
    """The outer header, before an honest rest."""
    _open(".".join([_base64(data), *_SEALED.split(".")[1:]]))


@target(words=('"alg"', '"typ"', '"kid"', '"b64"', '"crit"', '"EdDSA"', '"Ed25519"', _DESK.thumbprint(), TRUST.type))
def signed(data: bytes) -> None:
    """Header and content, a line each, with the desk's good signature; and the same bytes as they are."""
    head, _, content = data.partition(b"\n")
    signing = f"{_base64(head)}.{_base64(content)}"
    whole = f"{signing}.{_base64(_DESK.private_key.sign(signing.encode()))}"  # type: ignore[union-attr]
    for one in (whole.encode(), data):
        for kind in (ACCOUNT, TRUST):
            with suppress(SekishoError):
                envelope.verify(one, _TRUSTED, kind)


@target(longest=16384)
def content(data: bytes) -> None:
    """All that becomes of an account between its signature and the rules of the firewall."""
    try:
        account = structure.from_json(data)
        certificates.check(account)
        with suppress(SekishoError):
            acceptance.check(account, "", der.NOW, kept.Mark(account.clinic.id, 2, ""))
        _look_at(account)
    except SekishoError as refused:
        assert not any(secret in f"{refused!r} {refused} {refused.text.ja}" for secret in _SECRETS)


@target(longest=4096, words=('"format"', '"serial"', '"issued_at"', '"pins"', '"revocations"', '"clinic"', "sha256/"))
def trust_list(data: bytes) -> None:
    with suppress(SekishoError):
        found = trust.from_json(data)
        trust.summary(found)
        trust.refuse_older(found, data, None, None)
        revocation.marks(trust.applied(_ACCOUNT, found).revocations)


@target()
def revocations(data: bytes) -> None:
    """A list as it is, and one that its CA has signed, whatever it says."""
    for one in (data, der.signed(data)):
        pem = _pem("X509 CRL", one)
        with suppress(ValueError):
            revocation.parse(pem)
            revocation.only_of(pem, [der.AUTHORITY])
        with suppress(SekishoError):
            revocation.check("revocations", pem, [der.AUTHORITY])
            revocation.summary(pem)
            revocation.marks(pem)


@target()
def revocations_pem(data: bytes) -> None:
    with suppress(SekishoError):
        revocation.check("revocations", data.decode(errors="replace"), [der.AUTHORITY])


@target()
def certificate(data: bytes) -> None:
    """One in the account, as it is and signed, in each place where there may be one."""
    for one in (data, der.signed(data)):
        pem = _pem("CERTIFICATE", one)
        for update in (
            {"trust_anchors": _ACCOUNT.trust_anchors + pem},
            {"identity": KeyPair.model_construct(certificate=pem, key=_ACCOUNT.identity.key)},
            {"identity": _ACCOUNT.identity.model_copy(update={"certificate": _ACCOUNT.identity.certificate + pem})},
        ):
            with suppress(SekishoError):
                account = _ACCOUNT.model_copy(update=update)
                certificates.check(account)
                _look_at(account)


@target(longest=400)
def activation_code(data: bytes) -> None:
    entered = data.decode(errors="surrogateescape")
    try:
        found = code.parse(entered)
        assert code.parse(code.display(found)) == found and len(found) == 25
    except SekishoError as refused:
        # All that it may say of what was typed is the number of a group: there are few such sentences.
        _SENTENCES.add(refused.text.en)
        assert len(_SENTENCES) <= 2 * code.GROUPS + 1


@target(words=('"keys"', '"kty"', '"OKP"', '"crv"', '"Ed25519"', '"x"', '"d"', '"kid"'))
def desk_keys(data: bytes) -> None:
    path = Path(_SCRATCH.name) / "desk-keys.json"
    path.write_bytes(data)
    with suppress(SekishoError):
        assert not any(key.is_private for key in keys.load_trusted(path).values())
    with suppress(SekishoError):
        keys.load_signing_key(_owned(path))


@target(words=('"clinic"', '"serial"', '"sha256"', '"sealed"', "Infinity", "1e999"))
def stored(data: bytes) -> None:
    with suppress(SekishoError):
        record = kept.decode(data.decode(errors="replace"))
        assert kept.decode(record.as_text()) == record


def _open(sealed: str) -> None:
    try:
        envelope.open_sealed(armour.wrap(sealed), _CODE, _TRUSTED)
    except SekishoError as refused:
        assert _CODE not in f"{refused!r} {refused.text.ja}"


def _look_at(account: Account) -> None:
    inspect.pretty(inspect.redacted(account, der.NOW))
    opening.ready(account, _SITE)


def _owned(path: Path) -> Path:
    path.chmod(0o600)
    return path


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _pem(what: str, data: bytes) -> str:
    body = standard_b64encode(data).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {what}-----", *lines, f"-----END {what}-----", ""])
