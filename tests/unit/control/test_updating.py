"""The daemon's part: what is offered is written in its hours, tried, proven or left again, and told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.control import updating
from appliance.control.updating import System, Updater
from appliance.errors import SekishoError
from appliance.health.model import Light, State
from appliance.text import Text
from appliance.update import core, kept, window
from appliance.update.core import Ended, Kept, Offer, Stage
from appliance.update.entries import Entries
from appliance.update.job import Job, News, Web

OFFER = Offer("1.1.0", 7, "/stick/f")


def light(name: str, state: State, *parts: Light) -> Light:
    said = Text(f"{name}は{state}です。", f"{name} is {state}.")
    return Light(name, said, state, f"{name}.x", said, said, 0.0, 0.0, None, parts)


WELL = (light("router", State.OK), light("tunnel", State.OK), light("engine", State.OK, light("receipt", State.OK)))
NOON = datetime(2026, 11, 28, 3, tzinfo=UTC)
"""In Japan. By the machine's own time, the hours of these tests would be over for half an hour of each day."""
CUT_OFF = (light("router", State.OK), light("engine", State.FAILED, light("receipt", State.FAILED)))


@dataclass
class World:
    """A machine with the version that runs, and what was asked of it."""

    esp: Path
    version: str | None = "1.0.0"
    lights: tuple[Light, ...] = WELL
    offers: dict[Any, Any] = field(default_factory=dict)
    ends: Callable[[Job], News] = lambda job: News(job.version, done=True)
    jobs: list[Job] = field(default_factory=list)
    restarts: int = 0
    clock: float = 1000.0
    now: datetime = NOON
    ready: Any = None

    def updater(self) -> Updater:
        async def run(job: Job) -> News:
            self.jobs.append(job)
            if job.work == "arm":
                (self.esp / f"sekisho_{job.version}+2.efi").touch()
            return self.ends(job)

        async def restart() -> None:
            self.restarts += 1

        def call(_: str, function: str, what: Any, *__: object) -> Any:
            found = self.offers[what]
            if isinstance(found, SekishoError):
                raise found
            return found

        system = System(
            lambda: self.version, lambda: Entries(self.esp), lambda: True, run, restart, call, lambda: self.now
        )
        return Updater(lambda: self.ready, lambda: self.lights, lambda: False, lambda _: None, system)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    found = World(tmp_path)
    (tmp_path / "sekisho_1.0.0.efi").touch()
    for name in ("UPDATE", "UPDATE_JOB", "UPDATE_NEWS"):
        monkeypatch.setattr(f"appliance.paths.{name}", tmp_path / f"{name}.json")
    monkeypatch.setattr(updating, "boottime", lambda: found.clock)
    monkeypatch.setattr(updating, "LOOK", 0.001)
    return found


async def at_work(updater: Updater, until: Callable[[], bool]) -> None:
    """The daemon runs until something is so."""
    running = asyncio.create_task(updater.run())
    try:
        async with asyncio.timeout(60):
            while not until():
                await asyncio.sleep(0.001)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_a_stick_now(world: World) -> None:
    world.offers["/stick/f"] = OFFER
    updater = world.updater()

    async def story() -> None:
        await updater.install("/stick/f", at_once=True)
        await at_work(updater, lambda: world.restarts > 0)

    asyncio.run(story())
    assert [job.work for job in world.jobs] == ["write", "arm"]
    assert (kept.read().stage, kept.read().must) == (Stage.TRIED, ("engine:receipt", "router"))


def test_a_stick_waits_for_the_night_and_says_so(world: World) -> None:
    world.offers["/stick/f"] = OFFER
    updater = world.updater()

    async def story() -> None:
        await updater.install("/stick/f", at_once=False)
        await at_work(updater, lambda: updater.kept.stage is Stage.STAGED and (updater.shown() or {})["waits"])

    asyncio.run(story())
    assert not world.restarts
    shown = updater.shown()
    assert shown is not None
    assert shown["waits"]["until"] == "2026-11-29T02:00:00+09:00"
    assert "更新してよい時間" in shown["text"]["ja"]


@pytest.mark.parametrize("code", ["firmware.altered", "firmware.other-hardware", "firmware.expired"])
def test_what_is_refused_changes_nothing_and_is_told(world: World, code: str) -> None:
    world.offers["/stick/f"] = SekishoError(code, "だめです。", "No.")
    updater = world.updater()
    with pytest.raises(SekishoError) as refused:
        asyncio.run(updater.install("/stick/f", at_once=True))
    assert refused.value.code == code
    assert kept.read() == Kept()
    assert not world.jobs


def test_a_transfer_that_fails_is_tried_again_or_dropped(world: World) -> None:
    kept.write(Kept(stage=Stage.WRITING, offer=replace(OFFER, by_hand=True)))
    world.ends = lambda job: News(job.version, error=("firmware.source", "x", "x"))
    updater = world.updater()
    asyncio.run(at_work(updater, lambda: (updater.shown() or {})["trouble"]))
    assert kept.read().stage is Stage.WRITING
    assert len(world.jobs) == 1
    world.clock += updating.AGAIN_AFTER + 1
    world.ends = lambda job: News(job.version, error=("firmware.altered", "x", "x"))
    again = world.updater()
    asyncio.run(at_work(again, lambda: kept.read().stage is Stage.IDLE))
    assert (again.shown() or {})["trouble"]["code"] == "firmware.altered"


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """As much of what is in force as an update looks at."""

    async def resolve(*_: object) -> list[str]:
        return ["203.0.113.7"]

    monkeypatch.setattr(updating, "resolve_a", resolve)
    account = SimpleNamespace(firmware_url="http://fw.dc.example/sekisho.firmware")
    intent = SimpleNamespace(tunnel_dns=(), inner_address="203.0.113.129")
    hours = window.Hours(True, time(0), time(23, 59), frozenset())
    return SimpleNamespace(account=account, intent=intent, site=SimpleNamespace(update=hours))


