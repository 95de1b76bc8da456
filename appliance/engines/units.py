"""Daemons as units of systemd: each comes into the world with the rights and behind the walls that its unit gives it.

A unit of ours says everything but the command, which is the daemon's to say (``sekisho-engine-*.service``). From its
start on such a process is like any other of ours: known by pid and start time, watched, reloaded and stopped by us.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from appliance import paths
from appliance.engines import process
from appliance.engines.spec import EngineSpec
from appliance.errors import SekishoError
from appliance.files import write_atomically

_BOOTED = Path("/run/systemd/system")
_LIMIT = 30.0
"""Seconds for one start, the end of a predecessor included."""
_WORD = re.compile(r"[\w./:=@+,-]+")
"""What systemd takes as it is, in a file of variables and in a command line alike."""


def has_systemd() -> bool:
    """Whether systemd is this machine's init; see sd_booted(3)."""
    return _BOOTED.is_dir()


def start(spec: EngineSpec, log: Path, record: Path) -> None:
    """Start the unit of `spec` and return once `record` says who it is. One that ends at once has no record.

    log: as the unit says it. Raises SekishoError ``engine.program-missing``, ``engine.not-started``.
    """
    run(spec)
    pid = _systemctl("show", spec, "--property=MainPID", "--value").strip()
    if pid.isdigit() and int(pid):
        process.note_process(record, spec, int(pid))


def run(spec: EngineSpec) -> None:
    """Start the unit of `spec` and return once it runs, or, where it is one that does a thing and ends (``oneshot``),
    when it has. Raises SekishoError ``engine.program-missing``; ``engine.not-started``, also if it has failed.
    """
    words = process.command(spec)
    if not all(map(_WORD.fullmatch, words)):
        raise ValueError(f"not for systemd: {words}")
    paths.ORDERS.mkdir(mode=0o700, parents=True, exist_ok=True)
    order = paths.ORDERS / spec.unit
    write_atomically(order, f"COMMAND={' '.join(words)}\n", 0o600)
    try:
        # Not "start": whom a run of ours started that was killed before it could record it, nobody knows.
        _systemctl("restart", spec)
    finally:
        order.unlink(missing_ok=True)


def _systemctl(verb: str, spec: EngineSpec, *options: str) -> str:
    argv = ["systemctl", "--no-ask-password", verb, *options, "--", f"{spec.unit}.service"]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_LIMIT, check=True
        )
    except subprocess.CalledProcessError as error:
        raise _refused(spec, " ".join(error.stderr.split())) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refused(spec, str(error)) from None
    return done.stdout


def _refused(spec: EngineSpec, said: str) -> SekishoError:
    return SekishoError(
        "engine.not-started",
        f"{spec.title.ja}を起動できませんでした。「journalctl -u {spec.unit}」で理由を確かめてください。返事: {said}",
        f"could not start {spec.title.en}: see `journalctl -u {spec.unit}`; systemd said: {said}",
    )
