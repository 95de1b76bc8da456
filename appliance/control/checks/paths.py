"""Measures each tunnel with echoes of its own, beside what the router measures all day: for `apart`."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from appliance.diagnose.checks.paths import PathEvidence
from appliance.intent.model import RouterIntent, Tunnel
from appliance.tunnel import echo
from appliance.tunnel.path_mtu import GRAIN, LEAST

ECHOES, PACE = 50, 0.1
"""How many small ones, and the seconds between two: a loss of a twentieth shows, and no line is filled."""
SMALL = 100
"""Bytes, IP header included."""
TRIES = 6
"""So many of one size must be lost: on a path that loses a fifth each way, all are by chance twice in a thousand."""
PATIENCE = 1.0
"""Seconds for the last answer."""
SECONDS = 20
"""What all of it takes at most, about."""


@dataclass(frozen=True, slots=True)
class Path:
    """A tunnel to measure. line: by which it goes now. in_force: see `PathEvidence`."""

    tunnel: Tunnel
    line: str
    in_force: int | None


def paths(intent: RouterIntent, lines: dict[str, str], mtus: dict[str, int | None]) -> tuple[Path, ...]:
    """lines, mtus: by the tunnel's name."""
    return tuple(Path(tunnel, lines[tunnel.name], mtus[tunnel.name]) for tunnel in intent.tunnels)


def gather(asked: tuple[Path, ...]) -> tuple[PathEvidence, ...]:
    return asyncio.run(_all(asked))


async def _all(asked: tuple[Path, ...]) -> tuple[PathEvidence, ...]:
    return tuple(await asyncio.gather(*map(_one, asked)))


async def _one(path: Path) -> PathEvidence:
    tunnel = path.tunnel
    try:
        sock = echo.open_socket(tunnel.interface, tunnel.inner_address)
    except OSError:
        return PathEvidence(tunnel.name, path.line, 0, (), tunnel.mtu, None, path.in_force)
    with sock:
        conversation = _Conversation(sock, tunnel)
        delays = await conversation.delays()
        passes = await conversation.widest() if delays else None
    return PathEvidence(tunnel.name, path.line, ECHOES, delays, tunnel.mtu, passes, path.in_force)


class _Conversation:
    """Each echo has an identifier of its own, by which its answer is known."""

    def __init__(self, sock: socket.socket, tunnel: Tunnel) -> None:
        self._sock = sock
        self._peer = (str(tunnel.peer_address), 0)
        self._largest = tunnel.mtu
        self._next = secrets.randbits(16)
        self._sent: dict[int, float] = {}
        self._delays: dict[int, float] = {}
        """By identifier."""

    async def delays(self) -> tuple[float, ...]:
        for _ in range(ECHOES):
            self._send(SMALL)
            await self._listen(PACE)
        await self._listen_until_all(PATIENCE)
        return tuple(self._delays.values())

    async def widest(self) -> int | None:
        """The largest size that passes, by halving; None where not even the least does."""
        if await self._passes(self._largest):
            return self._largest
        good, bad = min(LEAST, self._largest), self._largest
        if not await self._passes(good):
            return None
        while bad - good > GRAIN:
            middle = (good + bad) // 2
            if await self._passes(middle):
                good = middle
            else:
                bad = middle
        return good

    async def _passes(self, size: int) -> bool:
        self._sent, self._delays = {}, {}
        for _ in range(TRIES):
            self._send(size)
            await self._listen(PACE)
            if self._delays:
                return True
        await self._listen_until_all(PATIENCE)
        return bool(self._delays)

    def _send(self, size: int) -> None:
        self._next = (self._next + 1) & 0xFFFF
        self._sent[self._next] = monotonic()
        # What cannot be sent is lost, as on the way.
        with suppress(OSError):
            self._sock.sendto(echo.request(size, self._next), self._peer)

    async def _listen_until_all(self, seconds: float) -> None:
        end = monotonic() + seconds
        while len(self._delays) < len(self._sent) and (left := end - monotonic()) > 0:
            await self._listen(min(left, PACE))

    async def _listen(self, seconds: float) -> None:
        loop, end = asyncio.get_running_loop(), monotonic() + seconds
        while (left := end - monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    packet = await loop.sock_recv(self._sock, 65536)
            except (TimeoutError, OSError):
                continue
            now = monotonic()
            for identifier in self._known(packet):
                self._delays.setdefault(identifier, now - self._sent[identifier])

    def _known(self, packet: bytes) -> Iterator[int]:
        yield from (one for one in self._sent if echo.size_of_reply(packet, one) is not None)
