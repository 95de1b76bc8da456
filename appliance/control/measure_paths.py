"""Measures how large packets may be in each tunnel: carries out what `tunnel.path_mtu` decides.

What is found becomes the MTU of the routes into the tunnel, which forwarded connections are clamped to.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from appliance.control.clock import boottime
from appliance.control.watch_tunnels import TunnelWatch
from appliance.engines.leases6 import read_lease6
from appliance.intent.model import RouterIntent, Tunnel
from appliance.kernel import line
from appliance.tunnel import echo, path_mtu

LOOK_EVERY = 0.25
"""Seconds: how soon a change of path or line is noticed."""
_MOST_AT_ONCE = 64
"""Replies that are read at a time: nobody may keep us busy."""


@dataclass(frozen=True, slots=True)
class _Way:
    """line: its name. largest: the inner packet that fits it, in bytes; None while nobody knows."""

    line: str
    largest: int | None


class PathMeasurer:
    def __init__(self, intent: RouterIntent, tunnels: TunnelWatch) -> None:
        self._intent = intent
        self._tunnels = tunnels
        self._lines = {known.name: known for known in intent.lines}

    async def run(self) -> None:
        await asyncio.gather(*(self._measure(tunnel) for tunnel in self._intent.tunnels))

    async def _measure(self, tunnel: Tunnel) -> None:
        core = path_mtu.PathMtu(tunnel.mtu, self._tunnels.mtus[tunnel.name])
        identifier = secrets.randbits(16)
        came = asyncio.Event()
        by: _Way | None = None
        sock: socket.socket | None = None
        try:
            while True:
                way = self._way(tunnel) if self._tunnels.path(tunnel.name) else None
                if way != by:
                    _close(sock)
                    by, sock = way, _open(tunnel, came) if way else None
                    now = boottime()
                    event = path_mtu.PathUp(now, way.largest) if sock and way else path_mtu.PathDown(now)
                    await self._carry_out(tunnel, core.handle(event), sock, identifier)
                came.clear()
                for size in _replies(sock, identifier):
                    await self._carry_out(tunnel, core.handle(path_mtu.Echoed(size, boottime())), sock, identifier)
                await self._carry_out(tunnel, core.handle(path_mtu.Tick(boottime())), sock, identifier)
                deadline = core.next_deadline()
                wait = LOOK_EVERY if deadline is None else min(LOOK_EVERY, max(0.0, deadline - boottime()))
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await came.wait()
        finally:
            _close(sock)

    def _way(self, tunnel: Tunnel) -> _Way:
        name, version = self._tunnels.lines[tunnel.name], self._tunnels.version(tunnel)
        by = self._lines[name]
        port = line.mtu(by.interface if version == 4 else by.port)
        if version is None or port is None:
            return _Way(name, None)
        lease = read_lease6(by.port) if version == 6 else None
        return _Way(name, path_mtu.fits(min(port, (lease and lease.mtu) or port), version, tunnel.mtu))

    async def _carry_out(
        self, tunnel: Tunnel, commands: Iterable[path_mtu.Command], sock: socket.socket | None, identifier: int
    ) -> None:
        for command in commands:
            match command:
                case path_mtu.Echo(size):
                    # What cannot be sent is lost, as on the way.
                    with suppress(OSError):
                        if sock is not None:
                            sock.sendto(echo.request(size, identifier), (str(tunnel.peer_address), 0))
                case path_mtu.SetMtu(size):
                    await self._tunnels.narrow(tunnel.name, size)


def _open(tunnel: Tunnel, came: asyncio.Event) -> socket.socket | None:
    try:
        sock = echo.open_socket(tunnel.interface, tunnel.inner_address)
    except OSError:
        return None
    asyncio.get_running_loop().add_reader(sock, came.set)
    return sock


def _close(sock: socket.socket | None) -> None:
    if sock is not None:
        asyncio.get_running_loop().remove_reader(sock)
        sock.close()


def _replies(sock: socket.socket | None, identifier: int) -> Iterable[int]:
    if sock is None:
        return
    for _ in range(_MOST_AT_ONCE):
        try:
            packet = sock.recv(65536)
        except OSError:
            return
        size = echo.size_of_reply(packet, identifier)
        if size is not None:
            yield size
