"""Captures: started and stopped on somebody's word, bounded in time and size, by a process without rights."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pwd
import re
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.errors import SekishoError
from appliance.intent.model import RouterIntent
from appliance.intent.names import CAPTURE_USER
from appliance.kernel.line import is_there

LONGEST_SECONDS = 600
SMALLEST_KILOBYTES, LARGEST_KILOBYTES = 16, 8 * 1024
"""Of one capture: what one answer of the local API carries."""
RESERVE = 64 * 1024 * 1024
"""Bytes of the disk that captures leave free."""
KEPT = 3
"""Captures that are kept; the oldest goes when another begins."""
_NAME = re.compile(r"\d{8}-\d{6}-[a-z0-9-]{1,20}\.pcap")
_START = 10.0
"""Seconds that a slow router may take to begin."""
_GRACE = 5.0
"""Seconds that the process may be late."""


@dataclass(frozen=True, slots=True)
class Order:
    """place: a segment, a line or a tunnel, by its name. payload: whole packets instead of headers."""

    place: str
    seconds: int
    kilobytes: int
    payload: bool


@dataclass(slots=True)
class _Running:
    name: str
    order: Order
    interface: str
    began: float
    process: asyncio.subprocess.Process


class Capturing:
    """At most one at a time. What each found stays beside its file until the file goes."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or paths.CAPTURES
        self._running: _Running | None = None
        self._waiting: asyncio.Task[None] | None = None

    async def start(self, order: Order, intent: RouterIntent) -> dict[str, Any]:
        """Raises SekishoError ``capture.*``."""
        if self._running is not None:
            raise SekishoError(
                "capture.busy",
                f"{self._running.name} の記録が続いています。終わるのを待つか、止めてから始めてください。",
                f"{self._running.name} is still being captured: wait for its end, or stop it.",
            )
        interface = _interface(intent, order.place)
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{order.place}.pcap"
        await asyncio.to_thread(self._make_room, order)
        descriptor = os.open(self._directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *_command(interface, order),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                cwd="/",
            )
        finally:
            os.close(descriptor)
        self._running = _Running(name, order, interface, time.time(), process)
        self._waiting = asyncio.create_task(self._await_end(self._running), name="capture")
        await self._hears(self._running)
        return {"name": name, "interface": interface}

    async def _hears(self, running: _Running) -> None:
        """Until it hears its port, when it writes the file's head: what the vendor does next shall be in it."""
        until = time.monotonic() + _START
        while running.process.returncode is None and not self._size(running.name) and time.monotonic() < until:
            await asyncio.sleep(0.02)

    async def stop(self) -> bool:
        """End the one that runs; False when none does."""
        running, waiting = self._running, self._waiting
        if running is None or waiting is None:
            return False
        with suppress(ProcessLookupError):
            running.process.terminate()
        await asyncio.wait([waiting])
        return True

    def show(self) -> dict[str, Any]:
        """The one that runs, and those that are there, newest first."""
        running = self._running
        return {
            "running": _told(running, self._size(running.name)) if running else None,
            "captures": [
                self._described(path) for path in self._files() if running is None or path.name != running.name
            ],
        }

    def read(self, name: str) -> dict[str, Any]:
        """The file. Raises SekishoError ``capture.unknown``."""
        if not _NAME.fullmatch(name):
            raise _unknown(name)
        try:
            with (self._directory / name).open("rb") as stream:
                data = stream.read(LARGEST_KILOBYTES * 1024)
        except OSError:
            raise _unknown(name) from None
        return {"name": name, "data": base64.b64encode(data).decode()}

    async def _await_end(self, running: _Running) -> None:
        try:
            async with asyncio.timeout(running.order.seconds + _GRACE):
                _, said = await running.process.communicate()
        except TimeoutError:
            running.process.kill()
            _, said = await running.process.communicate()
        finally:
            self._running = None
        notes = {**asdict(running.order), "interface": running.interface, "began": running.began, **_result(said)}
        await asyncio.to_thread(self._notes(running.name).write_text, json.dumps(notes))

    def _make_room(self, order: Order) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in self._files()[KEPT - 1 :]:
            old.unlink(missing_ok=True)
            self._notes(old.name).unlink(missing_ok=True)
        disk = os.statvfs(self._directory)
        if disk.f_bavail * disk.f_frsize < RESERVE + order.kilobytes * 1024:
            raise SekishoError(
                "capture.no-space",
                "ルーターのディスクに、記録のための空きがありません。大きさの上限を小さくしてください。",
                "The router's disk has no room for a capture: choose a smaller size.",
            )

    def _files(self) -> list[Path]:
        """Newest first."""
        if not self._directory.is_dir():
            return []
        return sorted((path for path in self._directory.iterdir() if _NAME.fullmatch(path.name)), reverse=True)

    def _notes(self, name: str) -> Path:
        return self._directory / f"{name}.json"

    def _size(self, name: str) -> int:
        try:
            return (self._directory / name).stat().st_size
        except OSError:
            return 0

    def _described(self, path: Path) -> dict[str, Any]:
        try:
            notes = json.loads(self._notes(path.name).read_text())
        except (OSError, ValueError):
            # The daemon ended before the capture did.
            notes = {}
        return {**notes, "name": path.name, "bytes": self._size(path.name)}


