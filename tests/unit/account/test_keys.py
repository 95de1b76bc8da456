"""The desk's key file and the routers' set of trusted desks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, OKPKey

from appliance.account import keys
from appliance.errors import SekishoError


def secret_file(path: Path, content: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(content)
    return path


def refusal(path: Path, *, signing: bool) -> str:
    with pytest.raises(SekishoError) as caught:
        keys.load_signing_key(path) if signing else keys.load_trusted(path)
    return caught.value.code


def test_a_key_and_its_set_come_back(tmp_path: Path) -> None:
    key = keys.generate()
    loaded = keys.load_signing_key(secret_file(tmp_path / "desk.jwk", keys.private_jwk(key)))
    assert loaded.thumbprint() == key.thumbprint()
    other = keys.generate()
    (tmp_path / "set.json").write_text(keys.public_set([key, other]))
    trusted = keys.load_trusted(tmp_path / "set.json")
    assert set(trusted) == {key.thumbprint(), other.thumbprint()}
    assert not any(entry.is_private for entry in trusted.values())
    assert '"d"' not in keys.public_set([key])


def test_the_kid_in_the_set_is_not_believed(tmp_path: Path) -> None:
    key = keys.generate()
    entry = key.as_dict(private=False) | {"kid": "another", "use": "sig", "alg": "EdDSA"}
    (tmp_path / "set.json").write_text(json.dumps({"keys": [entry]}))
    assert set(keys.load_trusted(tmp_path / "set.json")) == {key.thumbprint()}


def test_a_private_key_among_the_trusted_is_refused(tmp_path: Path) -> None:
    key = keys.generate()
    (tmp_path / "set.json").write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
    assert refusal(tmp_path / "set.json", signing=False) == "account.desk-keys"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": {}}',
        '{"keys": [1]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": 5}]}',
        json.dumps({"keys": [OKPKey.generate_key("X25519").as_dict(private=False)]}),
        json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}),
    ],
    ids=range(11),
)
def test_other_sets_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "set.json").write_text(content)
    assert refusal(tmp_path / "set.json", signing=False) == "account.desk-keys"


def test_other_key_files_are_refused(tmp_path: Path) -> None:
    key = keys.generate()
    mismatched = key.as_dict(private=True) | {"x": keys.generate().as_dict(private=False)["x"]}
    for number, content in enumerate(("", "{}", json.dumps(key.as_dict(private=False)), json.dumps(mismatched))):
        assert refusal(secret_file(tmp_path / f"{number}", content), signing=True) == "account.desk-key"
    assert refusal(tmp_path / "absent", signing=True) == "account.file-unreadable"
    assert refusal(tmp_path, signing=False) == "account.file-unreadable"
    exposed = secret_file(tmp_path / "exposed", keys.private_jwk(key))
    exposed.chmod(0o604)
    assert refusal(exposed, signing=True) == "account.secret-exposed"
