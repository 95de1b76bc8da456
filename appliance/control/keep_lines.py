"""Keeps each tunnel on the right access line: carries out what the pure core of `tunnel.lines` decides.

A tunnel's line is the fwmark of its outer packets, which the kernel keeps: a tunnel stays where it is without us.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator

from appliance.control.clock import boottime
from appliance.control.records import Records
from appliance.control.watch_tunnels import TunnelWatch
from appliance.control.ways import given, versions
from appliance.intent.model import RouterIntent
from appliance.kernel import wireguard
from appliance.kernel.line import has_carrier
from appliance.tunnel import lines

LOOK_EVERY = 0.25
"""Seconds: how soon a closed line is noticed."""

_log = logging.getLogger(__name__)


class LineKeeper:
    def __init__(self, intent: RouterIntent, tunnels: TunnelWatch, records: Records) -> None:
        self._intent = intent
        self._tunnels = tunnels
        self._records = records
        self._marks = {line.name: line.mark for line in intent.lines}

    async def run(self) -> None:
        core = lines.Lines(self._allowed(), await asyncio.to_thread(self._in_use))
        while True:
            now = boottime()
            for event in self._seen(now):
                await self._carry_out(core.handle(event))
            await self._carry_out(core.handle(lines.Tick(now)))
            self._tell(core)
            await asyncio.sleep(LOOK_EVERY)

    def _allowed(self) -> dict[str, tuple[str, ...]]:
        """Names of the lines by tunnel, the preferred one first."""
        by_mark = {line.mark: line.name for line in self._intent.lines}
        return {
            tunnel.name: tuple(by_mark[mark] for mark in tunnel.marks) or (tunnel.line,)
            for tunnel in self._intent.tunnels
        }

    def _in_use(self) -> dict[str, str]:
        """As an earlier run of ours left it."""
        by_mark = {line.mark: line.name for line in self._intent.lines if line.mark}
        devices = wireguard.observe()
        marks = {
            tunnel.name: devices[tunnel.interface].mark
            for tunnel in self._intent.tunnels
            if tunnel.interface in devices
        }
        return {name: by_mark[mark] for name, mark in marks.items() if mark in by_mark}

    def _seen(self, now: float) -> Iterator[lines.Event]:
        found = given(self._intent)
        for line in self._intent.lines:
            yield lines.Line(
                line.name,
                bool(versions(line, found)) and has_carrier(line.port if line.softwire else line.interface),
                now,
            )
        for tunnel in self._intent.tunnels:
            up = self._tunnels.path(tunnel.name)
            if up is not None:
                yield lines.Path(tunnel.name, up, now)

    async def _carry_out(self, commands: Iterable[lines.Use]) -> None:
        for command in commands:
            tunnel = next(tunnel for tunnel in self._intent.tunnels if tunnel.name == command.tunnel)
            _log.info("tunnel %s now goes by line %s", tunnel.name, command.line)
            await asyncio.to_thread(wireguard.set_mark, tunnel.interface, self._marks[command.line] or 0)

    def _tell(self, core: lines.Lines) -> None:
        for tunnel, line in core.in_use.items():
            self._tunnels.use(tunnel, line)
            self._records.record("tunnel.line", tunnel, True, detail=line)
