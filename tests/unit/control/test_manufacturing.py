"""Manufacture and the way back to it, through the local API: the real rooms, files and record; power cuts anywhere."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance import files, paths
from appliance.access import log_ins
from appliance.control import access_store, manufacturing, methods_access, methods_factory, ports, resetting
from appliance.control.access import Access
from appliance.control.auditing import Auditor
from appliance.control.dispatch import Dispatcher, Method, Peer
from appliance.control.manufacturing import Factory
from appliance.control.recorded import RECORDED
from appliance.control.roles import ALLOWED, Role
from appliance.errors import SekishoError
from appliance.factory.record import Kept
from appliance.intent import fresh

ROOT = Peer(0, 1, Role.OPERATOR)
PAGE = Peer(990, 1, Role.PAGE)
SHA = "ab" * 32


class PowerCut(BaseException):
    pass


class Router:
    """A router without a kernel: the daemon's part of the story, on files below `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.again = 0
        self.boot()

    def boot(self) -> None:
        self.access = Access(tuple, paths.LOG_INS)
        self.factory = Factory(self.access.people, lambda: {"key_sha256": SHA})
        self.auditor = Auditor(paths.AUDIT)
        router: Any = SimpleNamespace(access=self.access, factory=self.factory, begin_again=self._begin_again)
        handlers = {**methods_access.methods(router), **methods_factory.methods(router)}
        subjects = {**RECORDED, **methods_access.subjects(router)}
        methods = {name: Method(handler, ALLOWED[name], subjects.get(name)) for name, handler in handlers.items()}
        self._dispatcher = Dispatcher(methods, self.access.guest, self.auditor.record)

    def _begin_again(self) -> None:
        self.again += 1

    def root(self, method: str, /, **params: Any) -> Any:
        return asyncio.run(self._dispatcher.call(method, params, ROOT))

    def log_in(self, password: str) -> Any:
        params = {"name": "vendor", "password": password, "origin": "https://192.0.2.1", "client": "192.0.2.20"}
        return asyncio.run(self._dispatcher.call("access.log_in", params, PAGE))

    def make(self, stick: dict[str, str]) -> None:
        """As `sekisho factory make` does. stick: the password on the label, by the label's file."""
        label = self.root("factory.make", serial=None, listed=["SK-1", "SK-2"], used=[])
        stick[label["file"]] = password_on(label)
        self.root("factory.made", serial=label["serial"])


