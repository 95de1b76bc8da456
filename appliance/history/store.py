"""What is kept on the disk: one SQLite file, whole after a power cut, bounded, and written seldom.

https://www.sqlite.org/wal.html: with a write-ahead log a change costs one append and one fsync; a rollback journal
writes every page twice and syncs three times. ``synchronous=FULL`` makes each commit durable there, and an exclusive
lock needs no shared memory beside the file.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import SekishoError
from appliance.files import sync_directory
from appliance.history.model import Anchor, Change, Run, Shown
from appliance.text import Text

KEPT_DAYS = 400
MOST_CHANGES = 20_000
"""Some 50 a day, about 6 MB. A line that flaps for weeks pushes out the oldest, and never fills the disk."""
MOST_RUNS = 2_000
DAMAGED = ".damaged"
"""Suffix of a file that could not be read; the next one takes its place."""
_DAY = 86400.0
_FORMAT = 1
_SETTINGS = (
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 64",
    "PRAGMA journal_size_limit = 262144",
    "PRAGMA cache_size = -256",
    "PRAGMA foreign_keys = ON",
)
_TABLES = """
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, boot TEXT NOT NULL, began REAL NOT NULL,
    anchor_boot REAL NOT NULL, anchor_wall REAL NOT NULL, ended REAL, closed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE changes (
    number INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, at REAL NOT NULL,
    light TEXT NOT NULL, state TEXT NOT NULL, cause TEXT NOT NULL, root TEXT, ja TEXT NOT NULL, en TEXT NOT NULL
) STRICT;
CREATE INDEX changes_of_run ON changes (run, at);
"""

_log = logging.getLogger(__name__)


class Store:
    """The file `path`. Usable from several threads, one at a time; raises SekishoError ``history.unusable``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None
        self._run = 0

    def begin(self, boot: str, now: Anchor, last_seen: float | None) -> None:
        """A new run. last_seen: Unix time until when the run before lived at least, if it did not say so itself."""
        with self._using() as db:
            for run in _runs(db):
                if run.ended is None:
                    ended = _end_of(db, run, last_seen)
                    if run.boot == boot:
                        ended = min(ended, now.boot)
                    db.execute("UPDATE runs SET ended = ? WHERE number = ?", (ended, run.number))
            self._run = int(
                db.execute(
                    "INSERT INTO runs (boot, began, anchor_boot, anchor_wall) VALUES (?, ?, ?, ?)",
                    (boot, now.boot, now.boot, now.wall),
                ).lastrowid
                or 0
            )
            _bound(db)

    def add(self, at: float, shown: Iterable[Shown]) -> None:
        """at: CLOCK_BOOTTIME. Durable when this returns."""
        rows = [
            (self._run, at, one.light, one.state, one.cause, one.root, one.summary.ja, one.summary.en) for one in shown
        ]
        with self._using() as db:
            db.executemany(
                "INSERT INTO changes (run, at, light, state, cause, root, ja, en) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
            _bound(db)

    def anchor(self, now: Anchor) -> None:
        """The wall clock was set."""
        with self._using() as db:
            db.execute(
                "UPDATE runs SET anchor_boot = ?, anchor_wall = ? WHERE number = ?", (now.boot, now.wall, self._run)
            )

    def forget(self, now: Anchor) -> None:
        """What is older than `KEPT_DAYS` by the clock of its own run; what a light has shown since then stays."""
        with self._using() as db:
            for run in _runs(db):
                anchor = now if run.number == self._run else run.anchor
                before = now.wall - KEPT_DAYS * _DAY - anchor.offset
                if run.ended is not None and run.ended < before:
                    db.execute("DELETE FROM runs WHERE number = ?", (run.number,))
                    continue
                db.execute(
                    "DELETE FROM changes WHERE run = ?1 AND at < ?2 AND number NOT IN "
                    "(SELECT max(number) FROM changes WHERE run = ?1 AND at < ?2 GROUP BY light)",
                    (run.number, before),
                )

    def read(self) -> tuple[list[Run], list[Change]]:
        """Everything, in the order in which it was written."""
        with self._using() as db:
            rows = db.execute(
                "SELECT run, at, light, state, cause, root, ja, en FROM changes ORDER BY run, number"
            ).fetchall()
            return _runs(db), [
                Change(run, at, Shown(light, state, cause, root, Text(ja, en)))
                for run, at, light, state, cause, root, ja, en in rows
            ]

    def close(self, now: Anchor) -> None:
        """The run ends because it was told to."""
        with self._using() as db:
            db.execute(
                "UPDATE runs SET ended = ?, closed = 1, anchor_boot = ?, anchor_wall = ? WHERE number = ?",
                (now.boot, now.boot, now.wall, self._run),
            )
        self._let_go()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """What is done inside is kept whole or not at all."""
        with self._lock:
            try:
                db = self._connected()
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self._let_go()
                raise _unusable(self._path, error) from None

    def _connected(self) -> sqlite3.Connection:
        if self._open is None:
            try:
                self._open = _opened(self._path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                # A record of the past is no reason not to have one of the future.
                _log.error("%s is damaged (%s): put aside, a new one begins", self._path, error)
                _put_aside(self._path)
                self._open = _opened(self._path)
        return self._open

    def _let_go(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = not path.exists()
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for setting in _SETTINGS:
            db.execute(setting).fetchall()
        (found,) = db.execute("PRAGMA user_version").fetchone()
        if found == 0:
            db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_FORMAT}; COMMIT;")
        elif found != _FORMAT or db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError(f"format {found}, or not whole")
        if is_new:
            sync_directory(path.parent)
    except BaseException:
        db.close()
        raise
    return db


def _put_aside(path: Path) -> None:
    path.replace(path.with_name(path.name + DAMAGED))
    # What is left of its log belongs to it and must not be played into the next.
    path.with_name(path.name + "-wal").unlink(missing_ok=True)
    sync_directory(path.parent)


def _runs(db: sqlite3.Connection) -> list[Run]:
    rows = db.execute("SELECT number, boot, began, anchor_boot, anchor_wall, ended, closed FROM runs ORDER BY number")
    return [
        Run(number, boot, began, Anchor(on_boot, wall), ended, bool(closed))
        for number, boot, began, on_boot, wall, ended, closed in rows
    ]


def _end_of(db: sqlite3.Connection, run: Run, last_seen: float | None) -> float:
    """Until when a run is known to have lived that could not say so itself."""
    (newest,) = db.execute("SELECT max(at) FROM changes WHERE run = ?", (run.number,)).fetchone()
    known = [run.began, run.anchor.boot] + ([] if newest is None else [newest])
    if last_seen is not None:
        known.append(last_seen - run.anchor.offset)
    return float(max(known))


def _bound(db: sqlite3.Connection) -> None:
    (newest,) = db.execute("SELECT max(number) FROM changes").fetchone()
    if newest is not None:
        db.execute("DELETE FROM changes WHERE number <= ?", (newest - MOST_CHANGES,))
    (last,) = db.execute("SELECT max(number) FROM runs").fetchone()
    db.execute("DELETE FROM runs WHERE number <= ?", (last - MOST_RUNS,))


def _unusable(path: Path, error: Exception) -> SekishoError:
    return SekishoError(
        "history.unusable",
        f"これまでの様子の記録 {path} を使えません（{error}）。ディスクの空きを確かめてください。",
        f"the record {path} of what the lights showed cannot be used ({error}): check the space on the disk.",
    )
