"""What travels to the gate process, and when."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path

from appliance.control import opening
from appliance.control.feed_gate import GateFeed
from appliance.gate.config import KeyPair, PageConfig
from tests.builders import lab_account, lab_site

ENGINE = IPv4Address("203.0.113.18")
LIMIT = 20.0


class Listener:
    """At the gate's place: notes what is asked of it, and can lose its daemon."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[list[str]] = []
        """Of each ``configure``: the upstreams of its first service."""
        self.pages: list[bool] = []
        """Whether each had a page."""
        self.refuses_pages = False
        self.refusal: str | None = None
        """The code with which it refuses from now on."""
        self._writers: list[asyncio.StreamWriter] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        while line := await reader.readline():
            request = json.loads(line)
            self.pages.append(request["params"]["page"] is not None)
            self.heard.append(request["params"]["services"][0]["upstreams"])
            data = {"code": self.refusal or "gate.cannot-listen", "ja": "だめ", "en": "no"}
            refused = self.refusal or (self.refuses_pages and self.pages[-1])
            answer = {"error": {"code": -32000, "message": "no", "data": data}} if refused else {"result": True}
            writer.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer}).encode() + b"\n")

    def drop(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def fed(path: Path, permitted: list[IPv4Address]) -> AsyncIterator[tuple[GateFeed, Listener]]:
    listener = Listener(path)
    server = await asyncio.start_unix_server(listener.answer, path, limit=1 << 22)
    feed = GateFeed(path)
    feed.configure(opening.ready(lab_account(), lab_site()), lambda _: tuple(permitted))
    running = asyncio.create_task(feed.run())
    try:
        yield feed, listener
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        server.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.01)


def test_what_the_gate_knows_is_not_sent_again(path: Path) -> None:
    async def story() -> list[list[str]]:
        permitted: list[IPv4Address] = []
        async with fed(path, permitted) as (feed, listener):
            await until(lambda: feed.connected)
            await feed.tell()
            permitted.append(ENGINE)
            for _ in range(3):
                await feed.tell()
            return listener.heard

    assert asyncio.run(story()) == [[], [str(ENGINE)]]


def test_a_new_gate_process_is_told_everything(path: Path) -> None:
    async def story() -> list[list[str]]:
        async with fed(path, [ENGINE]) as (feed, listener):
            await until(lambda: feed.connected)
            listener.drop()
            await until(lambda: len(listener.heard) == 2 and feed.connected)
            return listener.heard

    assert asyncio.run(story()) == [[str(ENGINE)]] * 2


def test_a_gate_that_keeps_its_former_settings_is_told_until_it_takes_new_ones(path: Path) -> None:
    async def story() -> list[str | None]:
        permitted: list[IPv4Address] = []
        told: list[str | None] = []
        async with fed(path, permitted) as (feed, listener):
            await until(lambda: feed.connected)
            for address, listener.refusal in ((ENGINE, "gate.cannot-listen"), (None, None)):
                permitted[:] = [address] if address else []
                await feed.tell()
                told.append(feed.refused and feed.refused.code)
        return told

    # The second configuration is the first one again, which is in force.
    assert asyncio.run(story()) == ["gate.cannot-listen", None]


def test_a_page_that_the_gate_refuses_keeps_nothing_from_the_terminals(path: Path) -> None:
    async def story() -> tuple[list[bool], list[list[str]], str | None]:
        permitted: list[IPv4Address] = []
        async with fed(path, permitted) as (feed, listener):
            await until(lambda: feed.connected)
            listener.refuses_pages = True
            await feed.show(PageConfig(("192.0.2.1", 8443), ("192.0.2.1", 8080), "/s", KeyPair("c", "k"), ("h",)))
            permitted.append(ENGINE)
            await feed.tell()
            return listener.pages, listener.heard, feed.refused and feed.refused.code

    pages, heard, refused = asyncio.run(story())
    assert pages == [False, True, False, True, False]
    assert heard[-1] == [str(ENGINE)]
    assert refused == "gate.cannot-listen"
