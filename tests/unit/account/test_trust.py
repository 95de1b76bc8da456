"""Trust lists: what one may say, which is taken, and what an account means with it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import OKPKey

from appliance.account import envelope, keys, revocation, structure, trust, trust_desk
from appliance.account.document import ACCOUNT, LARGEST, TRUST
from appliance.account.trust_store import TrustStore
from appliance.errors import SekishoError
from tests.builders import lab_account
from tests.lab.pki import Authority, pem

HOST = "weborca.cloud.example"
FIRST, SECOND = ("sha256/" + letter * 43 + "=" for letter in "AB")


def payload(**changes: Any) -> bytes:
    """changes: None leaves a key out."""
    content = {
        "format": 1,
        "serial": 7,
        "issuer": "Example Data Center",
        "issued_at": "2026-11-01T00:00:00+09:00",
        "pins": {HOST: [FIRST, SECOND]},
        "revocations": "",
    }
    return json.dumps({key: value for key, value in (content | changes).items() if value is not None}).encode()


def refusal(action: Any, *arguments: Any) -> SekishoError:
    with pytest.raises(SekishoError) as caught:
        action(*arguments)
    return caught.value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"serial": 0}, "serial must be 1 or more"),
        ({"issuer": ""}, "issuer must be a string that is not empty"),
        ({"issued_at": "2026-11-01T00:00:00"}, "issued_at must be a date and time with its offset"),
        ({"pins": {"Not A Host": [FIRST, SECOND]}}, "must be a host name in lower case"),
        ({"pins": {HOST: [FIRST]}}, "needs 2 or more entries"),
        ({"pins": {HOST: [FIRST, FIRST]}}, f"lists the same pin of {HOST} twice"),
        ({"pins": {HOST: ["sha1/AAAA", SECOND]}}, "`sha256/` and 44 characters"),
        ({"revocations": "nonsense"}, "revocations cannot be read as revocation lists"),
        ({"clinic": "not a clinic!"}, "clinic must be up to 32"),
        ({"secret": 1}, "secret is not a key of the format"),
        ({"serial": None}, "serial is missing"),
    ],
)
def test_a_bad_list_is_refused_with_the_key_that_is_wrong(changes: dict[str, Any], words: str) -> None:
    error = refusal(trust.from_json, payload(**changes))
    assert error.code == "trust.malformed"
    assert words in error.text.en and "trust list" in error.text.en and "信頼リスト" in error.text.ja


def test_a_list_from_the_future_asks_for_newer_software() -> None:
    assert refusal(trust.from_json, payload(format=2)).code == "trust.newer-format"


# ---- what an account means with it ---------------------------------------------------------


def test_its_pins_take_the_place_of_the_accounts_for_that_host_alone() -> None:
    account = lab_account()
    (named,) = [service for service in account.services if service.host == HOST]
    found = trust.applied(account, trust.from_json(payload()))
    for before, after in zip(account.services, found.services, strict=True):
        assert after.pins == ((FIRST, SECOND) if before.name == named.name else before.pins)
    assert found.trust_serial == 7
    assert found.model_copy(update={"services": account.services, "trust_serial": 0}) == account


def test_its_revocations_are_added_but_for_those_of_strangers() -> None:
    engines, terminals, strangers = (Authority(f"{name} CA") for name in ("Engine", "Terminal", "Stranger"))
    account = lab_account(
        trust_anchors=pem(engines.certificate),
        terminal_anchors=pem(terminals.certificate),
        revocations=terminals.take_back(),
    )
    taken_back = engines.issue("engine", ec.generate_private_key(ec.SECP256R1()))
    added = engines.take_back(taken_back) + strangers.take_back(taken_back)
    found = trust.applied(account, trust.from_json(payload(revocations=added)))
    told = [one["issuer"] for one in revocation.summary(found.revocations)]
    assert told == ["CN=Terminal CA", "CN=Engine CA"]
    assert len(revocation.marks(found.revocations)) == 1


def test_an_account_that_knows_it_already_and_another_clinics_account_stay_as_they_are() -> None:
    newer = lab_account(trust_serial=7)
    assert trust.applied(newer, trust.from_json(payload())) is newer
    assert trust.applied(newer, trust.from_json(payload(serial=8))) is not newer
    account = lab_account()
    assert trust.applied(account, trust.from_json(payload(clinic="clinic-0002"))) is account
    assert trust.applied(account, trust.from_json(payload(clinic="clinic-0001"))) is not account
    assert trust.applied(account, None) is account


# ---- what is taken, and kept ------------------------------------------------------------------


@pytest.fixture(scope="module")
def signer() -> OKPKey:
    return keys.generate()


@pytest.fixture
def store(tmp_path: Path, signer: OKPKey) -> TrustStore:
    trusted = tmp_path / "desk-keys.json"
    trusted.write_text(keys.public_set([signer]))
    return TrustStore(tmp_path / "state" / "trust.json", trusted)


def signed(signer: OKPKey, **changes: Any) -> bytes:
    return envelope.sign(payload(**changes), signer, TRUST).encode()


def test_a_list_is_taken_once_kept_and_replaced_by_a_newer_one(store: TrustStore, signer: OKPKey) -> None:
    assert store.load() is None
    first, is_other = store.take(signed(signer) + b"\n", None)
    assert is_other and store.load() == first
    assert store.take(signed(signer), "clinic-0001") == (first, False)
    newer, is_other = store.take(signed(signer, serial=8), "clinic-0001")
    assert is_other and store.load() == newer


def test_older_lists_and_other_contents_of_the_same_serial_are_refused(store: TrustStore, signer: OKPKey) -> None:
    kept, _ = store.take(signed(signer), None)
    for changes in ({"serial": 6}, {"issuer": "Somebody"}):
        assert refusal(store.take, signed(signer, **changes), None).code == "trust.older-serial"
    assert store.load() == kept


def test_another_clinics_list_is_refused(store: TrustStore, signer: OKPKey) -> None:
    theirs = signed(signer, clinic="clinic-0002")
    assert refusal(store.take, theirs, "clinic-0001").code == "trust.other-clinic"
    store.take(theirs, "clinic-0002")


def test_forgeries_are_refused_and_change_nothing(store: TrustStore, signer: OKPKey) -> None:
    kept, _ = store.take(signed(signer), None)
    good = signed(signer, serial=8)
    head, body, tail = good.split(b".")
    assert refusal(store.take, b".".join([head, body, tail[:-4] + b"AAAA"]), None).code == "trust.tampered"
    assert refusal(store.take, signed(keys.generate(), serial=8), None).code == "trust.unknown-desk"
    # An account's signature is none for a list: the desk has signed something else.
    as_account = envelope.sign(payload(serial=8), signer, ACCOUNT).encode()
    assert refusal(store.take, as_account, None).code == "trust.malformed"
    assert refusal(store.take, b"\xff" * 100, None).code == "trust.malformed"
    assert refusal(store.take, b"x" * (LARGEST + 1), None).code == "trust.too-large"
    assert store.load() == kept


def test_a_damaged_list_is_as_none_and_the_next_one_mends_it(tmp_path: Path, store: TrustStore, signer: OKPKey) -> None:
    store.take(signed(signer), None)
    (tmp_path / "state" / "trust.json").write_bytes(b"{")
    assert store.load() is None
    _, is_other = store.take(signed(signer), None)
    assert is_other and store.load() is not None


def test_a_disk_that_is_full_says_so(tmp_path: Path, store: TrustStore, signer: OKPKey) -> None:
    (tmp_path / "state").write_text("no folder")
    assert refusal(store.take, signed(signer), None).code == "trust.cannot-store"


# ---- what is written about it -------------------------------------------------------------------


def test_the_document_names_every_field_and_error() -> None:
    document = (Path(__file__).parents[3] / "docs" / "trust.md").read_text(encoding="utf-8")
    for name in trust.TrustList.model_fields:
        assert f"`{name}`" in document, name
    sources = [*Path(trust.__file__).parent.glob("trust*.py"), Path(envelope.__file__), Path(structure.__file__)]
    raised = {
        f"trust.{found}"
        for file in sources
        for found in re.findall(r'(?:"trust|\{kind\.code\})\.([a-z-]+)"', file.read_text(encoding="utf-8"))
    } - {"trust.json"}
    assert len(raised) >= 9
    for name in raised:
        assert f"`{name}`" in document, name


def test_the_example_request_of_the_document_can_be_issued(tmp_path: Path, store: TrustStore, signer: OKPKey) -> None:
    document = (Path(__file__).parents[3] / "docs" / "trust.md").read_text(encoding="utf-8")
    (tmp_path / "trust.toml").write_text(document.split("```toml\n")[1].split("```")[0])
    authority = Authority("Engine CA")
    (tmp_path / "example-engine-ca.crl.pem").write_text(authority.take_back())
    out = tmp_path / "list.jws"
    trust_desk.issue(tmp_path / "trust.toml", signer, out, datetime.now(UTC))
    found, _ = store.take(out.read_bytes(), None)
    assert (found.serial, list(found.pins)) == (12, [HOST])
    error = refusal(trust_desk.issue, tmp_path / "trust.toml", signer, out, datetime.now(UTC))
    assert error.code == "trust.already-issued"
