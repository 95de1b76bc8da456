"""One daemon, one socket, from start to stop."""

import asyncio
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from appliance.control.dispatch import JSON, Method, Peer
from appliance.control.roles import Role
from appliance.control.rpc import RpcServer
from appliance.errors import SekishoError
from tests.unit.control.served import BOTH, LIMIT, METHODS, Caller, calling, dispatcher, serving, talk


def test_a_second_daemon_is_refused_and_the_first_goes_on(path: Path) -> None:
    async def conversation(_: RpcServer) -> None:
        with pytest.raises(SekishoError) as caught:
            await RpcServer(path, dispatcher(METHODS), lambda _: None).start()
        assert caught.value.code == "control.already-running"
        async with calling(path) as caller:
            assert "result" in await caller.call("echo")

    serving(path, conversation)


def test_a_stale_socket_is_replaced_and_stop_takes_ours_away(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    path.with_suffix(".lock").touch()

    async def conversation(caller: Caller) -> None:
        assert "result" in await caller.call("echo")

    talk(path, conversation)
    assert not path.exists()
    talk(path, conversation)


@pytest.mark.parametrize(("group", "mode"), [(None, 0o700), (65534, 0o750)])
def test_strangers_cannot_come_to_the_socket(path: Path, group: int | None, mode: int) -> None:
    async def scene() -> None:
        async with RpcServer(path, dispatcher(METHODS), lambda _: None, group):
            found = path.parent.stat()
            assert stat.S_IMODE(found.st_mode) == mode
            assert found.st_gid == (os.getgid() if group is None else group)
            assert stat.S_IMODE(path.stat().st_mode) == (0o600 if group is None else 0o666)

    asyncio.run(scene())


def test_where_all_is_right_nothing_is_asked_of_the_kernel(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind the walls of a unit, which may give nothing to others."""
    path.parent.chmod(0o750)
    os.chown(path.parent, -1, 65534)
    for name in ("chown", "fchown", "fchmod"):
        monkeypatch.setattr(os, name, lambda *_: pytest.fail("refused"))

    async def scene() -> None:
        async with RpcServer(path, dispatcher(METHODS), lambda _: None, 65534):
            pass

    asyncio.run(scene())


def test_stop_ends_callers_and_running_handlers(path: Path) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def endless(params: dict[str, Any], peer: Peer) -> JSON:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return None

    async def scene() -> None:
        server = RpcServer(path, dispatcher({"endless": Method(endless, BOTH)}), lambda _: Role.OPERATOR)
        await server.start()
        async with calling(path) as caller, calling(path) as idle, asyncio.timeout(LIMIT):
            await caller.send(b'{"jsonrpc":"2.0","id":1,"method":"endless"}\n')
            await started.wait()
            await server.stop()
            assert cancelled.is_set()
            assert await caller.receive() is None
            assert await idle.receive() is None
        await server.stop()

    asyncio.run(scene())


def test_stop_ends_a_caller_that_was_just_let_in(path: Path) -> None:
    async def scene() -> None:
        server = RpcServer(path, dispatcher(METHODS), lambda _: Role.OPERATOR)
        await server.start()
        async with asyncio.timeout(LIMIT):
            for _ in range(20):
                callers = [asyncio.create_task(asyncio.open_unix_connection(path)) for _ in range(3)]
                await asyncio.sleep(0)
                await server.stop()
                await asyncio.gather(*callers, return_exceptions=True)
                for caller in callers:
                    if not caller.exception():
                        caller.result()[1].close()
                await server.start()
            await server.stop()

    asyncio.run(scene())
