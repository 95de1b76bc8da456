from __future__ import annotations

import logging
from pathlib import Path

import pytest

from appliance.control import line_passwords
from appliance.errors import SekishoError
from appliance.secret import Secret

PASSWORD = 'lab "pass\\word" #1'


class Reversed:
    """Stands in for systemd-creds, which keeps its key in /var/lib/systemd and has tests of its own."""

    def __init__(self, name: str) -> None:
        self._name = name

    def seal(self, secret: bytes) -> str:
        return f"{self._name}:{secret[::-1].hex()}"

    def unseal(self, sealed: str) -> bytes:
        name, _, content = sealed.partition(":")
        if name != self._name:
            raise SekishoError("account.cannot-unseal", "開けません。", "cannot be opened.")
        return bytes.fromhex(content)[::-1]


@pytest.fixture(autouse=True)
def _sealer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_passwords, "_sealer", Reversed)


def test_what_is_kept_is_sealed_and_for_root_alone(tmp_path: Path) -> None:
    store = tmp_path / "lines"
    line_passwords.keep("wan", Secret(PASSWORD), store)
    assert {
        name: found.get_secret_value() for name, found in line_passwords.known(["wan", "backup_wan"], store).items()
    } == {"wan": PASSWORD}
    (file,) = store.iterdir()
    assert PASSWORD not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert store.stat().st_mode & 0o777 == 0o700
    line_passwords.keep("wan", Secret("other"), store)
    assert line_passwords.known(["wan"], store)["wan"].get_secret_value() == "other"


def test_one_line_s_password_does_not_open_as_another_s(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    line_passwords.keep("wan", Secret(PASSWORD), tmp_path)
    (tmp_path / "wan.sealed").rename(tmp_path / "backup_wan.sealed")
    with caplog.at_level(logging.ERROR):
        assert line_passwords.known(["backup_wan"], tmp_path) == {}
    assert "backup_wan" in caplog.text


@pytest.mark.parametrize("bad", ["", "x" * 129, "line\nbreak", "パスワード", "tab\t"])
def test_what_no_provider_gives_is_refused_without_showing_it(tmp_path: Path, bad: str) -> None:
    with pytest.raises(SekishoError) as refused:
        line_passwords.keep("wan", Secret(bad), tmp_path)
    assert refused.value.code == "line.bad-password"
    assert not bad or bad not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
