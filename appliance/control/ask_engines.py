"""Asks the engines through each tunnel, also those that do not carry: carries out what `tunnel.deep` decides."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address

from appliance.control.clock import boottime
from appliance.control.prove_engines import EngineProver
from appliance.control.watch_tunnels import TunnelWatch
from appliance.intent.model import RouterIntent
from appliance.tunnel import deep, policy
from appliance.tunnel.knock import knock

LOOK_EVERY = 0.25
"""Seconds: how soon a change of paths or engines is noticed."""


class EngineAsker:
    def __init__(self, intent: RouterIntent, tunnels: TunnelWatch, prover: EngineProver) -> None:
        self._intent = intent
        self._by_name = {tunnel.name: tunnel for tunnel in intent.tunnels}
        self._tunnels = tunnels
        self._prover = prover
        self._answers: asyncio.Queue[deep.Event] = asyncio.Queue()
        self._errands: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        core = deep.DeepHealth(self._by_name)
        look = 0.0
        while True:
            now = boottime()
            if now >= look:
                look = now + LOOK_EVERY
                await self._carry_out(command for event in self._seen(now) for command in core.handle(event))
            await self._carry_out(core.handle(deep.Tick(boottime())))
            deadline = min(look, core.next_deadline() or look)
            try:
                async with asyncio.timeout(max(0.0, deadline - boottime())):
                    event = await self._answers.get()
            except TimeoutError:
                continue
            await self._carry_out(core.handle(event))

    def _seen(self, now: float) -> Iterable[deep.Event]:
        yield deep.Engines(self._targets(), now)
        yield deep.Carrying(self._tunnels.carrying, now)
        for name in self._by_name:
            yield deep.Path(name, bool(self._tunnels.path(name)), now)

    def _targets(self) -> Mapping[str, list[deep.Target]]:
        """The engines that are proven, for each tunnel those that it leads to."""
        proven = [
            (address, service.port)
            for service in self._intent.services
            for address in self._prover.permitted(service.name)
        ]
        return {
            name: [target for target in proven if any(target[0] in prefix for prefix in tunnel.allowed_prefixes)]
            for name, tunnel in self._by_name.items()
        }

    async def _carry_out(self, commands: Iterable[deep.Command]) -> None:
        for command in commands:
            match command:
                case deep.Ask():
                    task = asyncio.create_task(self._ask(command))
                    self._errands.add(task)
                    task.add_done_callback(self._errands.discard)
                case deep.Met(tunnel, asked):
                    await self._tunnels.hear(policy.DeepOk(tunnel, asked, boottime()))
                case deep.Lost(tunnel, since):
                    await self._tunnels.hear(policy.DeepFailed(tunnel, since, boottime()))
                case deep.Doubted(tunnel):
                    await self._tunnels.hear(policy.DeepUnknown(tunnel, boottime()))

    async def _ask(self, question: deep.Ask) -> None:
        address, port = question.target
        tunnel = self._by_name[question.tunnel]
        try:
            async with asyncio.timeout(deep.LOST):
                answered = await knock(self._host(address, port), address, port, tunnel.inner_address, tunnel.own_mark)
        except TimeoutError:
            # The core counts the time itself.
            return
        event = deep.Answered if answered else deep.Missed
        self._answers.put_nowait(event(question.number, boottime()))

    def _host(self, address: IPv4Address, port: int) -> str:
        """The name of a service that is proven there now; any will do for an engine whose proof has lapsed."""
        there = [service for service in self._intent.services if service.port == port]
        return next((one.host for one in there if address in self._prover.permitted(one.name)), there[0].host)