def test_what_the_data_center_has_comes_by_itself(world: World, ready: SimpleNamespace) -> None:
    place = Web("fw.dc.example", "203.0.113.7", 80, "/sekisho.firmware", "203.0.113.129", None)
    world.ready, world.offers[place] = ready, (Offer("1.1.0", 7, ""), '"one"')
    updater = world.updater()
    asyncio.run(at_work(updater, lambda: updater.kept.stage is not Stage.IDLE and bool(world.jobs)))
    assert world.jobs[0] == Job("write", "1.1.0", 0, sure=True, web=replace(place, etag='"one"'))


def test_nobody_is_asked_before_there_is_a_tunnel(
    world: World, ready: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Web("fw.dc.example", "203.0.113.7", 80, "/sekisho.firmware", "203.0.113.129", None)
    world.ready, world.offers[place] = ready, (Offer("1.1.0", 7, ""), '"one"')
    world.lights = (light("router", State.OK), light("tunnel", State.FAILED))
    updater, looks = world.updater(), 0

    def lights() -> tuple[Light, ...]:
        nonlocal looks
        looks += 1
        return world.lights

    monkeypatch.setattr(updater, "_lights", lights)

    async def story() -> None:
        await at_work(updater, lambda: looks > 10)
        assert updater.kept.offer is None
        # No question has failed that would now be waited for.
        world.lights = WELL
        await at_work(updater, lambda: updater.kept.offer is not None)

    asyncio.run(story())


def test_why_nothing_comes_is_told_and_asked_again(world: World, ready: SimpleNamespace) -> None:
    place = Web("fw.dc.example", "203.0.113.7", 80, "/sekisho.firmware", "203.0.113.129", None)
    world.ready, world.offers[place] = ready, SekishoError("firmware.clock-unsure", "時計が…。", "The clock …")
    updater = world.updater()
    asyncio.run(at_work(updater, lambda: (updater.shown() or {})["trouble"]))
    assert (updater.shown() or {})["text"] == {"ja": "時計が…。", "en": "The clock …"}
    world.offers[place] = Offer("1.1.0", 7, ""), '"one"'
    world.clock += updating.AGAIN_AFTER * 1.2
    asyncio.run(at_work(updater, lambda: updater.kept.offer is not None))


def on_trial(world: World) -> Updater:
    kept.write(Kept(floor=6, stage=Stage.TRIED, offer=OFFER, must=("engine:receipt", "router")))
    world.version = "1.1.0"
    (world.esp / "sekisho_1.1.0+1-1.efi").touch()
    return world.updater()


def test_it_is_good_when_what_was_green_is_green_again(world: World) -> None:
    updater = on_trial(world)
    world.lights = CUT_OFF

    async def story() -> None:
        # From the first moment on: whoever asks before anybody has looked is not told "good".
        assert updater.verdict()["verdict"] == "wait"
        await at_work(updater, lambda: (updater.shown() or {})["text"])
        assert updater.verdict()["verdict"] == "wait"
        with pytest.raises(SekishoError) as refused:
            updater.refuse_changes()
        assert refused.value.code == "firmware.proving"
        world.lights = WELL
        running = asyncio.create_task(updater.run())
        while updater.verdict()["verdict"] != "good":
            world.clock += 1
            await asyncio.sleep(0.002)
        # Nothing is final before the boot loader knows: a cut here begins the proof anew.
        assert kept.read().floor == 6
        (world.esp / "sekisho_1.1.0+1-1.efi").rename(world.esp / "sekisho_1.1.0.efi")
        async with asyncio.timeout(60):
            while updater.kept.floor != 7:
                await asyncio.sleep(0.002)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())
    last = kept.read().last
    assert last is not None
    assert last.ended is Ended.INSTALLED
    updater.refuse_changes()


def test_it_is_bad_when_they_are_not_in_time_and_the_version_before_says_why(world: World) -> None:
    updater = on_trial(world)
    world.lights = CUT_OFF

    async def story() -> None:
        running = asyncio.create_task(updater.run())
        async with asyncio.timeout(60):
            while updater.verdict()["verdict"] != "bad":
                world.clock += 5
                await asyncio.sleep(0.002)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())
    assert world.clock - 1000.0 >= core.PROVING_SECONDS
    world.version = "1.0.0"
    before = world.updater()
    asyncio.run(at_work(before, lambda: before.kept.stage is Stage.STAGED))
    shown = before.shown()
    assert shown is not None
    assert (shown["last"]["ended"], shown["last"]["again"]) == ("returned", "by-itself")
    assert "receipt" in shown["last"]["reason"]["en"]
    assert "engine is failed" in shown["text"]["en"]
    assert before.verdict()["verdict"] == "good"


def test_without_an_image_there_is_nothing_to_update(world: World) -> None:
    world.version = None
    updater = world.updater()
    assert updater.shown() is None
    assert updater.figures() is None
    assert updater.verdict()["verdict"] == "good"
    with pytest.raises(SekishoError) as refused:
        asyncio.run(updater.install("/stick/f", at_once=True))
    assert refused.value.code == "firmware.no-slots"
