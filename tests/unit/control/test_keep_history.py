import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.control import keep_history
from appliance.control.clock import boottime
from appliance.control.keep_history import HistoryKeeper, changes
from appliance.control.records import Records
from appliance.errors import SekishoError
from appliance.health.board import Expected
from appliance.health.model import Light, State
from appliance.history.model import GONE, Shown
from appliance.history.past import Kind
from appliance.text import Text

NOTHING = Text("", "")


def light(state: State, cause: str, summary: str = "", root: str | None = None) -> Light:
    return Light("line", NOTHING, state, cause, Text(summary, summary), NOTHING, 0.0, None, root)


def told(*lights: Light) -> dict[str, Shown]:
    return {one.light: one for one in changes({}, lights)}


def test_a_change_is_of_state_cause_or_root_and_not_of_words() -> None:
    before = told(light(State.WARNING, "certificates.renew-soon", "あと 59日"))
    assert changes(before, [light(State.WARNING, "certificates.renew-soon", "あと 58日")]) == []
    assert len(changes(before, [light(State.WARNING, "certificates.renew-now")])) == 1
    assert len(changes(before, [light(State.WARNING, "certificates.renew-soon", root="router")])) == 1


def test_a_light_that_is_no_longer_there_is_gone_once() -> None:
    before = told(light(State.OK, "line.ok"))
    (gone,) = changes(before, [])
    assert (gone.light, gone.state) == ("line", GONE)
    assert changes({"line": gone}, []) == []
    assert len(changes({"line": gone}, [light(State.OK, "line.ok")])) == 1


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(keep_history, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(keep_history, "WRITE_EVERY", 0.0)
    monkeypatch.setattr(keep_history, "this_boot", lambda: (tmp_path / "boot").read_text())
    (tmp_path / "boot").write_text("first")
    return tmp_path


async def until_written(keeper: HistoryKeeper, name: str, cause: str) -> None:
    async with asyncio.timeout(30):
        while True:
            spans = keeper.past(3600.0).lights.get(name, ())
            if spans and spans[-1].shown.cause == cause:
                return
            await asyncio.sleep(0.01)


async def live(keeper: HistoryKeeper, records: Records, cut: bool = False) -> None:
    """A daemon's life with an account missing, then there."""
    running = asyncio.create_task(keeper.run())
    records.expect(None, Expected())
    records.record("router.settings", "", False, "not-applied")
    records.record("account.present", "", False)
    await until_written(keeper, "router", "router.no-account")
    records.record("account.present", "", True)
    await until_written(keeper, "router", "router.not-applied")
    if cut:
        keeper._store._let_go()
        keeper._store.close = lambda now: None  # type: ignore[method-assign] # nobody is asked when the power goes
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_lights_are_written_down_and_an_outage_has_its_cause(at_once: Path) -> None:
    records = Records()
    keeper = HistoryKeeper(records, None, at_once / "lights.db")
    asyncio.run(live(keeper, records))
    (gap, *_) = [one for one in keeper.past(3600.0).outages if one.kind is Kind.OUTAGE]
    assert gap.shown is not None
    assert gap.shown.cause in ("router.no-account", "router.not-applied")


@pytest.mark.parametrize("cut", [False, True])
def test_the_next_boot_tells_how_the_one_before_ended(at_once: Path, cut: bool) -> None:
    records = Records()
    asyncio.run(live(HistoryKeeper(records, None, at_once / "lights.db"), records, cut))
    (at_once / "boot").write_text("second")
    keeper = HistoryKeeper(records, datetime.now(UTC), at_once / "lights.db")
    asyncio.run(live(keeper, records))
    (gap,) = [one for one in keeper.past(3600.0).outages if one.kind is Kind.OFF]
    assert gap.closed is not cut


def test_a_clock_that_is_set_is_noticed(at_once: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records()
    keeper = HistoryKeeper(records, None, at_once / "lights.db")

    async def story() -> None:
        running = asyncio.create_task(keeper.run())
        records.record("account.present", "", False)
        await until_written(keeper, "router", "router.no-account")
        later = timedelta(days=3)
        monkeypatch.setattr(
            keep_history,
            "_anchor",
            lambda: keep_history.Anchor(boottime(), (datetime.now(UTC) + later).timestamp()),
        )
        async with asyncio.timeout(30):
            while keeper._store.read()[0][-1].anchor.wall < (datetime.now(UTC) + later / 2).timestamp():
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())


def test_a_disk_that_is_full_stops_nothing_and_is_told_to_who_asks(at_once: Path) -> None:
    (at_once / "past").write_text("in the way")
    keeper = HistoryKeeper(Records(), None, at_once / "past" / "lights.db")
    with pytest.raises(SekishoError, match=r"history\.unusable"):
        asyncio.run(keeper.run())
    with pytest.raises(SekishoError, match=r"history\.unusable"):
        keeper.past(3600.0)
