"""systemd hears that we are ready, and then that we live, as long as that is true."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.control.heartbeat import STUCK_AFTER, Heartbeat, works


@given(passed=st.floats(0, 1e9), more=st.floats(0, 1e4))
def test_whoever_gets_through_lives_and_whoever_has_not_for_long_does_not(passed: float, more: float) -> None:
    assert works(passed, passed)
    assert works(passed, passed + more) == (passed + more - passed < STUCK_AFTER)


@pytest.mark.parametrize("abstract", [True, False], ids=["abstract", "path"])
def test_the_words_of_systemd(tmp_path: Path, abstract: bool) -> None:
    address = f"\0{tmp_path}" if abstract else str(tmp_path / "notify")
    environment = {"NOTIFY_SOCKET": address.replace("\0", "@"), "WATCHDOG_USEC": "30000", "PATH": "/bin"}
    passages = []

    async def passage() -> None:
        passages.append(1)

    async def hear(systemd: socket.socket) -> list[bytes]:
        running = asyncio.create_task(Heartbeat(passage, environment).run())
        loop = asyncio.get_running_loop()
        heard = [await loop.sock_recv(systemd, 64) for _ in range(4)]
        await _end(running)
        return heard

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.setblocking(False)
        assert asyncio.run(hear(systemd)) == [b"READY=1", *[b"WATCHDOG=1"] * 3]
    assert passages
    assert environment == {"PATH": "/bin"}, "no process of ours may speak in our name"


def test_without_systemd_nothing_is_told() -> None:
    passages = []

    async def passage() -> None:
        passages.append(1)

    async def live() -> None:
        running = asyncio.create_task(Heartbeat(passage, {}).run())
        while not passages:
            await asyncio.sleep(0)
        assert not running.done()
        await _end(running)

    asyncio.run(live())


async def _end(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.wait([running])
