"""chronyc(1): whom chrony follows, and how far off the clock is."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from appliance import paths
from appliance.errors import SekishoError

LIMIT = 5.0
"""Seconds for an answer."""
_SOCKET = paths.RUN / "chrony" / "control.sock"
_NOT_SYNCHRONISED = "Not synchronised"


@dataclass(frozen=True, slots=True)
class Tracking:
    """Of the clock while somebody is followed. offset: seconds that the clock is ahead of true time."""

    name: str
    stratum: int
    offset: float


@dataclass(frozen=True, slots=True)
class Source:
    """state: as chronyc prints it. reach: a bit for each of the last eight questions, set when it was answered."""

    name: str
    state: str
    stratum: int
    reach: int


def tracking() -> Tracking | None:
    """None while nobody is followed. Raises SekishoError ``engine.chrony-silent``."""
    return parse_tracking(_ask("tracking"))


def sources() -> tuple[Source, ...]:
    """Raises SekishoError ``engine.chrony-silent``."""
    return tuple(parse_sources(_ask("sources")))


def parse_tracking(said: str) -> Tracking | None:
    """The one line of ``chronyc -c tracking``: reference, name, stratum, its time, offset of the system, …, leap."""
    for fields in csv.reader(said.splitlines()):
        if len(fields) < 14 or fields[13] == _NOT_SYNCHRONISED or not fields[1]:
            return None
        try:
            return Tracking(fields[1], int(fields[2]), float(fields[4]))
        except ValueError:
            return None
    return None


def parse_sources(said: str) -> Iterator[Source]:
    """Lines of ``chronyc -c sources``: mode, state, name, stratum, poll, reach (octal), …"""
    for fields in csv.reader(said.splitlines()):
        try:
            _, state, name, stratum, _, reach, *_ = fields
            yield Source(name, state, int(stratum), int(reach, 8) & 0xFF)
        except ValueError:
            continue


def _ask(command: str) -> str:
    try:
        done = subprocess.run(
            ["chronyc", "-c", "-n", "-h", str(_SOCKET), command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SekishoError(
            "engine.chrony-silent",
            "時刻合わせ（chrony）が応答しません。自動で起動し直すのを待ち、続くときはルーターを再起動してください。",
            "the time daemon (chrony) does not answer: wait for its automatic restart; if this goes on, restart the "
            "router",
        ) from error
    return done.stdout
