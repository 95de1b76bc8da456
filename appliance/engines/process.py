"""Processes that outlive us and are known again: started detached, recorded before they run, stopped by identity.

A pid alone is no identity, since the kernel uses numbers again; pid and start time together are
(proc_pid_stat(5) field 22). The process writes its own record before it becomes the daemon, so
there is no moment at which a kill -9 of ours would leave a daemon that nobody knows.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from appliance.engines.spec import EngineSpec
from appliance.errors import SekishoError
from appliance.files import write_atomically
from appliance.text import Text

# Standard input is a pipe to us until the very end: its closing says that the record is written.
# SIGHUP is ignored until the daemon has a handler, so that an early "read your files again" does not kill it.
_LAUNCH = (
    'read -r stat </proc/self/stat && printf "%s\\n%s\\n" "$2" "$stat" >"$1.new" && mv "$1.new" "$1"'
    ' && shift 2 && trap "" HUP && exec "$@" </dev/null'
)
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_BY_OWN_RESOLVERS = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
"""The C library knows no other place; nobody else on the router shall be changed."""
_LAUNCH_LIMIT = 30.0


@dataclass(frozen=True, slots=True)
class ProcessId:
    """start: clock ticks since boot."""

    pid: int
    start: int


@dataclass(frozen=True, slots=True)
class Record:
    """What runs: `command` is the digest of what it was started as, `files` the digests of what it has read."""

    process: ProcessId
    title: Text
    command: str
    files: dict[str, str]
    leavings: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Stat:
    pid: int
    state: str
    session: int
    start: int


def parse_stat(line: str) -> _Stat:
    """/proc/PID/stat; the command's name may itself hold spaces and parentheses. Raises ValueError."""
    head, found, tail = line.rpartition(")")
    fields = tail.split()
    if not found or len(fields) < 20:
        raise ValueError("not a process status")
    return _Stat(int(head.split("(", 1)[0]), fields[0], int(fields[3]), int(fields[19]))


def _observe(pid: int) -> _Stat | None:
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except (OSError, ValueError):
        return None


def is_alive(process: ProcessId) -> bool:
    """A zombie is dead."""
    stat = _observe(process.pid)
    return stat is not None and stat.start == process.start and stat.state not in "ZX"


