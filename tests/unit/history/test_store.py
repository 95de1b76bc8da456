import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.errors import SekishoError
from appliance.history import store as module
from appliance.history.model import Anchor
from appliance.history.past import past
from appliance.history.store import DAMAGED, KEPT_DAYS, Store
from tests.unit.history.scene import HOUR, NO_CABLE, WELL

WALL = 1_800_000_000.0


def test_what_is_written_is_read_by_the_next(tmp_path: Path) -> None:
    first = Store(tmp_path / "past" / "lights.db")
    first.begin("a", Anchor(10.0, WALL), None)
    first.add(11.0, WELL)
    first.add(50.0, NO_CABLE)
    first.close(Anchor(60.0, WALL + 50.0))
    second = Store(tmp_path / "past" / "lights.db")
    second.begin("b", Anchor(5.0, WALL + HOUR), None)
    runs, changes = second.read()
    assert [(one.number, one.boot, one.ended, one.closed) for one in runs] == [
        (1, "a", 60.0, True),
        (2, "b", None, False),
    ]
    assert [(one.at, one.shown) for one in changes] == [(11.0, one) for one in WELL] + [(50.0, one) for one in NO_CABLE]


@pytest.mark.parametrize(
    ("last_seen", "ended"),
    [(None, 50.0), (WALL + 20.0, 50.0), (WALL + 170.0, 180.0)],
    ids=["nothing known", "older than the last change", "the time was written down"],
)
def test_a_run_that_was_cut_off_lived_as_long_as_anybody_knows(
    tmp_path: Path, last_seen: float | None, ended: float
) -> None:
    path = tmp_path / "lights.db"
    cut = Store(path)
    cut.begin("a", Anchor(10.0, WALL), None)
    cut.add(50.0, NO_CABLE)
    cut._let_go()
    after = Store(path)
    after.begin("b", Anchor(5.0, WALL + HOUR), last_seen)
    (first, _), _ = after.read()
    assert (first.ended, first.closed) == (ended, False)


def test_the_clock_that_was_set_is_remembered(tmp_path: Path) -> None:
    store = Store(tmp_path / "lights.db")
    store.begin("a", Anchor(10.0, 0.0), None)
    store.add(11.0, NO_CABLE)
    store.anchor(Anchor(70.0, WALL))
    store.close(Anchor(80.0, WALL + 10.0))
    store.begin("b", Anchor(1.0, WALL + HOUR), None)
    (outage, _) = past(*store.read(), Anchor(2.0, WALL + HOUR + 1.0), 0.0).outages
    assert outage.began == WALL - 59.0


WRITER = """
import sys
from pathlib import Path
from appliance.history.model import Anchor
from appliance.history.store import Store
from tests.unit.history.scene import NO_CABLE, WELL
store = Store(Path(sys.argv[1]))
store.begin("a", Anchor(0.0, 1.8e9), None)
for number in range(100000):
    store.add(float(number), NO_CABLE if number % 2 else WELL)
    print(number, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 3, 70])
def test_a_writer_that_is_cut_off_leaves_all_that_it_had_written(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "lights.db"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert writer.stdout is not None
    for _ in range(lines):
        acknowledged = int(writer.stdout.readline())
    writer.kill()
    writer.wait()
    writer.stdout.close()
    after = Store(path)
    after.begin("b", Anchor(0.0, WALL), None)
    _, changes = after.read()
    assert {change.at for change in changes} >= {float(number) for number in range(acknowledged + 1)}
    assert len(changes) % len(WELL) == 0, "a change of several lights is whole or not there"


def test_each_writing_is_durable_and_cheap(tmp_path: Path) -> None:
    """WAL with FULL: https://www.sqlite.org/pragma.html#pragma_synchronous."""
    store = Store(tmp_path / "lights.db")
    store.begin("a", Anchor(10.0, WALL), None)
    with store._using() as db:
        settings = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert settings == ["wal", 2]
    assert not (tmp_path / "lights.db-shm").exists()


@pytest.mark.parametrize("damage", [b"not a database at all, but long enough to be looked at", b""])
def test_a_damaged_file_is_put_aside(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "lights.db"
    path.write_bytes(damage * 100)
    store = Store(path)
    store.begin("a", Anchor(10.0, WALL), None)
    store.add(11.0, WELL)
    assert len(store.read()[1]) == len(WELL)
    assert (tmp_path / f"lights.db{DAMAGED}").exists() == bool(damage)


def test_a_page_that_is_damaged_in_the_middle_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "lights.db"
    store = Store(path)
    store.begin("a", Anchor(10.0, WALL), None)
    for number in range(200):
        store.add(float(number), NO_CABLE)
    store.close(Anchor(300.0, WALL))
    with path.open("r+b") as stream:
        stream.seek(3 * 4096)
        stream.write(os.urandom(4096))
    again = Store(path)
    again.begin("b", Anchor(10.0, WALL), None)
    assert len(again.read()[0]) == 1
    assert (tmp_path / f"lights.db{DAMAGED}").exists()


def test_a_disk_that_cannot_be_written_is_told_and_later_works_again(tmp_path: Path) -> None:
    blocked = tmp_path / "past"
    blocked.write_text("in the way")
    store = Store(blocked / "lights.db")
    with pytest.raises(SekishoError) as refused:
        store.begin("a", Anchor(10.0, WALL), None)
    assert refused.value.code == "history.unusable"
    blocked.unlink()
    store.begin("a", Anchor(10.0, WALL), None)
    assert len(store.read()[0]) == 1


def test_what_is_too_old_goes_and_what_is_still_so_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "lights.db")
    store.begin("a", Anchor(0.0, WALL), None)
    store.add(1.0, NO_CABLE)
    store.close(Anchor(HOUR, WALL + HOUR))
    store.begin("b", Anchor(0.0, WALL + 2 * HOUR), None)
    store.add(1.0, NO_CABLE)
    store.add(2.0, WELL)
    later = 2 * HOUR + 2 * KEPT_DAYS * 86400.0
    store.forget(Anchor(later, WALL + 2 * HOUR + later))
    runs, changes = store.read()
    assert [one.boot for one in runs] == ["b"]
    assert [change.shown for change in changes] == list(WELL)


def test_it_stays_small_however_much_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CHANGES", 100)
    monkeypatch.setattr(module, "MOST_RUNS", 3)
    store = Store(tmp_path / "lights.db")
    for boot in range(6):
        store.begin(str(boot), Anchor(0.0, WALL + boot * HOUR), None)
        for number in range(100):
            store.add(float(number), NO_CABLE)
    runs, changes = store.read()
    assert [one.boot for one in runs] == ["3", "4", "5"]
    assert len(changes) == 100
    assert changes[-1].at == 99.0
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1_000_000
