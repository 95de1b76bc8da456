"""The data center's desk: request in; account file, letter and concentrator file out."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from appliance.account import code, envelope, keys, structure
from appliance.account.desk import Issued, issue
from appliance.account.inspect import wireguard_public_key
from appliance.errors import SekishoError

Issue = Callable[..., Issued]


@pytest.fixture
def issued_at(request_file: Path, desk: OKPKey, tmp_path: Path, now: datetime) -> Issue:
    def issued(moment: datetime = now) -> Issued:
        return issue(request_file, desk, tmp_path / "out", moment, envelope.FEWEST_ITERATIONS)

    return issued


def code_in(letter: Path) -> str:
    groups = re.findall(r"第\dグループ　　([0-9A-Z ]{9})", letter.read_text(encoding="utf-8"))
    assert len(groups) == 5
    return code.parse(" ".join(group.replace(" ", "") for group in groups))


def opened(issued: Issued, trusted: keys.Trusted) -> dict[str, Any]:
    payload = envelope.open_sealed(issued.account_file.read_bytes(), code_in(issued.letter), trusted)
    structure.from_json(payload)
    values: dict[str, Any] = json.loads(payload)
    return values


def change(request_file: Path, old: str, new: str) -> None:
    text = request_file.read_text(encoding="utf-8")
    assert old in text
    request_file.write_text(text.replace(old, new), encoding="utf-8")


def test_the_file_opens_with_the_code_in_the_letter(
    issued_at: Issue, trusted: keys.Trusted, values: dict[str, Any]
) -> None:
    account = opened(issued_at(), trusted)
    for name in ("serial", "issuer", "clinic", "dns", "monitoring", "trust_anchors", "not_before", "expires"):
        assert account[name] == values[name]
    assert account["identity"] == values["identity"]


def test_keys_that_nobody_gave_are_made_and_handed_to_the_concentrators(
    issued_at: Issue, trusted: keys.Trusted
) -> None:
    issued = issued_at()
    account = opened(issued, trusted)
    assert issued.concentrator is not None
    told = json.loads(issued.concentrator.read_text())
    assert told["clinic_id"] == "clinic-0042"
    assert told["inner_address"] == "203.0.113.129"
    assert told["public_key"] == wireguard_public_key(account["wireguard_private_key"])
    shared = [tunnel["preshared_key"] for tunnel in account["tunnels"]]
    assert [tunnel["preshared_key"] for tunnel in told["tunnels"]] == shared
    assert len({*shared, account["wireguard_private_key"]}) == 3
    assert account["wireguard_private_key"] not in issued.concentrator.read_text()


def test_without_tunnels_no_concentrator_is_told_anything(
    issued_at: Issue, trusted: keys.Trusted, request_file: Path
) -> None:
    document = request_file.read_text(encoding="utf-8")
    document = re.sub(r"^(dns|monitoring|ntp) = .*\n", "", document, flags=re.MULTILINE)
    document = re.sub(r"^\[\[tunnels\]\].*?(?=^\[\[services)", "", document, flags=re.MULTILINE | re.DOTALL)
    document = re.sub(r"^\[bfd\].*?(?=^\[)", "", document, flags=re.MULTILINE | re.DOTALL)
    request_file.write_text(f'path = "internet"\n{document}', encoding="utf-8")
    issued = issued_at()
    assert issued.concentrator is None
    assert not list(issued.letter.parent.glob("*.concentrator.json"))
    account = opened(issued, trusted)
    assert account["path"] == "internet"
    assert not {"wireguard_private_key", "tunnels"} & account.keys()


def test_keys_given_in_files_are_used(
    issued_at: Issue, trusted: keys.Trusted, request_file: Path, values: dict[str, Any]
) -> None:
    for name, content in (
        ("clinic.wg", values["wireguard_private_key"]),
        ("dc2.psk", values["tunnels"][1]["preshared_key"]),
    ):
        (request_file.parent / name).touch(mode=0o600)
        (request_file.parent / name).write_text(content + "\n")
    change(request_file, 'name = "dc2"\n', 'name = "dc2"\npreshared_key_file = "dc2.psk"\n')
    change(request_file, "serial = 7\n", 'serial = 7\nwireguard_private_key_file = "clinic.wg"\n')
    account = opened(issued_at(), trusted)
    assert account["wireguard_private_key"] == values["wireguard_private_key"]
    assert account["tunnels"][1]["preshared_key"] == values["tunnels"][1]["preshared_key"]


def test_who_may_read_what(issued_at: Issue) -> None:
    issued = issued_at()
    assert issued.account_file.name == "clinic-0042-7.sekisho-account"
    assert issued.concentrator is not None
    assert issued.concentrator.name == "clinic-0042.concentrator.json"
    assert issued.account_file.stat().st_mode & 0o777 == 0o644
    for secret in (issued.letter, issued.concentrator):
        assert secret.stat().st_mode & 0o777 == 0o600


def test_the_letter_says_what_a_person_needs(issued_at: Issue) -> None:
    text = issued_at().letter.read_text(encoding="utf-8")
    for needed in (
        "れいわ診療所",
        "Reiwa Clinic",
        "clinic-0042-7.sekisho-account",
        "2028-11-01",
        "第5グループ",
        "group 5",
    ):
        assert needed in text
    assert text.index("アクティベーションコード") < text.index("activation code")


def test_a_start_that_nobody_gave_forgives_a_slow_clock(
    issued_at: Issue, trusted: keys.Trusted, request_file: Path, now: datetime
) -> None:
    change(request_file, "not_before = 2026-11-01T00:00:00+09:00\n", "")
    account = opened(issued_at(), trusted)
    assert datetime.fromisoformat(account["not_before"]) == now - timedelta(days=1)


def test_a_serial_is_issued_once(issued_at: Issue) -> None:
    issued = issued_at()
    before = issued.account_file.read_bytes()
    with pytest.raises(SekishoError) as caught:
        issued_at()
    assert caught.value.code == "account.already-issued"
    assert issued.account_file.read_bytes() == before


def test_dates_are_looked_at(issued_at: Issue, now: datetime) -> None:
    (warning,) = (text for text in issued_at().warnings if "presented:receipt-gate" in text.en)
    assert "2027-12-20" in warning.ja
    with pytest.raises(SekishoError) as caught:
        issued_at(now + timedelta(days=500))
    assert caught.value.code == "account.dated"


REFUSED: dict[str, tuple[str, str, str, str]] = {
    "no TOML": ("[clinic]", "[clinic", "account.request", "line"),
    "file missing": ("engine-ca.pem", "nowhere.pem", "account.file-unreadable", "nowhere.pem"),
    "secret file missing": ('"clinic-key.pem"', '"nowhere.pem"', "account.file-unreadable", "nowhere.pem"),
    "secret inline": ('key_file = "clinic-key.pem"', 'key = "TOKEN"', "account.secret-inline", "identity.key"),
    "secret inline in a list": (
        'name = "dc2"',
        'name = "dc2"\npreshared_key = "TOKEN"',
        "account.secret-inline",
        "tunnels[1].preshared_key",
    ),
    "key unknown": ("[identity]", "[identity]\ncolour = 1", "account.malformed", "identity.colour"),
    "file key unknown": ("[identity]", '[identity]\nx_file = "gate.pem"', "account.malformed", "identity.x"),
    "date without offset": ("+09:00\nexpires", "\nexpires", "account.malformed", "not_before"),
    "date alone": ("T00:00:00+09:00\nexpires", "\nexpires", "account.malformed", "not_before"),
    "not a number": ("serial = 7", "serial = nan", "account.malformed", ""),
    "tunnels of another shape": ("[[tunnels]]", "[[tunnel]]", "account.malformed", "tunnel"),
    "wrong key": ('"clinic-key.pem"', '"gate-key.pem"', "account.malformed", "identity.key"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_faulty_request_is_refused_and_writes_nothing(
    issued_at: Issue, request_file: Path, tmp_path: Path, fault: str
) -> None:
    old, new, expected, named = REFUSED[fault]
    change(request_file, old, new)
    with pytest.raises(SekishoError) as caught:
        issued_at()
    assert caught.value.code == expected
    assert named in caught.value.text.ja
    assert named in caught.value.text.en
    assert "TOKEN" not in str(caught.value) + caught.value.text.ja
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["clinic-key.pem", "gate-key.pem"])
def test_a_secret_that_everybody_can_read_is_refused(issued_at: Issue, request_file: Path, name: str) -> None:
    (request_file.parent / name).chmod(0o644)
    with pytest.raises(SekishoError) as caught:
        issued_at()
    assert caught.value.code == "account.secret-exposed"
    assert f"chmod 600 {request_file.parent / name}" in caught.value.text.ja


def test_a_request_that_is_not_there(request_file: Path, desk: OKPKey, tmp_path: Path, now: datetime) -> None:
    with pytest.raises(SekishoError) as caught:
        issue(tmp_path / "absent.toml", desk, tmp_path, now)
    assert caught.value.code == "account.file-unreadable"


def test_public_keys_are_derived_as_wg_does() -> None:
    """RFC 7748 section 6.1, Alice's keys."""
    private = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    public = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    assert base64.b64decode(wireguard_public_key(base64.b64encode(private).decode())) == public
