"""The router's nights: its clock is ahead of this machine's, so that the hours for updates come when a test wants them.

    python -m tests.image.nights ADDRESS SECONDS

is a time server (NTP, RFC 5905) that is so many seconds ahead.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from appliance.text import JAPAN
from appliance.update.window import NIGHT
from tests.lab.addresses import NIGHT_NTP
from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine

_EVENING = timedelta(hours=4)
_SINCE_1900 = 2208988800
_PACKET = struct.Struct("!BBbb11I")
_SERVER, _CLIENT = 4, 3


def evening_before(night: datetime) -> datetime:
    """Outside the hours for updates."""
    return night - _EVENING


def night_after(moment: datetime) -> datetime:
    """The first one, at least an evening later, in whose hours updates are allowed where the settings say nothing; a
    little after they have begun."""
    day = (moment + _EVENING).astimezone(JAPAN).date()
    while True:
        night = datetime.combine(day, NIGHT.first, JAPAN) + timedelta(minutes=1)
        if day.day not in NIGHT.days_off and night >= moment + _EVENING:
            return night.astimezone(UTC)
        day += timedelta(days=1)


class Clock:
    """The data center's time, at `NIGHT_NTP` on its core."""

    def __init__(self, core: Machine, now: datetime) -> None:
        self._core = core
        core.ip(f"address add {NIGHT_NTP} dev lo\n")
        self._ahead = timedelta()
        self._server: subprocess.Popen[str] | None = None
        self.set(now)

    def set(self, now: datetime) -> None:
        """now: aware."""
        self._ahead = now - datetime.now(UTC)
        if self._server:
            self._server.terminate()
            self._server.wait(20)
        command = (sys.executable, "-m", "tests.image.nights", str(NIGHT_NTP.ip), str(self._ahead.total_seconds()))
        self._server = self._core.popen(*command, cwd=PROJECT, log=self._core.log_dir / "night.log")

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC) + self._ahead


def answer(question: bytes, now: float) -> bytes:
    """To a client's packet; nothing to anything else. now: seconds since 1970."""
    if len(question) < _PACKET.size or question[0] & 7 != _CLIENT:
        return b""
    version = question[0] >> 3 & 7
    stamp = int((now + _SINCE_1900) * (1 << 32))
    seconds, fraction = stamp >> 32, stamp & 0xFFFFFFFF
    sent = struct.unpack_from("!II", question, 40)
    identity = int.from_bytes(b"LOCL")
    times = (seconds, fraction, *sent, seconds, fraction, seconds, fraction)
    return _PACKET.pack(version << 3 | _SERVER, 1, 6, -20, 0, 0, identity, *times)


def serve(address: str, ahead: float) -> None:
    """Until it is ended."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind((address, 123))
        while True:
            question, there = here.recvfrom(1024)
            if said := answer(question, time.time() + ahead):
                here.sendto(said, there)


if __name__ == "__main__":
    serve(sys.argv[1], float(sys.argv[2]))
