"""Keeps the daemons as the settings say: starts, reloads, restarts, stops, and knows its own again after a crash."""

from __future__ import annotations

import logging
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from time import monotonic, sleep

from appliance.engines import process
from appliance.engines.backoff import RestartBackoff
from appliance.engines.process import ProcessId, Record
from appliance.engines.spec import ByCommand, BySignal, ConfigFile, Directory, EngineSpec
from appliance.errors import SekishoError
from appliance.files import is_directory, make_directory, write_atomically
from appliance.kernel.changes import Change
from appliance.text import Text

STOP_PATIENCE = 5.0
"""Seconds between SIGTERM and SIGKILL."""
LOG_LIMIT = 1 << 20
"""Bytes of one log before its oldest part goes."""
_RELOAD_LIMIT = 10.0

_log = logging.getLogger(__name__)


class Action(StrEnum):
    START = "start"
    RESTART = "restart"
    RELOAD = "reload"
    REPAIR = "repair"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class _Step:
    action: Action
    spec: EngineSpec | None


Starter = Callable[[EngineSpec, Path, Path], subprocess.Popen[bytes] | None]
"""Starts a daemon with its output appended to a file (the second argument), and records who it is in another (the
third); returns it where it is a child of ours. See `process.start`, `units.start`."""


class Supervisor:
    """Not for several threads at once: one caller at a time.

    Records, logs and nothing else live under `run_dir` (``engines/NAME.run``, ``log/NAME.log``).
    """

    def __init__(self, run_dir: Path, start: Starter = process.start) -> None:
        self._begin = start
        self._records = run_dir / "engines"
        self._logs = run_dir / "log"
        self._specs: dict[str, EngineSpec] = {}
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._backoff: dict[str, RestartBackoff] = {}

    def plan(self, specs: Sequence[EngineSpec]) -> list[Change]:
        """What `apply` would do, in its order."""
        changes = self.surplus(specs)
        for spec in specs:
            action = self._needed(spec)
            if action is not None:
                changes.append(_change(spec.name, spec.title, action, spec))
        return changes

    def surplus(self, specs: Sequence[EngineSpec]) -> list[Change]:
        """The part of `plan`, its first, that stops what is no longer wanted."""
        self._reap()
        wanted = {spec.name for spec in specs}
        return [self._stopping(name) for name in self._recorded() if name not in wanted]

    def retire(self, specs: Sequence[EngineSpec]) -> list[Change]:
        """Stop what is no longer wanted, and nothing else: it takes what it made in the kernel along."""
        changes = self.surplus(specs)
        for change in changes:
            self._do(change)
        return changes

    def apply(self, specs: Sequence[EngineSpec]) -> list[Change]:
        """Make it so. One daemon's failure does not keep the others back; the first is raised at the end."""
        changes = self.plan(specs)
        self._specs = {spec.name: spec for spec in specs}
        # Our own umask must not decide whether a daemon that gave root up reaches its files.
        for directory in (Directory(self._records.parent), Directory(self._records), Directory(self._logs, 0o700)):
            _make_directory(directory)
        failures: list[SekishoError] = []
        for change in changes:
            try:
                self._do(change)
            except SekishoError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return changes

    def stop_all(self) -> list[Change]:
        """Stop every daemon that this or an earlier run of ours started, and remove its files."""
        self._reap()
        names = self._recorded()
        changes = [self._stopping(name) for name in names]
        self._specs = {}
        self._stop(names)
        for log in self._logs.glob("*.log"):
            log.unlink()
        return changes

    def check(self) -> dict[str, bool]:
        """name → alive, for all that are wanted."""
        self._reap()
        return {name: self._living(name) is not None for name in self._specs}

    def revive(self, now: float) -> list[Change]:
        """Start the dead again, each with its own back-off. Call every second.

        now: seconds of a monotonic clock.
        """
        changes = []
        for name, alive in self.check().items():
            backoff = self._backoff.setdefault(name, RestartBackoff())
            if alive:
                backoff.note_alive(now)
            elif backoff.may_start(now):
                backoff.note_start(now)
                spec = self._specs[name]
                change = _change(name, spec.title, Action.START, spec)
                try:
                    self._do(change)
                except SekishoError as error:
                    _log.warning("%s: %s", name, error)
                else:
                    changes.append(change)
        self._bound_logs()
        return changes

    def _needed(self, spec: EngineSpec) -> Action | None:
        record = self._living(spec.name)
        if record is None:
            return Action.START
        if record.command != spec.digest:
            return Action.RESTART
        unread = [file for file in spec.files if record.files.get(str(file.path)) != file.digest]
        surplus = record.files.keys() - {str(file.path) for file in spec.files}
        if unread or surplus:
            can_reload = isinstance(spec.reload, BySignal | ByCommand) and all(file.read_again for file in unread)
            return Action.RELOAD if can_reload else Action.RESTART
        if not all(map(_file_is_right, spec.files)) or not all(map(_directory_is_right, spec.directories)):
            return Action.REPAIR
        return None

    def _do(self, change: Change) -> None:
        step = change.operation
        if not isinstance(step, _Step):
            raise TypeError("a change of another subsystem")
        if step.action in (Action.STOP, Action.RESTART):
            self._stop([change.subject])
        if step.spec is None:
            return
        spec = step.spec
        for directory in spec.directories:
            _make_directory(directory)
        self._remove_files(spec.name, keep=spec.files)
        for file in spec.files:
            _write(file)
        if step.action in (Action.START, Action.RESTART):
            self._start(spec)
        elif step.action is Action.RELOAD:
            self._reload(spec)

    def _start(self, spec: EngineSpec) -> None:
        stale = process.read_record(self._record(spec.name))
        if stale is not None:
            process.sweep(stale.process)
        child = self._begin(spec, self._logs / f"{spec.name}.log", self._record(spec.name))
        if child is not None:
            self._children[child.pid] = child

    def _reload(self, spec: EngineSpec) -> None:
        record = self._living(spec.name)
        if record is None:
            return
        match spec.reload:
            case BySignal(number):
                process.send(record.process, number)
            case ByCommand(argv, listens):
                _await_socket(listens, record.process)
                _run(spec, argv)
        process.note_files(self._record(spec.name), spec.file_digests)

    def _stop(self, names: Sequence[str]) -> None:
        records = {name: record for name in names if (record := process.read_record(self._record(name)))}
        process.stop([record.process for record in records.values()], STOP_PATIENCE)
        self._reap()
        for name in names:
            self._remove_files(name)
            for path in records[name].leavings if name in records else ():
                path.unlink(missing_ok=True)
            self._record(name).unlink(missing_ok=True)
            self._backoff.pop(name, None)

    def _remove_files(self, name: str, keep: Sequence[ConfigFile] = ()) -> None:
        record = process.read_record(self._record(name))
        kept = {str(file.path) for file in keep}
        for path in record.files if record else ():
            if path not in kept:
                Path(path).unlink(missing_ok=True)

    def _stopping(self, name: str) -> Change:
        record = process.read_record(self._record(name))
        return _change(name, record.title if record else Text(name, name), Action.STOP, None)

    def _record(self, name: str) -> Path:
        return self._records / f"{name}.run"

    def _recorded(self) -> list[str]:
        return sorted(path.stem for path in self._records.glob("*.run"))

    def _living(self, name: str) -> Record | None:
        record = process.read_record(self._record(name))
        return record if record is not None and process.is_alive(record.process) else None

    def _reap(self) -> None:
        for pid, child in list(self._children.items()):
            if child.poll() is not None:
                del self._children[pid]

    def _bound_logs(self) -> None:
        for log in self._logs.glob("*.log"):
            if log.stat().st_size <= LOG_LIMIT:
                continue
            # The daemon holds the file open for appending: shortened in place, it goes on at the new end.
            with log.open("rb+") as stream:
                stream.seek(-LOG_LIMIT // 2, os.SEEK_END)
                tail = stream.read().split(b"\n", 1)[-1]
                stream.seek(0)
                stream.write(tail)
                stream.truncate()


def _await_socket(path: Path, of: ProcessId) -> None:
    """A daemon that was started a moment ago may not listen yet."""
    limit = monotonic() + _RELOAD_LIMIT
    while monotonic() < limit and process.is_alive(of):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(path))
            except OSError:
                sleep(0.02)
            else:
                return


