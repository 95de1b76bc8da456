"""Captures: started and stopped on somebody's word, bounded in time and size, recorded by a process without rights."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import re
import socket
import struct
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from appliance import paths
from appliance.control.wire import Wire
from appliance.errors import SekishoError
from appliance.intent.model import RouterIntent
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
_LONGEST_PIECE = 1 << 17
"""Bytes of what it hands on in one go; it has heard strangers, so nobody believes it."""

_log = logging.getLogger(__name__)


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
    wire: Wire
    file: IO[bytes]
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)


class Capturing:
    """At most one at a time. What each found stays beside its file until the file goes."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or paths.CAPTURES
        self._running: _Running | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()

    async def start(self, order: Order, intent: RouterIntent) -> dict[str, Any]:
        """Raises SekishoError ``capture.*``."""
        async with self._beginning:
            return await self._start(order, intent)

    async def _start(self, order: Order, intent: RouterIntent) -> dict[str, Any]:
        if self._running is not None:
            raise SekishoError(
                "capture.busy",
                f"{self._running.name} の記録が続いています。終わるのを待つか、止めてから始めてください。",
                f"{self._running.name} is still being captured: wait for its end, or stop it.",
            )
        interface = _interface(intent, order.place)
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{order.place}.pcap"
        await asyncio.to_thread(self._make_room, order)
        wire = await asyncio.to_thread(Wire, {"capture": _request(interface, order)})
        try:
            file = os.fdopen(os.open(self._directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", 0)
        except OSError:
            wire.close()
            raise
        self._running = running = _Running(name, order, interface, time.time(), wire, file)
        self._waiting = asyncio.create_task(self._await_end(running), name="capture")
        # When it hears its port: what the vendor does next shall be in it.
        begun = asyncio.create_task(running.has_begun.wait())
        await asyncio.wait([begun, self._waiting], timeout=_START, return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        return {"name": name, "interface": interface}

    async def stop(self) -> bool:
        """End the one that runs; False when none does."""
        running, waiting = self._running, self._waiting
        if running is None or waiting is None:
            return False
        with suppress(OSError):
            running.wire.socket.shutdown(socket.SHUT_WR)
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
            found = await self._heard(running)
            notes = {**asdict(running.order), "interface": running.interface, "began": running.began, **found}
            await asyncio.to_thread(self._notes(running.name).write_text, json.dumps(notes))
        except OSError as error:
            _log.warning("what capture %s came to could not be kept: %s", running.name, error)
        finally:
            # Not before: whoever sees it among those that are over sees what it came to.
            self._running = None

    async def _heard(self, running: _Running) -> dict[str, Any]:
        """What it came to, once nothing more comes; None for what nobody can say."""
        try:
            async with asyncio.timeout(running.order.seconds + _GRACE):
                return await _receive(running)
        except (TimeoutError, OSError, ValueError, RecursionError, asyncio.IncompleteReadError) as error:
            _log.warning("capture %s broke off: %r", running.name, error)
            return {"packets": None, "lost": None, "full": None}
        finally:
            running.file.close()
            await asyncio.to_thread(running.wire.close)

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


async def _receive(running: _Running) -> dict[str, int | bool]:
    """Write what comes (`appliance.diagnose.capture.record`) and return what it came to.

    Raises OSError, IncompleteReadError: it ended too soon; ValueError: that is no capture, or more than was allowed.
    """
    reader, writer = await asyncio.open_unix_connection(sock=running.wire.socket)
    try:
        room = running.order.kilobytes * 1024
        while length := struct.unpack("!I", await reader.readexactly(4))[0]:
            room -= length
            if length > _LONGEST_PIECE or room < 0:
                raise ValueError("more than was asked for")
            await asyncio.to_thread(running.file.write, await reader.readexactly(length))
            running.has_begun.set()
        match json.loads(await reader.readline()):
            case {"packets": int(packets), "lost": int(lost), "full": bool(full)}:
                return {"packets": packets, "lost": lost, "full": full}
        raise ValueError("no result")
    finally:
        writer.close()


def _request(interface: str, order: Order) -> dict[str, Any]:
    size = order.kilobytes * 1024
    return {"port": interface, "seconds": order.seconds, "bytes": size, "payload": order.payload}


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