def read_record(path: Path) -> Record | None:
    """None when there is none or it cannot be read (then nothing of ours is touched)."""
    try:
        head, stat_line = path.read_text().splitlines()
        known = json.loads(head)
        stat = parse_stat(stat_line)
        title = Text(str(known["ja"]), str(known["en"]))
        return Record(
            ProcessId(stat.pid, stat.start),
            title,
            str(known["command"]),
            dict(known["files"]),
            tuple(map(Path, known["leavings"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_files(path: Path, files: dict[str, str]) -> None:
    """The daemon has read `files` (digests by path)."""
    head, stat_line = path.read_text().splitlines()
    write_atomically(path, f"{json.dumps({**json.loads(head), 'files': files})}\n{stat_line}\n")


def start(spec: EngineSpec, log: Path, record: Path) -> subprocess.Popen[bytes]:
    """Start `spec` in its own session, its output appended to `log`, and return once `record` says who it is.

    Raises SekishoError ``engine.program-missing``, ``engine.user-missing``, ``engine.not-started``.
    """
    user = None if spec.insists_on_root else spec.user
    full = [*_see(spec.resolvers), *become(user, spec.capabilities), *command(spec)]
    ready, child_end = os.pipe()
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(
                ["/bin/sh", "-c", _LAUNCH, "sekisho-engine", str(record), _known(spec), *full],
                stdin=child_end,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
                env=_ENVIRONMENT,
                umask=0o077,
            )
        os.close(child_end)
        child_end = -1
        if spec.is_prompt:
            # Nice values would not do: with autogroups they count only within a session (sched(7)).
            with contextlib.suppress(OSError):
                os.sched_setscheduler(child.pid, os.SCHED_RR, os.sched_param(1))
        select.select([ready], [], [], _LAUNCH_LIMIT)
    finally:
        os.close(ready)
        if child_end >= 0:
            os.close(child_end)
    written = read_record(record)
    if written is None or written.process.pid != child.pid:
        name = spec.argv[0]
        raise SekishoError(
            "engine.not-started",
            f"プログラム {name} を起動できませんでした。{record.parent} に書き込めるか確かめてください。",
            f"could not start {name}: check that {record.parent} can be written",
        )
    return child


def note_process(path: Path, spec: EngineSpec, pid: int) -> bool:
    """Record that `pid` runs as `spec` says; False when there is no such process."""
    try:
        stat_line = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    write_atomically(path, f"{_known(spec)}\n{stat_line}")
    return True


def command(spec: EngineSpec) -> list[str]:
    """Its argv with the program's path. Raises SekishoError ``engine.program-missing``."""
    name = spec.argv[0]
    program = shutil.which(name, path=_ENVIRONMENT["PATH"])
    if program is None:
        raise SekishoError(
            "engine.program-missing",
            f"プログラム {name} がこの機械にありません。パッケージを入れてから、もう一度適用してください。",
            f"the program {name} is not on this machine: install its package, then apply again",
        )
    return [program, *spec.argv[1:]]


def _known(spec: EngineSpec) -> str:
    return json.dumps(
        {
            "ja": spec.title.ja,
            "en": spec.title.en,
            "command": spec.digest,
            "files": spec.file_digests,
            "leavings": [str(path) for path in spec.leavings],
        }
    )


def _see(resolvers: Path | None) -> list[str]:
    return [] if resolvers is None else ["unshare", "--mount", "sh", "-c", _BY_OWN_RESOLVERS, str(resolvers)]


def become(user: str | None, capabilities: Sequence[str]) -> list[str]:
    """What goes before a command so that it runs as `user`, with these of root's rights; nothing for None (root).

    Raises SekishoError ``engine.user-missing``. See setpriv(1).
    """
    if user is None:
        return []
    entry = _account(user)
    kept = "".join(f",+{name}" for name in capabilities)
    return [
        "setpriv",
        f"--reuid={entry.pw_uid}",
        f"--regid={entry.pw_gid}",
        "--clear-groups",
        f"--inh-caps=-all{kept}",
        f"--ambient-caps=-all{kept}",
        f"--bounding-set=-all{kept}",
        "--no-new-privs",
        "--",
    ]


def _account(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise SekishoError(
            "engine.user-missing",
            f"利用者 {user} がこの機械に登録されていません。systemd-sysusers を実行し、もう一度適用してください。",
            f"the user {user} does not exist on this machine: run systemd-sysusers, then apply again",
        ) from None


def owner_ids(user: str | None) -> tuple[int, int]:
    """(uid, gid); raises SekishoError ``engine.user-missing``."""
    if user is None:
        return 0, 0
    entry = _account(user)
    return entry.pw_uid, entry.pw_gid


def send(process: ProcessId, number: signal.Signals) -> bool:
    """Signal exactly this process; False when it is gone."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        # Looked at after the descriptor holds it, so the number cannot change hands in between.
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(descriptor, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)


def stop(processes: Sequence[ProcessId], patience: float) -> None:
    """SIGTERM to all, `patience` seconds for all together, then SIGKILL; their helper processes go with them."""
    for process in processes:
        send(process, signal.SIGTERM)
    limit = monotonic() + patience
    for process in processes:
        if not _wait(process, limit - monotonic()) and send(process, signal.SIGKILL):
            _wait(process, 2.0)
        sweep(process)


def _wait(process: ProcessId, seconds: float) -> bool:
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        if not is_alive(process):
            return True
        return bool(select.select([descriptor], [], [], max(0.0, seconds))[0])
    finally:
        os.close(descriptor)


def sweep(process: ProcessId) -> None:
    """Kill what a dead daemon left in its session (a helper or a hook survives a kill -9 of its parent).

    While a session has members the kernel gives its number to nobody else (pid_namespaces(7)), so
    members of session `process.pid` are ours as long as no stranger lives under that number.
    """
    leader = _observe(process.pid)
    if leader is not None and (leader.start != process.start or leader.state not in "ZX"):
        return
    for entry in Path("/proc").iterdir():
        member = _observe(int(entry.name)) if entry.name.isdigit() else None
        if member is not None and member.session == process.pid and member.pid != process.pid:
            send(ProcessId(member.pid, member.start), signal.SIGKILL)
