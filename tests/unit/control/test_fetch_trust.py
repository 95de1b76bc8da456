"""When the newest trust list is looked for, and what becomes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from appliance.control import fetch_trust, opening
from appliance.control.fetch_trust import TrustFetcher
from appliance.control.fetching import Fetched, Place
from appliance.control.ready import Ready
from appliance.errors import SekishoError
from appliance.tunnel.names import Reason, Unresolved
from tests.builders import lab_account, lab_site

URL = "http://trust.cloud.example:8080/list"
SERVER = IPv4Address("203.0.113.5")


@pytest.fixture(scope="module")
def ready() -> Ready:
    return opening.ready(lab_account(trust_url=URL), lab_site())


class Center:
    """What the data center answers, one after another; the story ends with the last."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Fetched | str | Unresolved) -> None:
        for name in ("LOOK", "PERIOD", "FIRST_WAIT", "LONGEST_WAIT"):
            monkeypatch.setattr(fetch_trust, name, 0.001)
        self._answers = list(answers)
        self.over = asyncio.Event()
        self.asked: list[tuple[Place, str | None]] = []
        self.taken: list[bytes] = []
        monkeypatch.setattr(fetch_trust, "resolve_a", self._resolve)
        monkeypatch.setattr(fetch_trust.apart, "call", self._fetch)

    async def _resolve(self, name: str, *_: object) -> list[IPv4Address] | Unresolved:
        assert name == "trust.cloud.example"
        if self._answers and isinstance(self._answers[0], Unresolved):
            return self._next()  # type: ignore[no-any-return]
        return [SERVER]

    def _fetch(self, _module: str, _function: str, place: Place, etag: str | None, *_: object) -> Fetched | str:
        self.asked.append((place, etag))
        return self._next() if self._answers else Fetched(None, etag)

    def _next(self) -> Any:
        answer = self._answers.pop(0)
        if not self._answers:
            self.over.set()
        return answer

    async def take(self, signed: bytes) -> dict[str, Any]:
        if signed == b"older":
            raise SekishoError("trust.older-serial", "古い", "older")
        self.taken.append(signed)
        return {}

    def play(self, ready: Ready) -> None:
        async def story() -> None:
            running = asyncio.create_task(TrustFetcher(lambda: ready, self.take).run())
            await asyncio.wait_for(self.over.wait(), 20)
            await asyncio.sleep(0.05)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        asyncio.run(story())


def test_a_list_is_taken_once_and_asked_for_by_its_tag(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    center = Center(monkeypatch, Fetched(b"list", '"one"'), Fetched(None, '"one"'), Fetched(b"newer", '"two"'))
    center.play(ready)
    assert center.taken == [b"list", b"newer"]
    place = Place("trust.cloud.example", str(SERVER), 8080, "/list", str(ready.intent.inner_address))
    assert center.asked[:3] == [(place, None), (place, '"one"'), (place, '"one"')]


def test_failures_are_told_once_and_tried_again(
    ready: Ready, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers = (Unresolved(Reason.TIMEOUT), "HTTP status 404", "HTTP status 404", Fetched(b"list", None))
    center = Center(monkeypatch, *answers)
    center.play(ready)
    assert center.taken[0] == b"list"
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == ["timeout", "HTTP status 404"]


def test_a_list_that_is_refused_is_asked_for_in_full_again(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    center = Center(monkeypatch, Fetched(b"older", '"old"'), Fetched(b"list", '"one"'))
    center.play(ready)
    assert center.taken == [b"list"]
    assert [etag for _, etag in center.asked[:2]] == [None, None]


def test_an_account_without_a_place_is_left_in_peace(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    center = Center(monkeypatch, Fetched(b"list", None))
    center.over.set()
    center.play(replace(ready, account=replace(ready.account, trust_url=None)))
    assert not center.asked
