"""Subscriptions: the newest value arrives, whoever reads slowly, leaves or fails."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from appliance.control.dispatch import JSON, Method, Peer, Stream
from appliance.control.rpc import RpcServer
from tests.unit.control.served import BOTH, LIMIT, METHODS, Caller, calling, serving, talk


def counting(values: AsyncGenerator[JSON, None]) -> dict[str, Method]:
    async def subscribe(params: dict[str, Any], peer: Peer) -> JSON | Stream:
        return Stream("status", values)

    return METHODS | {"subscribe": Method(subscribe, BOTH)}


def test_a_subscriber_gets_true_and_then_every_value_that_it_can_take(path: Path) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def values() -> AsyncGenerator[JSON, None]:
        while True:
            yield await queue.get()

    async def conversation(caller: Caller) -> None:
        assert (await caller.call("subscribe"))["result"] is True
        for number in range(3):
            queue.put_nowait(number)
            assert await caller.receive() == {"jsonrpc": "2.0", "method": "status", "params": number}
        assert (await caller.call("echo", {"beside": 1}))["result"] == {"beside": 1}
        error = (await caller.call("subscribe"))["error"]
        assert error["data"]["code"] == "control.already-subscribed"

    async def fresh(params: dict[str, Any], peer: Peer) -> JSON | Stream:
        return Stream("status", values())

    talk(path, conversation, methods=METHODS | {"subscribe": Method(fresh, BOTH)})


def test_a_slow_reader_misses_old_values_and_stalls_nobody(path: Path) -> None:
    produced = 0
    all_made = asyncio.Event()
    filler = "x" * 100_000

    async def values() -> AsyncGenerator[JSON, None]:
        nonlocal produced
        while True:
            produced += 1
            yield {"number": produced, "filler": filler}
            if produced == 200:
                all_made.set()
                await asyncio.Event().wait()
            await asyncio.sleep(0)

    async def conversation(caller: Caller) -> None:
        async with calling(path) as other:
            # An asyncio reader would read ahead; this one leaves everything in the kernel.
            caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await caller.send(b'{"jsonrpc":"2.0","id":1,"method":"subscribe"}\n')
            async with asyncio.timeout(LIMIT):
                await all_made.wait()
            assert "result" in await other.call("echo")
            caller.writer.transport.resume_reading()  # type: ignore[attr-defined]
            assert (await caller.receive() or {})["result"] is True
            numbers = []
            while not numbers or numbers[-1] != 200:
                message = await caller.receive()
                assert message is not None
                numbers.append(message["params"]["number"])
            assert numbers == sorted(set(numbers))
            assert len(numbers) < 50

    talk(path, conversation, methods=counting(values()))


def test_the_last_value_is_delivered_before_the_end_closes_the_connection(path: Path) -> None:
    async def values() -> AsyncGenerator[JSON, None]:
        yield "last"

    async def conversation(caller: Caller) -> None:
        assert (await caller.call("subscribe"))["result"] is True
        assert (await caller.receive() or {})["params"] == "last"
        assert await caller.receive() is None

    talk(path, conversation, methods=counting(values()))


def test_a_broken_source_closes_the_connection_and_is_logged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def values() -> AsyncGenerator[JSON, None]:
        raise RuntimeError("no more")
        yield

    async def conversation(caller: Caller) -> None:
        assert (await caller.call("subscribe"))["result"] is True
        assert await caller.receive() is None

    talk(path, conversation, methods=counting(values()))
    assert any("stream status failed" in record.message for record in caplog.records)


def test_a_subscriber_that_leaves_ends_its_source(path: Path) -> None:
    ended = asyncio.Event()

    async def values() -> AsyncGenerator[JSON, None]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def conversation(_: RpcServer) -> None:
        async with calling(path) as caller:
            assert (await caller.call("subscribe"))["result"] is True
            assert await caller.receive()
        async with asyncio.timeout(LIMIT):
            await ended.wait()

    serving(path, conversation, methods=counting(values()))
