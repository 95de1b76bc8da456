"""Everything that changes the router goes through here, one change at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from appliance import paths
from appliance.control import keep_clock, versions
from appliance.control.clock import boottime
from appliance.engines import fast_path, process, units
from appliance.engines.bird import Standing
from appliance.engines.spec import EngineSpec
from appliance.engines.supervise import Supervisor
from appliance.engines.wanted import engines_for
from appliance.intent.firewall import Table
from appliance.intent.lines import AnyWay, with_ways
from appliance.intent.model import RouterIntent
from appliance.kernel import apply as kernel
from appliance.kernel.changes import Change
from appliance.kernel.line import is_there
from appliance.kernel.memory import Memory
from appliance.secret import Secret

Result = TypeVar("Result")
Answers = dict[str, tuple[IPv4Address, ...]]


class Applier:
    """Holds what was applied last: the intent, the tunnels' order, the answers for the engines' names, the lines' ways.

    The work is blocking and runs in threads; a lock keeps it in order, because the supervisor
    and the kernel's memory belong to one caller at a time.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._memory = Memory.load()
        self._supervisor = Supervisor(paths.RUN, units.start if units.has_systemd() else process.start)
        self._standings: dict[str, Standing] = {}
        self._answers: Answers = {}
        self._resolvers: tuple[IPv4Address | IPv6Address, ...] = ()
        self._ways: tuple[AnyWay, ...] = ()
        self._asking: frozenset[str] = frozenset()
        self.passwords: dict[str, Secret] = {}
        """Of the lines that need one, by name."""
        self._resting: frozenset[str] = frozenset()
        self._absent: frozenset[str] = frozenset()
        self.intent: RouterIntent | None = None
        self.applied_at: float | None = None
        """Unix time of the last apply that somebody asked for."""
        self.repaired = 0
        """Differences that a foreign hand had made and that were put right."""

    def presume(
        self, standings: Mapping[str, Standing], answers: Answers, ways: Iterable[AnyWay], asking: Iterable[str]
    ) -> None:
        """What the daemons are told with the next apply, without telling them now.

        standings: for BIRD, by tunnel name, every tunnel of the intent to come. answers: by engine name.
        ways: what the lines gave so far. asking: names of the lines that are asked for a prefix.
        """
        self._standings, self._answers, self._ways = dict(standings), dict(answers), tuple(ways)
        self._asking = frozenset(asking)

    @property
    def resolvers(self) -> tuple[IPv4Address | IPv6Address, ...]:
        """The line's DNS servers, as far as they are known."""
        return self._resolvers

    @property
    def firewall(self) -> object:
        """Another object with every load: the elements that were filled in at run time may be gone."""
        return self._memory.firewall

    @property
    def offloads(self) -> bool | None:
        """Whether the kernel's fast path is in use; None before it was tried."""
        return self._memory.offloads

    async def plan(self, intent: RouterIntent, standings: Mapping[str, Standing]) -> list[Change]:
        """What an apply of `intent` would do; nothing is changed."""
        specs = self._specs(intent, standings)

        def work() -> list[Change]:
            surplus = self._supervisor.surplus(specs)
            daemons = self._supervisor.plan(specs)[len(surplus) :]
            return surplus + kernel.plan(with_ways(intent, self._ways), self._memory) + daemons

        return await self._alone(work)

    async def apply(self, intent: RouterIntent) -> list[Change]:
        """Make the router so. Raises SekishoError; what was done until then stays, a next call goes on from there."""

        def work() -> list[Change]:
            if self._memory.offloads is None and units.has_systemd():
                self._memory.offloads = fast_path.works()
            # What a daemon of the former settings made (a lease's route) would stand in the way of ours.
            done = self._supervisor.retire(self._specs(intent))
            done += kernel.apply(with_ways(intent, self._ways), self._memory)
            self.intent = intent
            return done + self._supervisor.apply(self._specs(intent))

        changes = await self._alone(work)
        self.applied_at = time.time()
        return changes

    async def repair(self) -> list[Change]:
        """Put back what somebody else has changed in the kernel since the last apply."""
        intent = self.intent
        if intent is None:
            return []
        changes = await self._alone(lambda: kernel.apply(with_ways(intent, self._ways), self._memory))
        self.repaired += len(changes)
        return changes

    async def lead(self, ways: Iterable[AnyWay]) -> None:
        """Where the lines lead from now on."""
        self._ways, intent = tuple(ways), self.intent
        if intent is not None:
            await self._alone(lambda: kernel.apply(with_ways(intent, self._ways), self._memory))

    async def down(self) -> list[Change]:
        """Take away exactly what is ours: the daemons first, the firewall last."""

        def work() -> list[Change]:
            self.intent = None
            return self._supervisor.stop_all() + kernel.remove(self._memory)

        return await self._alone(work)

    async def stand(self, standings: Mapping[str, Standing]) -> None:
        """A new standing of each tunnel, by name; BIRD takes it over softly, and the same again costs nothing."""
        self._standings = dict(standings)
        await self.renew_engines()

    async def answer(self, host: str, addresses: tuple[IPv4Address, ...]) -> None:
        """From now on DNS answers `host` with these addresses."""
        self._answers[host] = addresses
        await self.renew_engines()

    async def ask_for_prefixes(self, wanted: Mapping[str, bool]) -> None:
        """From now on these lines, by name, are asked for a prefix, or no longer; of others nothing changes."""
        asking = (self._asking | {name for name, wants in wanted.items() if wants}) - {
            name for name, wants in wanted.items() if not wants
        }
        if asking != self._asking:
            self._asking = asking
            await self.renew_engines()

    async def resolve_by(self, resolvers: tuple[IPv4Address | IPv6Address, ...]) -> None:
        """From now on daemons of ours find names on the internet by these servers, the line's."""
        if resolvers != self._resolvers:
            self._resolvers = resolvers
            await self.renew_engines()

    async def know(self, passwords: Mapping[str, Secret]) -> None:
        """From now on the lines' providers are given these passwords, by the line's name."""
        self.passwords = {**self.passwords, **passwords}
        await self.renew_engines()

    async def rest(self, line: str) -> None:
        """Leave a line alone: its client is stopped, and takes back what it made in the kernel."""
        self._resting = self._resting | {line}
        await self.renew_engines()

    def wake(self, line: str) -> None:
        """The line's client is wanted again from the next change of the daemons on."""
        self._resting = self._resting - {line}

    async def revive(self) -> tuple[dict[str, bool], set[str]]:
        """Start dead daemons again. Returns name → alive, and who had to be started."""

        def work() -> tuple[dict[str, bool], set[str]]:
            # A client ends with its port (USB), and neither can nor need be revived before that is back.
            if self.intent is not None and self._absent != (absent := _absent(self.intent)):
                self._absent = absent
                self._supervisor.apply(self._specs(self.intent))
            started = {change.subject for change in self._supervisor.revive(boottime())}
            return self._supervisor.check(), started

        return await self._alone(work)

    async def table(self) -> Table:
        """The firewall as the kernel carries it now. Raises SekishoError when nothing is in force."""
        intent = self.intent
        if intent is None:
            raise versions.no_site()
        wanted = with_ways(intent, self._ways)
        return await self._alone(lambda: kernel.carried_table(wanted, self._memory))

    async def passage(self) -> None:
        """Return once it would be a change's turn."""
        await self._alone(lambda: None)

    async def renew_engines(self) -> None:
        """Have the daemons as they are wanted now."""
        intent = self.intent
        if intent is not None:
            specs = self._specs(intent)
            await self._alone(lambda: self._supervisor.apply(specs))

    def _specs(self, intent: RouterIntent, standings: Mapping[str, Standing] | None = None) -> tuple[EngineSpec, ...]:
        return engines_for(
            intent,
            self._standings if standings is None else standings,
            self._answers,
            self._resolvers,
            keep_clock.is_ours(),
            self._asking,
            self.passwords,
            self._resting | _absent(intent),
        )

    async def _alone(self, work: Callable[[], Result]) -> Result:
        async with self._lock:
            return await asyncio.to_thread(work)


def _absent(intent: RouterIntent) -> frozenset[str]:
    """Names of the lines whose port is not there now."""
    return frozenset(line.name for line in intent.lines if not is_there(line.port))