def _told(running: _Running, size: int) -> dict[str, Any]:
    order = asdict(running.order)
    return {**order, "name": running.name, "interface": running.interface, "began": running.began, "bytes": size}


def _result(said: bytes) -> dict[str, Any]:
    try:
        found = json.loads(said.splitlines()[-1])
        return {name: found[name] for name in ("packets", "lost", "full")}
    except (ValueError, IndexError, KeyError, TypeError):
        return {"packets": None, "lost": None, "full": None}


def _command(interface: str, order: Order) -> list[str]:
    try:
        user = pwd.getpwnam(CAPTURE_USER)
    except KeyError:
        raise SekishoError(
            "capture.no-user",
            f"利用者 {CAPTURE_USER} がこの機械に登録されていません。systemd-sysusers を実行してください。",
            f"the user {CAPTURE_USER} does not exist on this machine: run systemd-sysusers.",
        ) from None
    size = order.kilobytes * 1024
    return [
        # The kernel holds it to its size, whatever it does.
        "prlimit",
        f"--fsize={size}",
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--inh-caps=-all,+net_raw",
        "--ambient-caps=-all,+net_raw",
        "--bounding-set=-all,+net_raw",
        "--no-new-privs",
        "--",
        sys.executable,
        "-I",
        "-m",
        "appliance.diagnose.capture",
        interface,
        str(order.seconds),
        str(size),
        "whole" if order.payload else "headers",
    ]


def places(intent: RouterIntent) -> dict[str, str]:
    """Where can be listened: the names of segments, lines and tunnels, with their interfaces."""
    return {
        **{segment.name: segment.interface for segment in intent.lan.segments},
        **{line.name: line.interface if is_there(line.interface) else line.port for line in intent.lines},
        **{tunnel.name: tunnel.interface for tunnel in intent.tunnels},
    }


def _interface(intent: RouterIntent, place: str) -> str:
    known = places(intent)
    if place not in known:
        raise SekishoError(
            "capture.no-place",
            f"{place} という場所はありません。あるのは {', '.join(known)} です。",
            f"There is no place {place}; there are {', '.join(known)}.",
        )
    if not is_there(known[place]):
        raise SekishoError(
            "capture.not-there",
            f"{place} のポート（{known[place]}）が、いまこの機械にありません。",
            f"The port of {place} ({known[place]}) is not there now.",
        )
    return known[place]


def _unknown(name: str) -> SekishoError:
    return SekishoError(
        "capture.unknown",
        f"{name} という記録はありません。「sekisho capture list」で確かめてください。",
        f"There is no capture {name}: see `sekisho capture list`.",
    )
