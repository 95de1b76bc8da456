"""Whether what an engine wants to have printed would get to the terminal: seen on the channels themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.control.clock import boottime
from appliance.control.feed_gate import GateFeed
from appliance.control.records import Records
from appliance.health.model import State

EVERY = 5.0
ANSWER = 30.0
"""In which an engine answers: the real client pings every 10 s, and gives up after so long without a pong."""
BACK = 900.0
"""In which a terminal comes back whose channel an outage has ended: the real client waits up to ten minutes."""
_WORST = ("silent", "waiting")


@dataclass(slots=True)
class _Channel:
    """Bytes as they were seen last. unanswered: since when the terminal waits for an answer, None: it does not."""

    to_engine: int
    to_terminal: int
    unanswered: float | None = None


class Channels:
    """Pure; times are seconds of a clock that never goes back. A terminal that closes its channel while all is well
    has only been switched off."""

    def __init__(self) -> None:
        self._channels: dict[int, _Channel] = {}
        self._before: dict[str, str] = {}
        self._lost: dict[str, float] = {}
        """Until when each is missed."""

    def look(self, now: float, open_now: Iterable[Mapping[str, Any]], *, outage: bool) -> dict[str, str]:
        """By terminal: empty for well, ``waiting`` (no engine for it), ``silent`` (the engine does not answer) or
        ``lost``. open_now: ``push`` of `gate.server.Gate.stats`. outage: the engine cannot be reached."""
        found: dict[str, str] = {}
        seen: dict[int, _Channel] = {}
        for channel in open_now:
            state = self._state(now, channel, seen)
            name = channel["terminal"]
            # One that works is enough: the others are from before.
            found[name] = "" if "" in (state, found.get(name)) else state
        self._channels = seen
        for name, state in self._before.items():
            if name not in found and (outage or state in _WORST):
                self._lost.setdefault(name, now + BACK)
        self._lost = {name: until for name, until in self._lost.items() if name not in found and now < until}
        self._before = dict(found)
        return found | dict.fromkeys(self._lost, "lost")

    def _state(self, now: float, channel: Mapping[str, Any], seen: dict[int, _Channel]) -> str:
        to_engine, to_terminal = channel["to_engine"], channel["to_terminal"]
        known = self._channels.get(channel["number"]) or _Channel(0, 0)
        if to_terminal > known.to_terminal:
            known.unanswered = None
        elif to_engine > known.to_engine and known.unanswered is None:
            known.unanswered = now
        known.to_engine, known.to_terminal = to_engine, to_terminal
        seen[channel["number"]] = known
        if channel["held"]:
            return "waiting"
        return "silent" if known.unanswered is not None and now - known.unanswered >= ANSWER else ""


async def watch_push(gate: GateFeed, records: Records) -> None:
    channels = Channels()
    while True:
        if stats := await gate.stats():
            engine = next((light for light in records.lights() if light.name == "engine"), None)
            outage = engine is not None and engine.state in (State.FAILED, State.UNKNOWN)
            for name, reason in channels.look(boottime(), stats["push"], outage=outage).items():
                records.record("push.channel", name, not reason, reason)
        await asyncio.sleep(EVERY)
