"""The account in force: replaced only by a better one, whole at any moment, never readable at rest."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from appliance.account import code, envelope, keys
from appliance.account.store import AccountStore
from appliance.errors import SekishoError

CODE = code.generate()
OPERATIONS = ("mkdir", "open", "fchmod", "fdopen", "fsync", "rename", "replace", "close", "unlink")


@pytest.fixture
def desk_keys(tmp_path: Path, desk: OKPKey) -> Path:
    path = tmp_path / "desk-keys.json"
    path.write_text(keys.public_set([desk]))
    return path


@pytest.fixture
def store(tmp_path: Path, sealer: Any, desk_keys: Path) -> AccountStore:
    return AccountStore(tmp_path / "state" / "account", sealer, desk_keys)


@pytest.fixture
def sealed(values: dict[str, Any], desk: OKPKey) -> Callable[..., bytes]:
    """An account file: the example with some keys changed."""

    def seal(signer: OKPKey = desk, **changed: Any) -> bytes:
        payload = json.dumps(values | changed, ensure_ascii=False).encode()
        return envelope.seal(payload, signer, CODE, envelope.FEWEST_ITERATIONS)

    return seal


def files(store: AccountStore) -> list[Path]:
    directory: Path = store._directory
    return [path for path in directory.parent.rglob("*") if path.is_file()]


def test_nothing_before_the_first_import(store: AccountStore) -> None:
    assert store.load() is None


def test_import_then_load(store: AccountStore, sealed: Callable[..., bytes], now: datetime) -> None:
    imported = store.import_sealed(sealed(), code.display(CODE).lower(), now)
    assert store.load() == imported
    assert imported.clinic.id == "clinic-0042"


def test_secrets_rest_sealed_and_ours_alone(
    store: AccountStore, sealed: Callable[..., bytes], now: datetime, secrets_inside: list[str]
) -> None:
    store.import_sealed(sealed(), CODE, now)
    (file,) = files(store)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    content = file.read_text()
    assert not any(secret in content for secret in [*secrets_inside, CODE, code.display(CODE)])


def test_the_same_again_changes_nothing(store: AccountStore, sealed: Callable[..., bytes], now: datetime) -> None:
    first = store.import_sealed(sealed(), CODE, now)
    (file,) = files(store)
    before = (file.stat().st_ino, file.read_bytes())
    assert store.import_sealed(sealed(), CODE, now) == first
    assert (file.stat().st_ino, file.read_bytes()) == before


def test_a_newer_one_replaces(store: AccountStore, sealed: Callable[..., bytes], now: datetime) -> None:
    store.import_sealed(sealed(), CODE, now)
    store.import_sealed(sealed(serial=9), CODE, now)
    loaded = store.load()
    assert loaded is not None
    assert loaded.serial == 9


def refused_codes(sealed: Callable[..., bytes], now: datetime) -> dict[str, tuple[bytes, str, datetime]]:
    good = sealed(serial=8)
    wrong = code.generate()
    other = {"id": "clinic-0001", "name": {"ja": "別", "en": "Other"}}
    return {
        "account.wrong-code": (good, wrong, now),
        "account.code-typo": (good, CODE[:-1], now),
        "account.tampered": (good.replace(b"\n", b"\nA", 1), CODE, now),
        "account.truncated": (good[:-40], CODE, now),
        "account.not-an-account": (b"hello", CODE, now),
        "account.too-large": (good * 400, CODE, now),
        "account.unknown-desk": (sealed(keys.generate(), serial=8), CODE, now),
        "account.expired": (good, CODE, now + timedelta(days=4000)),
        "account.not-yet-valid": (good, CODE, now - timedelta(days=4000)),
        "account.other-clinic": (sealed(clinic=other, serial=8), CODE, now),
        "account.older-serial": (sealed(serial=6), CODE, now),
        "account.malformed": (sealed(serial=8, dns=[]), CODE, now),
        "account.newer-format": (sealed(serial=8, format=2), CODE, now),
    }


def test_a_refused_account_leaves_the_previous_in_force(
    store: AccountStore, sealed: Callable[..., bytes], now: datetime
) -> None:
    before = store.import_sealed(sealed(), CODE, now)
    (file,) = files(store)
    content = file.read_bytes()
    for expected, (data, activation_code, moment) in refused_codes(sealed, now).items():
        with pytest.raises(SekishoError) as caught:
            store.import_sealed(data, activation_code, moment)
        assert caught.value.code == expected
        assert store.load() == before
    assert files(store) == [file]
    assert file.read_bytes() == content


def test_same_serial_with_another_content(store: AccountStore, sealed: Callable[..., bytes], now: datetime) -> None:
    store.import_sealed(sealed(), CODE, now)
    with pytest.raises(SekishoError) as caught:
        store.import_sealed(sealed(issuer="Somebody"), CODE, now)
    assert caught.value.code == "account.older-serial"


def test_an_unusable_certificate_is_refused_on_import(
    store: AccountStore, sealed: Callable[..., bytes], values: dict[str, Any], pki: Any, now: datetime
) -> None:
    identity = values["identity"] | {"key": pki.stranger.key_pem}
    with pytest.raises(SekishoError) as caught:
        store.import_sealed(sealed(identity=identity), CODE, now)
    assert caught.value.code == "account.malformed"
    assert store.load() is None


def test_load_does_not_ask_the_clock(store: AccountStore, sealed: Callable[..., bytes], now: datetime) -> None:
    store.import_sealed(sealed(expires="2026-11-16T00:00:00Z"), CODE, now)
    assert store.load() is not None


def test_the_serial_is_remembered_when_the_content_cannot_be_unsealed(
    tmp_path: Path, store: AccountStore, sealer: Any, desk_keys: Path, sealed: Callable[..., bytes], now: datetime
) -> None:
    store.import_sealed(sealed(), CODE, now)
    other_machine = AccountStore(tmp_path / "state" / "account", type(sealer)(), desk_keys)
    with pytest.raises(SekishoError) as caught:
        other_machine.load()
    assert caught.value.code == "account.cannot-unseal"
    with pytest.raises(SekishoError) as caught:
        other_machine.import_sealed(sealed(serial=6), CODE, now)
    assert caught.value.code == "account.older-serial"
    other_machine.import_sealed(sealed(), CODE, now)
    assert other_machine.load() is not None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"clinic": "x"}', b"\xff\xff", b"\0" * 4096])
def test_a_damaged_file_is_told_and_mended_by_an_import(
    store: AccountStore, sealed: Callable[..., bytes], now: datetime, content: bytes
) -> None:
    store.import_sealed(sealed(), CODE, now)
    (file,) = files(store)
    file.write_bytes(content)
    with pytest.raises(SekishoError) as caught:
        store.load()
    assert caught.value.code == "account.store-damaged"
    store.import_sealed(sealed(), CODE, now)
    assert store.load() is not None


def test_a_mark_that_does_not_fit_its_content_is_told(
    store: AccountStore, sealed: Callable[..., bytes], now: datetime
) -> None:
    store.import_sealed(sealed(), CODE, now)
    (file,) = files(store)
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document | {"sha256": "0" * 64}))
    with pytest.raises(SekishoError) as caught:
        store.load()
    assert caught.value.code == "account.store-damaged"


def test_an_import_without_trusted_desks_says_so(
    store: AccountStore, desk_keys: Path, sealed: Callable[..., bytes], now: datetime
) -> None:
    desk_keys.unlink()
    with pytest.raises(SekishoError) as caught:
        store.import_sealed(sealed(), CODE, now)
    assert caught.value.code == "account.no-desk-keys"


class Interrupted:
    """Counts file operations and stops before the n-th of them."""

    def __init__(self, stop_before: int, stop: Callable[[], object]) -> None:
        self.left = stop_before
        self._stop = stop

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if self.left == 0:
                self.left = -1
                self._stop()
            self.left -= 1
            return function(*args, **kwargs)

        return counted

    def install(self, patch: Callable[[Any, str, Any], None]) -> None:
        for name in OPERATIONS:
            patch(os, name, self.around(getattr(os, name)))


def test_killed_between_any_two_file_operations(
    store: AccountStore, sealed: Callable[..., bytes], now: datetime
) -> None:
    """A power cut: the process is gone, at once, before operation 0, 1, 2, ... of the import."""
    old = store.import_sealed(sealed(), CODE, now)
    newer = sealed(serial=8)
    survived = []
    for stop_before in range(100):
        child = os.fork()
        if child == 0:
            Interrupted(stop_before, lambda: os._exit(9)).install(setattr)
            try:
                store.import_sealed(newer, CODE, now)
            finally:
                os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        loaded = store.load()
        assert loaded is not None
        survived.append(loaded.serial)
        assert loaded == old or loaded.serial == 8
        if status == 0:
            break
        if loaded.serial == 8:
            # Back to the start for the next cut.
            for path in files(store):
                path.unlink()
            store.import_sealed(sealed(), CODE, now)
    assert status == 0
    assert survived[0] == 7
    assert survived[-1] == 8
    assert len(survived) > 5


def test_an_error_in_any_file_operation(
    store: AccountStore, sealed: Callable[..., bytes], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or failing disk: either a SekishoError with the old account in force, or the new one."""
    old = store.import_sealed(sealed(), CODE, now)
    newer = sealed(serial=8)

    def fail() -> None:
        raise OSError(28, "No space left on device")

    outcomes = []
    for stop_before in range(100):
        with monkeypatch.context() as patched:
            interrupted = Interrupted(stop_before, fail)
            interrupted.install(patched.setattr)
            try:
                store.import_sealed(newer, CODE, now)
                outcome = "imported"
            except SekishoError as refused:
                outcome = refused.code
        loaded = store.load()
        assert loaded is not None
        assert loaded.serial == 8 if outcome == "imported" else loaded == old
        outcomes.append(outcome)
        leftovers = [path for path in files(store) if path.name != "account.json"]
        assert not leftovers
        if outcome == "imported":
            for path in files(store):
                path.unlink()
            store.import_sealed(sealed(), CODE, now)
        if interrupted.left >= 0:
            break
    assert "account.cannot-store" in outcomes
    assert outcomes[-1] == "imported"
