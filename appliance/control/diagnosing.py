"""Runs the checks that somebody asked for, one after the other, and remembers what the last of each kind found."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from appliance.control import apart, ways, wires
from appliance.control.checks import certificates as ask_certificates
from appliance.control.checks import names as ask_names
from appliance.control.checks import paths as ask_paths
from appliance.control.checks import throughput as ask_throughput
from appliance.control.checks import time as ask_time
from appliance.control.ready import Ready
from appliance.control.watch_tunnels import TunnelWatch
from appliance.diagnose.checks import certificates, names, paths, throughput
from appliance.diagnose.checks import time as clock
from appliance.diagnose.lan import verdict as lan
from appliance.diagnose.verdict import Outcome, State, Verdict, as_json
from appliance.errors import SekishoError
from appliance.text import Text

_ROOM = "appliance.control.checks"
_LAN_SECONDS = 15
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Working:
    """What the checks look at: the settings in force, and the watch over their tunnels."""

    ready: Ready
    tunnels: TunnelWatch


async def _paths(at: Working) -> Outcome:
    intent, tunnels = at.ready.intent, at.tunnels
    asked = ask_paths.paths(intent, tunnels.lines, tunnels.mtus)
    return paths.judge(await _apart("paths", asked))


async def _names(at: Working) -> Outcome:
    intent = at.ready.intent
    asked = ask_names.questions(intent, await asyncio.to_thread(ways.given, intent))
    return names.judge(await _apart("names", asked))


async def _time(at: Working) -> Outcome:
    return clock.judge(await asyncio.to_thread(ask_time.gather, at.ready.account))


async def _certificates(at: Working) -> Outcome:
    return certificates.judge(await _apart("certificates", ask_certificates.engines(at.ready)), datetime.now(UTC))


async def _lan(at: Working) -> Outcome:
    return lan.judge(await _apart("lan", await asyncio.to_thread(wires.at_work, at.ready.intent)))


async def _throughput(at: Working) -> Outcome:
    return throughput.judge(await _apart("throughput", ask_throughput.place(at.ready, at.tunnels.carrying)))


async def _apart(module: str, asked: object) -> Any:
    return await asyncio.to_thread(apart.call, f"{_ROOM}.{module}", "gather", asked)


@dataclass(frozen=True, slots=True)
class Check:
    """seconds: that it takes, about. disturbs: it takes from the line what work could use, so nobody asks for it by
    asking for everything."""

    title: Text
    seconds: int
    run: Callable[[Working], Awaitable[Outcome]]
    disturbs: bool = False


CHECKS: Mapping[str, Check] = {
    "paths": Check(Text("経路（トンネル）", "Paths (tunnels)"), ask_paths.SECONDS, _paths),
    "names": Check(Text("名前（DNS）", "Names (DNS)"), ask_names.SECONDS, _names),
    "time": Check(Text("時刻", "Time"), ask_time.SECONDS, _time),
    "certificates": Check(Text("証明書とピン", "Certificates and pins"), ask_certificates.SECONDS, _certificates),
    "lan": Check(Text("院内 LAN", "The clinic's LAN"), _LAN_SECONDS, _lan),
    "throughput": Check(
        Text("データセンターまでの速さ", "Throughput to the data center"),
        ask_throughput.SECONDS,
        _throughput,
        disturbs=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Last:
    """What a check found. at: Unix seconds of its end."""

    at: float
    outcome: Outcome


class Diagnosing:
    """At most one run at a time: checks that share the line would measure each other."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._running: tuple[str, float] | None = None
        self._last: dict[str, Last] = {}
        self._run: asyncio.Task[None] | None = None

    def begin(self, wanted: Sequence[str], working: Callable[[], Working]) -> list[str]:
        """Begin; `show` tells how far it is. working: what is in force, asked anew before each check, raises
        SekishoError. wanted: of `CHECKS`; none for all that disturb nobody. Returns what will be run.

        Raises SekishoError ``diagnose.unknown`` or ``diagnose.busy``.
        """
        unknown = [name for name in wanted if name not in CHECKS]
        if unknown:
            raise SekishoError(
                "diagnose.unknown",
                f"{unknown[0]} という診断はありません。あるのは {', '.join(CHECKS)} です。",
                f"There is no check {unknown[0]}; there are {', '.join(CHECKS)}.",
            )
        if self._run is not None and not self._run.done():
            raise SekishoError(
                "diagnose.busy",
                "ほかの診断が動いています。終わってから、もう一度試してください。",
                "Another run of checks is under way: try again when it is over.",
            )
        working()
        names = list(dict.fromkeys(wanted)) or [name for name, check in CHECKS.items() if not check.disturbs]
        self._waiting = names
        self._run = asyncio.create_task(self._go(working), name="checks")
        return list(names)

    def show(self) -> list[dict[str, Any]]:
        """Every check: whether it waits or runs, and what it found last."""
        return [self._shown(name, check) for name, check in CHECKS.items()]

    async def stop(self) -> None:
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)

    async def _go(self, working: Callable[[], Working]) -> None:
        try:
            while self._waiting:
                name = self._waiting.pop(0)
                self._running = name, time.time()
                self._last[name] = Last(time.time(), await _outcome(name, working))
        finally:
            self._waiting, self._running = [], None

    def _shown(self, name: str, check: Check) -> dict[str, Any]:
        running = self._running if self._running and self._running[0] == name else None
        last = self._last.get(name)
        return {
            "name": name,
            "title": check.title.as_dict(),
            "seconds": check.seconds,
            "phase": "running" if running else "waiting" if name in self._waiting else "idle",
            "began": running[1] if running else None,
            "at": last.at if last else None,
            "outcome": as_json(last.outcome) if last else None,
        }


async def _outcome(name: str, working: Callable[[], Working]) -> Outcome:
    try:
        return await CHECKS[name].run(working())
    except SekishoError as error:
        return Outcome((Verdict(error.code, name, State.UNKNOWN, error.text),))
    except Exception:
        _log.exception("check %s failed", name)
        return Outcome((Verdict("diagnose.failed", name, State.UNKNOWN, _FAILED),))


_FAILED = Text(
    "この診断は途中で失敗しました。もう一度試し、続くときは「journalctl -u sekisho」の内容を"
    "サポート会社に伝えてください。",
    "This check failed: try again, and if it stays so tell your support company what `journalctl -u sekisho` says.",
)