def _run(spec: EngineSpec, argv: tuple[str, ...]) -> None:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_RELOAD_LIMIT, check=False, text=True
        )
        said = (done.stdout + done.stderr).strip()
        status = done.returncode
    except (OSError, subprocess.TimeoutExpired) as error:
        said, status = str(error), -1
    if status != 0:
        raise SekishoError(
            "engine.reload-refused",
            f"{spec.title.ja}が新しい設定を受け付けません。前の設定のまま動いています。返事: {said}",
            f"{spec.title.en} does not take the new settings and goes on with the old ones; it said: {said}",
        )


def _file_is_right(file: ConfigFile) -> bool:
    try:
        found = file.path.lstat()
        return (
            stat.S_ISREG(found.st_mode)
            and stat.S_IMODE(found.st_mode) == file.mode
            and (found.st_uid, found.st_gid) == (os.getuid(), _group_of_new_files(file.path.parent))
            and file.path.read_bytes() == file.content.encode()
        )
    except OSError:
        return False


def _group_of_new_files(directory: Path) -> int:
    """See inode(7), the set-group-ID bit. Raises OSError."""
    found = directory.stat()
    return found.st_gid if found.st_mode & stat.S_ISGID else os.getgid()


def _write(file: ConfigFile) -> None:
    if _file_is_right(file):
        return
    write_atomically(file.path, file.content, file.mode)


def _directory_is_right(directory: Directory) -> bool:
    return is_directory(directory.path, directory.mode, _directory_ids(directory))


def _directory_ids(directory: Directory) -> tuple[int, int]:
    uid, gid = process.owner_ids(directory.owner)
    return uid, gid if directory.group is None else process.owner_ids(directory.group)[1]


def _make_directory(directory: Directory) -> None:
    make_directory(directory.path, directory.mode, _directory_ids(directory))


_WORDS = {
    Action.START: Text("{}を起動します。", "start {}"),
    Action.RESTART: Text("{}を起動し直します。", "restart {}"),
    Action.RELOAD: Text("{}に新しい設定を読み込ませます。", "have {} read its new settings"),
    Action.REPAIR: Text("{}の設定ファイルを元に戻します。", "put the files of {} right"),
    Action.STOP: Text("{}を止めます。", "stop {}"),
}


def _change(name: str, title: Text, action: Action, spec: EngineSpec | None) -> Change:
    words = _WORDS[action]
    return Change("engine", name, Text(words.ja.format(title.ja), words.en.format(title.en)), _Step(action, spec))
