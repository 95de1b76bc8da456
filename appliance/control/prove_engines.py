"""The prover's shell: carries out what the pure core of `gate.permissions` decides.

One consumer takes the events in order, because the order of the commands matters: an address
is in the kernel's set before DNS names it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from ipaddress import IPv4Address

from appliance.control import translate
from appliance.control.applying import Applier
from appliance.control.ask_staples import Staples
from appliance.control.clock import boottime
from appliance.control.feed_gate import GateFeed
from appliance.control.ready import Ready
from appliance.control.records import Records
from appliance.gate import messages, reset
from appliance.gate.permissions import PROOF_SECONDS, Permissions
from appliance.gate.proof import Outcome, Proof
from appliance.gate.prove import prove
from appliance.intent import names
from appliance.intent.model import PROBE_MARK
from appliance.kernel import conntrack, nft
from appliance.tunnel.names import Reason, Unresolved, resolve_a

TICK = 0.5
"""Seconds."""
NAME_SECONDS = 2.0
"""How long a name server inside the tunnel, or the line's, may take."""
ASKED_SECONDS = 30
"""How long the firewall lets a question for proof out to the internet: longer than it and the one for a staple take."""

_log = logging.getLogger(__name__)


class EngineProver:
    """`configure` before `run`; both from the event loop's thread."""

    def __init__(self, ready: Ready, applier: Applier, records: Records, gate: GateFeed) -> None:
        self._ready = ready
        self._applier = applier
        self._records = records
        self._gate = gate
        self._firewall: object = None
        self._core = Permissions()
        self._staples = Staples(boottime)
        self._events: asyncio.Queue[messages.Event] = asyncio.Queue()
        self._errands: set[asyncio.Task[None]] = set()
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()
        self.last_proofs: dict[tuple[str, IPv4Address], Proof] = {}

    def configure(self, ready: Ready, adopted: Sequence[messages.Adopted] = ()) -> None:
        """Guard these services from now on. adopted: permissions found in the kernel, at the first call only."""
        self._ready = ready
        self._firewall = self._applier.firewall
        self.last_proofs.clear()
        self._gate.configure(ready, self._core.permitted)
        self._events.put_nowait(messages.Configured(boottime(), translate.guarded(ready.intent), tuple(adopted)))

    def permitted(self, service: str) -> tuple[IPv4Address, ...]:
        return self._core.permitted(service)

    async def run(self) -> None:
        ticking = asyncio.create_task(self._tick())
        try:
            while True:
                await self._carry_out(self._core.handle(await self._events.get()))
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        while True:
            if self._firewall is not self._applier.firewall:
                # Permissions may have gone with the one before: prove everybody again now, not when it is their turn.
                self._firewall = self._applier.firewall
                self._events.put_nowait(messages.Configured(boottime(), translate.guarded(self._ready.intent)))
            self._events.put_nowait(messages.Tick(boottime()))
            await asyncio.sleep(TICK)

    async def _carry_out(self, commands: Iterable[messages.Command]) -> None:
        for command in commands:
            match command:
                case messages.Probe():
                    self._errand(self._prove(command))
                case messages.Resolve():
                    self._errand(self._resolve(command))
                case messages.Grant():
                    await asyncio.to_thread(nft.grant, translate.elements(command))
                    await self._gate.tell()
                case messages.Revoke():
                    await self._revoke(command)
                case messages.Answer():
                    await self._applier.answer(command.host, command.addresses)
                case messages.Report():
                    self._records.record(command.kind, command.subject, command.ok, command.reason, command.detail)

    def _errand(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _prove(self, command: messages.Probe) -> None:
        target = translate.target(self._ready, command.service)
        if target.source is None:
            key = (command.address, target.port)
            await asyncio.to_thread(nft.grant, [nft.Grant(names.ENGINES_ASKED, key, ASKED_SECONDS)])
        proof = await self._staples.judge(target, await prove(target, command.address, PROOF_SECONDS))
        self.outcomes[command.service, proof.outcome] += 1
        self.last_proofs[command.service, command.address] = proof
        self._events.put_nowait(messages.ProofDone(boottime(), command.number, proof))

    async def _resolve(self, command: messages.Resolve) -> None:
        intent = self._ready.intent
        host = next(service.host for service in intent.services if service.name == command.service)
        servers = intent.tunnel_dns if intent.tunnels else self._applier.resolvers
        answer = await resolve_a(host, servers, intent.inner_address, NAME_SECONDS)
        event: messages.Event
        if isinstance(answer, Unresolved) and answer.reason not in (Reason.NXDOMAIN, Reason.NODATA):
            event = messages.NameFailed(boottime(), command.service, answer.reason)
        else:
            found = () if isinstance(answer, Unresolved) else tuple(answer)
            event = messages.NameResolved(boottime(), command.service, found)
        self._events.put_nowait(event)

    async def _revoke(self, command: messages.Revoke) -> None:
        """The kernel first: from here on nothing passes, whatever happens to the courtesies after it."""
        await asyncio.to_thread(nft.revoke, translate.elements(command))
        _log.warning("%s: way to %s:%d closed: %s", command.service, command.address, command.port, command.reason)
        await self._gate.tell()
        if not command.reset:
            return
        if command.mode == "terminate":
            await self._gate.cut(command.service, command.address, command.reason)
            return
        flows = await asyncio.to_thread(conntrack.flows, command.address, command.port)
        await asyncio.to_thread(reset.wake, flows, PROBE_MARK)