def password_on(label: dict[str, Any]) -> str:
    return next(line.rpartition("  ")[2] for line in label["text"].splitlines() if "パスワード" in line)


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Router]:
    for name, file in {"LOG_INS": "access/log-ins.json", "FACTORY": "factory.json", "RESET": "reset.json"}.items():
        monkeypatch.setattr(paths, name, tmp_path / file)
    for name in ("AUDIT", "IN_FORCE", "ACCOUNT"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    monkeypatch.setattr(ports, "fresh_intent", lambda: fresh.fresh("lan0"))
    yield Router(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes and papers that take no time, for the stories that are told many times."""

    def call(module: str, function: str, *arguments: Any) -> Any:
        if function == "hashed":
            return f"hash of {arguments[0]}"
        return arguments[1] == f"hash of {arguments[0]}" if function == "matches" else b"%PDF-"

    for user in (access_store, manufacturing):
        monkeypatch.setattr(user, "apart", SimpleNamespace(call=call))


def refused(code: str) -> Any:
    return pytest.raises(SekishoError, match=f"^{code}: ")


def test_a_machine_is_made_once(router: Router) -> None:
    label = router.root("factory.make", serial="SK-000101")
    assert base64.b64decode(label["pdf"]).startswith(b"%PDF-")
    assert label["file"] == "label-SK-000101.pdf"
    assert router.root("factory.show") | {"at": ""} == {
        "serial": "SK-000101",
        "key_sha256": SHA,
        "at": "",
        "is_made": False,
    }
    with refused("factory.not-begun"):
        router.root("factory.made", serial="SK-000102")
    router.root("factory.made", serial="SK-000101")
    for _ in range(2):
        with refused("factory.made"):
            router.root("factory.make", serial="SK-000101")
        with refused("factory.made"):
            router.root("factory.made", serial="SK-000101")
        router.boot()
    password = password_on(label)
    assert router.log_in(password.upper().replace("-", " "))["first"]
    # Neither the password nor the label stays.
    kept = {path: path.read_bytes() for path in router.directory.rglob("*") if path.is_file()}
    assert not any(password.encode() in data or b"%PDF-" in data for data in kept.values())
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
    assert kept[paths.FACTORY].count(b"$argon2id$") == 1


def test_what_is_no_new_machine_is_not_made(router: Router, quick: None) -> None:
    first = router.root("access.first_password")
    with refused("factory.has-log-in"):
        router.root("factory.make", serial="SK-1")
    router.root("access.accounts.remove", name=first["name"])
    paths.IN_FORCE.write_text("{}")
    with refused("factory.in-use"):
        router.root("factory.make", serial="SK-1")
    paths.IN_FORCE.unlink()
    router.make({})


def cut_at(moment: int) -> Callable[[Path, Path], Path]:
    """A rename(2) with a power cut before the first one, after it, before the second one, …"""
    rename, left = Path.rename, moment

    def renamed(self: Path, target: Path) -> Path:
        nonlocal left
        if "audit" in self.parts:
            return rename(self, target)
        left -= 2
        if left == -2:
            raise PowerCut
        done = rename(self, target)
        if left == -1:
            raise PowerCut
        return done

    return renamed


def test_a_power_cut_anywhere_leaves_one_valid_label(
    router: Router, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before and after each rename that makes a file durable, until one run needs no more of them."""
    rename = Path.rename
    for cut in itertools.count():
        for path in (paths.FACTORY, paths.FACTORY.with_name("factory-begun.json"), paths.LOG_INS):
            path.unlink(missing_ok=True)
        router.boot()
        stick: dict[str, str] = {}
        monkeypatch.setattr(Path, "rename", cut_at(cut))
        was_cut = False
        try:
            router.make(stick)
        except PowerCut:
            was_cut = True
        monkeypatch.setattr(Path, "rename", rename)
        router.boot()
        record = Kept(paths.FACTORY).read()
        if not (record and record.is_made):
            router.make(stick)
        else:
            with refused("factory.made"):
                router.make({})
        assert set(stick) == {"label-SK-1.pdf"}
        made = Kept(paths.FACTORY).read()
        assert made is not None and made.is_made
        (vendor,) = log_ins.read(paths.LOG_INS).values()
        label = f"hash of {stick['label-SK-1.pdf'].replace('-', '')}"
        assert vendor.password == made.password == label
        if not was_cut:
            assert cut >= 8
            return


def test_the_label_counts_again(router: Router, quick: None) -> None:
    with refused("factory.no-label"):
        router.root("factory.reset", what="log-in", by="button")
    stick: dict[str, str] = {}
    router.make(stick)
    (password,) = stick.values()
    session = router.log_in(password)["session"]
    new = {"old": password, "new": "kaminari-yane-tokei", "client": "192.0.2.20", "session": session}
    asyncio.run(router._dispatcher.call("access.change_password", new, PAGE))
    router.root("access.accounts.add", name="incho", role="manager")
    with refused("access.wrong"):
        router.log_in(password)
    router.root("factory.reset", what="log-in", by="button")
    assert router.log_in(password)["first"]
    with refused("access.wrong"):
        router.log_in("kaminari-yane-tokei")
    assert {one["name"] for one in router.root("access.accounts.list")["accounts"]} == {"vendor", "incho"}
    assert router.again == 0


@pytest.fixture
def clinic(router: Router, quick: None, monkeypatch: pytest.MonkeyPatch) -> tuple[Router, dict[str, str]]:
    """A router that a clinic uses: manufactured, then with something in each place that goes, and in some that stay."""
    stick: dict[str, str] = {}
    router.make(stick)
    goes = []
    for number, _ in enumerate(resetting.GOES):
        path = router.directory / f"goes-{number}"
        goes.append(path)
        if number % 2:
            path.mkdir()
            (path / "file").write_text("secret")
        else:
            path.write_text("secret")
    goes.append(router.directory / "never/made")
    monkeypatch.setattr(resetting, "GOES", tuple(goes))
    (router.directory / "page.pem").write_text("key")
    (router.directory / "down").touch()
    return router, stick


def test_everything_goes_but_keys_and_record(clinic: tuple[Router, dict[str, str]]) -> None:
    router, stick = clinic
    down = router.directory / "down"
    assert not resetting.finish(down)
    assert down.exists()
    router.root("access.accounts.add", name="incho", role="manager")
    router.root("factory.reset", what="everything", by="console")
    assert router.again == 1
    # Nothing has gone yet: the next of us does it before anything else.
    assert (router.directory / "goes-0").exists()
    assert resetting.finish(down)
    assert not resetting.finish(down)
    assert sorted(path.name for path in router.directory.iterdir()) == ["access", "audit", "factory.json", "page.pem"]
    router.boot()
    assert router.log_in(stick["label-SK-1.pdf"])["first"]
    assert set(log_ins.read(paths.LOG_INS)) == {"vendor"}
    with refused("factory.made"):
        router.make({})
    told = [line for file in paths.AUDIT.glob("*.jsonl") for line in file.read_text().splitlines()]
    assert any('"factory.reset"' in line and '"what":"everything","by":"console"' in line for line in told)


def test_a_power_cut_in_a_reset_only_delays_it(
    clinic: tuple[Router, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    router, stick = clinic
    router.root("factory.reset", what="everything", by="button")
    sync = files.sync_directory
    for cut in itertools.count():
        left = cut

        def cutting(directory: Path) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise PowerCut
            sync(directory)

        for user in (files, resetting):
            monkeypatch.setattr(user, "sync_directory", cutting)
        try:
            done = resetting.finish(router.directory / "down")
        except PowerCut:
            continue
        # The last cut fell after the wish was gone: then there was nothing left to do.
        assert done or not paths.RESET.exists()
        break
    assert not list(router.directory.glob("goes-*"))
    router.boot()
    assert router.log_in(stick["label-SK-1.pdf"])["first"]


def test_without_a_label_nobody_can_log_in_afterwards(router: Router, quick: None) -> None:
    router.root("access.first_password")
    router.root("factory.reset", what="everything", by="console")
    assert resetting.finish(router.directory / "down")
    router.boot()
    assert router.root("access.accounts.list") == {"accounts": []}
    assert router.root("access.first_password")["name"] == "vendor"


def test_a_damaged_record_is_told(router: Router) -> None:
    for text in ("", "{}", '{"serial": 1}', "[]", '{"serial":1,"key_sha256":"","at":"","password":"","is_made":true}'):
        paths.FACTORY.write_text(text)
        with refused("factory.record-damaged"):
            router.root("factory.show")


def test_what_is_asked_wrongly_is_refused(router: Router) -> None:
    for method, params in (
        ("factory.reset", {"what": "all", "by": "button"}),
        ("factory.reset", {"what": "everything", "by": "cat"}),
        ("factory.make", {"serial": 3}),
        ("factory.make", {"listed": "SK-1"}),
        ("factory.made", {}),
    ):
        with refused("control.bad-params"):
            router.root(method, **params)
