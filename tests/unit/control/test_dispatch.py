"""Whose a call is, whether he may, and what of it goes into the record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from appliance.audit.entry import Actor, Deed
from appliance.control.auditing import Auditor
from appliance.control.dispatch import Dispatcher, Guest, Method, NotPermitted, Peer
from appliance.control.recorded import LOOKS, RECORDED, named
from appliance.control.roles import ALLOWED, Role
from appliance.errors import SekishoError
from tests.unit.control.served import BOTH, LIMIT, METHODS, echo

PAGE = Peer(990, 1, Role.PAGE)
ROOT = Peer(0, 1, Role.OPERATOR)
TOKEN = "a token of the vendor"
VENDOR_ONLY = frozenset({Role.VENDOR})


async def seen(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return {"params": params, "role": peer.role, "name": peer.name, "address": peer.address, "session": peer.session}


class Desk:
    def __init__(self, methods: Mapping[str, Method]) -> None:
        self.deeds: list[Deed] = []
        self._dispatcher = Dispatcher(methods, self._guest, self._record)

    def _guest(self, token: str) -> Guest | None:
        return Guest("s1", "sato", Role.VENDOR) if token == TOKEN else None

    async def _record(self, deed: Deed) -> None:
        self.deeds.append(deed)

    def call(self, name: str, params: dict[str, Any], peer: Peer = PAGE) -> Any:
        return asyncio.run(asyncio.wait_for(self._dispatcher.call(name, params, peer), LIMIT))


def test_a_session_gives_its_role_and_the_handler_sees_no_token() -> None:
    desk = Desk({"seen": Method(seen, BOTH)})
    answer = desk.call("seen", {"a": 1, "session": TOKEN, "client": "192.0.2.20"})
    assert answer == {"params": {"a": 1}, "role": "vendor", "name": "sato", "address": "192.0.2.20", "session": "s1"}
    assert desk.call("seen", {"client": "192.0.2.20"}) == {
        "params": {}, "role": "page", "name": "", "address": "192.0.2.20", "session": "",
    }  # fmt: skip
    assert desk.deeds == []


@pytest.mark.parametrize("token", ["", "another", 3, [TOKEN], {}])
def test_an_unknown_session_is_refused_even_for_what_everybody_may(token: Any) -> None:
    desk = Desk({"seen": Method(seen, BOTH, named())})
    with pytest.raises(SekishoError) as refused:
        desk.call("seen", {"session": token, "client": 7})
    assert refused.value.code == "access.session-ended"
    assert desk.deeds == [Deed(Actor("page"), "seen", {}, "refused access.session-ended")]


def test_nobody_but_the_page_brings_sessions() -> None:
    desk = Desk({"seen": Method(seen, VENDOR_ONLY), "echo": Method(echo, BOTH)})
    assert desk.call("echo", {"session": TOKEN, "client": "x"}, ROOT) == {"session": TOKEN, "client": "x"}
    for peer in (ROOT, Peer(991, 1, None)):
        with pytest.raises(NotPermitted):
            desk.call("seen", {"session": TOKEN}, peer)
    with pytest.raises(NotPermitted):
        desk.call("seen", {})
    assert desk.call("seen", {"session": TOKEN})["role"] == "vendor"


def test_what_is_recorded_of_each_end() -> None:
    wanted = {name: Method(method.handler, BOTH, named("a", "b")) for name, method in METHODS.items()}
    desk = Desk({**wanted, "apply": Method(echo, VENDOR_ONLY, named())})
    desk.call("echo", {"a": 1, "b": ["x"], "c": "left out", "session": TOKEN, "client": "192.0.2.20"})
    for name, kind in (("refuse", SekishoError), ("crash", RuntimeError)):
        with pytest.raises(kind):
            desk.call(name, {}, ROOT)
    for peer in (PAGE, Peer(991, 1, None)):
        with pytest.raises(NotPermitted):
            desk.call("apply", {}, peer)
    assert desk.deeds == [
        Deed(Actor("vendor", "sato", "192.0.2.20"), "echo", {"a": 1, "b": "(list)"}, "done"),
        Deed(Actor("operator"), "refuse", {}, "refused account.wrong-code"),
        Deed(Actor("operator"), "crash", {}, "failed"),
        Deed(Actor("page"), "apply", {}, "refused control.not-permitted"),
        Deed(Actor("uid 991"), "apply", {}, "refused control.not-permitted"),
    ]


def test_what_is_cut_off_in_the_middle_is_recorded_so() -> None:
    begun = asyncio.Event()

    async def endless(params: dict[str, Any], peer: Peer) -> None:
        begun.set()
        await asyncio.Event().wait()

    desk = Desk({"endless": Method(endless, BOTH, named())})

    async def scene() -> None:
        task = asyncio.create_task(desk._dispatcher.call("endless", {}, ROOT))
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scene(), LIMIT))
    assert desk.deeds == [Deed(Actor("operator"), "endless", {}, "interrupted")]


def test_results_that_are_recorded() -> None:
    subject = named("version", result=("version", "secret"))
    assert subject({"version": None, "token": "x"}, {"version": 4, "token": "y"}) == {"version": 4}
    assert subject({"version": 3}, None) == {"version": 3}
    assert subject({}, True) == {}


def test_each_method_is_recorded_or_only_looks() -> None:
    assert LOOKS.isdisjoint(RECORDED)
    # What was typed at a log-in is recorded by those who know which names there are.
    assert LOOKS | RECORDED.keys() | {"access.log_in"} == ALLOWED.keys()


def test_no_secret_is_named_by_what_is_recorded() -> None:
    secrets = {name: f"secret {name}" for name in ("password", "code", "token", "session", "second", "file", "list")}
    for subject in RECORDED.values():
        assert not [value for value in subject(secrets, secrets).values() if str(value).startswith("secret")]


# ---- the record behind it ---------------------------------------------------------------------------


def test_attempts_of_strangers_are_bounded_and_deeds_are_not(tmp_path: Path) -> None:
    auditor = Auditor(tmp_path / "audit")
    refused = Deed(Actor("page", "", "192.0.2.66"), "apply", {}, "refused control.not-permitted")

    async def scene() -> None:
        for _ in range(150):
            await auditor.record(refused)
        await auditor.note("router.started", {})

    asyncio.run(scene())
    lines = b"".join(path.read_bytes() for path in auditor.directory.glob("*.jsonl")).splitlines()
    assert len(lines) == 101
    assert b"router.started" in lines[-1]


def test_a_record_that_cannot_be_written_does_not_stop_the_router(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    asyncio.run(Auditor(tmp_path / "file").note("router.started", {}))
    assert "not in the audit record: router.started" in caplog.text
