"""The daemon: brings what is in force into the kernel, looks after it, and answers the local API.

It carries no packet. When it ends, by whatever means, everything that it set up goes on; when it
starts, it adopts what it finds.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from appliance import __version__, memory, paths
from appliance.control import (
    dates,
    holdings,
    keep_clock,
    line_passwords,
    methods,
    ports,
    resetting,
    translate,
    versions,
    wishes,
)
from appliance.control.access import Access
from appliance.control.applying import Answers, Applier
from appliance.control.ask_engines import EngineAsker
from appliance.control.auditing import Auditor
from appliance.control.capturing import Capturing
from appliance.control.changing import Changer
from appliance.control.diagnosing import Diagnosing, Working
from appliance.control.dispatch import Dispatcher
from appliance.control.explain import Explainer
from appliance.control.feed_gate import GateFeed
from appliance.control.fetch_trust import TrustFetcher
from appliance.control.forget_addresses import forget_addresses
from appliance.control.heartbeat import Heartbeat
from appliance.control.keep_endpoints import EndpointKeeper
from appliance.control.keep_far_ends import FarEndKeeper
from appliance.control.keep_history import HistoryKeeper
from appliance.control.keep_lines import LineKeeper
from appliance.control.keep_page import PageKeeper
from appliance.control.maintaining import Maintaining
from appliance.control.manufacturing import Factory
from appliance.control.measure import Meter
from appliance.control.measure_paths import PathMeasurer
from appliance.control.prove_engines import EngineProver
from appliance.control.ready import Ready, Wanted
from appliance.control.records import Records
from appliance.control.roles import page_group, role_of
from appliance.control.rpc import RpcServer
from appliance.control.tasks import Tasks
from appliance.control.terminals import Terminals
from appliance.control.updating import Updater
from appliance.control.watch_certificates import watch_certificates
from appliance.control.watch_line import LineWatch
from appliance.control.watch_push import watch_push
from appliance.control.watch_router import watch_clock, watch_dates, watch_engines, watch_kernel
from appliance.control.watch_strangers import watch_strangers
from appliance.control.watch_tunnels import TunnelWatch
from appliance.control.ways import given, want_prefix, ways
from appliance.control.wishes import Wishes
from appliance.engines import told
from appliance.errors import SekishoError
from appliance.gate.messages import Adopted
from appliance.health.board import Expected
from appliance.intent import names
from appliance.intent.model import RouterIntent
from appliance.kernel import nft
from appliance.kernel.changes import Change
from appliance.kernel.nft import traced

_log = logging.getLogger(__name__)
RESUME_EVERY = 5.0
"""Seconds between two tries to go on with what was in force."""
TRIAL_EVERY = 0.5
"""Seconds between two looks at a change that is on trial."""
LEAVE_AFTER = 1.0
"""Seconds for the answer to whoever had us begin again, and for its entry in the audit record."""
DOWN_MARK = paths.RUN / "down"
"""There while somebody took the router down on purpose: a restart of ours must not bring it up. A reboot does."""


class Daemon:
    """The rooms, wired."""

    def __init__(self) -> None:
        self.records = Records()
        self.applier = Applier()
        self.auditor = Auditor()
        self.diagnosing = Diagnosing()
        self.capturing = Capturing()
        self.explainer = Explainer(self.applier)
        self.access = Access(self._known_words)
        self.factory = Factory(self.access.people, self.page)
        self._stop = asyncio.Event()
        self._was_reset = False
        # Before anybody writes down that we live: until then our predecessor did.
        self.history = HistoryKeeper(self.records, keep_clock.last_written())
        self._gate = GateFeed()
        self._prover: EngineProver | None = None
        self._meter = Meter()
        self._watchers = Tasks()
        self._ready: Ready | None = None
        self.changer = Changer(
            self._start,
            lambda: self._ready,
            self.records.lights_since_change,
            self.records.show_trial,
            self._start_fresh,
        )
        self.updater = Updater(
            lambda: self._ready, self.records.lights, lambda: self.records.trial, self.records.show_firmware
        )
        self._tunnels: TunnelWatch | None = None
        self._page: PageKeeper | None = None
        self._maintaining: Maintaining | None = None
        self._fresh: RouterIntent | None = None
        """At work while nobody has set the router up."""

    async def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        # Before anybody reads or writes what goes.
        try:
            self._was_reset = await asyncio.to_thread(resetting.finish, DOWN_MARK)
        except (OSError, SekishoError) as error:
            _log.error("cannot go back to the factory's state, again at the next start: %s", error)
        keep_clock.raise_clock(None)
        always = Tasks()
        always.keep(self.records.run, "records")
        always.keep(self.history.run, "history")
        always.keep(keep_clock.keep_time, "last seen")
        await self.auditor.note("router.started", {"version": __version__})
        if self._was_reset:
            await self.auditor.note("factory.reset-done", {})
        dispatcher = Dispatcher(methods.methods(self), self.access.guest, self.auditor.record)
        async with RpcServer(paths.API_SOCKET, dispatcher, role_of, page_group()):
            always.keep(Heartbeat(self._passage).run, "heartbeat")
            always.keep(self._resume, "resume")
            always.keep(self._watch_trial, "trial")
            always.keep(self.updater.run, "firmware")
            always.keep(TrustFetcher(lambda: self._ready, self.take_trust).run, "trust list")
            try:
                await self._stop.wait()
            finally:
                await self.diagnosing.stop()
                await self.capturing.stop()
                await self._watchers.stop()
                await always.stop()
                self._meter.stop()

    def begin_again(self) -> None:
        """End, as soon as the caller has his answer: systemd starts the next of us (Restart=)."""
        asyncio.get_running_loop().call_later(LEAVE_AFTER, self._stop.set)

    async def _resume(self) -> None:
        """Go on with what was in force before us, as soon as that is possible (a port may come up after us)."""
        await asyncio.to_thread(traced.sweep)
        await self.changer.recover()
        while True:
            async with self.changer.lock:
                if self._ready is None:
                    await self._try_to_resume()
            await asyncio.sleep(RESUME_EVERY)

    async def _passage(self) -> None:
        """Get through to whatever every change and every watch needs: the two locks, and a thread."""
        async with self.changer.lock:
            await self.applier.passage()

    async def _watch_trial(self) -> None:
        while True:
            await self.changer.look()
            await asyncio.sleep(TRIAL_EVERY)

    async def _try_to_resume(self) -> None:
        if DOWN_MARK.exists():
            self._rest("down")
            return
        try:
            ready = await asyncio.to_thread(holdings.resumed)
            if ready is not None:
                await self._start(ready)
            elif not await self._start_fresh():
                if self._was_reset:
                    # Nothing takes the place of what a clinic had here, so that it would go on.
                    await self.applier.down()
                    self._was_reset = False
                self._rest("no-ports")
        except SekishoError as error:
            _log.error("cannot go on with what was in force: %s", error)
            self._rest("cannot-start")

    async def _start_fresh(self) -> bool:
        """Be found on the LAN and do nothing else, until somebody has set the router up. False: nobody has said which
        port is the LAN."""
        intent = await asyncio.to_thread(ports.fresh_intent)
        if intent is None:
            return False
        if self._fresh == intent:
            return True
        await self._watchers.stop()
        self._meter.stop()
        self._ready = self._prover = self._tunnels = None
        self.applier.presume({}, {}, (), ())
        await self.applier.apply(intent)
        self._fresh = intent
        self._gate.configure(None, lambda _: ())
        self._page = PageKeeper(intent.lan, None, self._gate, self.records)
        self.records.expect(None, translate.expected_of_fresh(intent))
        self.account_imported()
        self.records.record("router.settings", "", False, "not-applied")
        for name, endless in {
            "engines": lambda: watch_engines(intent, self.applier, self._gate, self.records),
            "kernel": lambda: watch_kernel(self.applier, self.records, "not-applied"),
            "gate": self._gate.run,
            "page": self._page.run,
        }.items():
            self._watchers.keep(endless, name)
        memory.give_back()
        return True

    def _rest(self, reason: str) -> None:
        """Nothing of ours is at work: say so, and why."""
        self.records.expect(None, Expected())
        self.account_imported()
        self.records.record("router.settings", "", False, reason)

    def account_imported(self) -> None:
        """There is an account, or still none; a new one is not in force until somebody applies it."""
        self.records.record("account.present", "", holdings.has_account())

    async def take_trust(self, signed: bytes) -> dict[str, Any]:
        """A trust list, from whomever; it takes effect at once. Raises SekishoError, and the one before stays."""
        told, is_other = await asyncio.to_thread(holdings.take_trust, signed)
        if is_other:
            _log.info("trust list %s of %s: in force", told["serial"], told["issuer"])
            await self.changer.open_anew()
        return told

    async def take_down(self) -> list[Change]:
        async with self.changer.lock:
            await self.changer.abandon()
            if self._maintaining:
                await self._maintaining.give_way(None)
            await self._watchers.stop()
            self._meter.stop()
            DOWN_MARK.parent.mkdir(parents=True, exist_ok=True)
            DOWN_MARK.touch()
            # Whatever comes next is proven anew: the permissions go with the firewall.
            self._ready = self._prover = self._tunnels = self._page = self._maintaining = self._fresh = None
            changes = await self.applier.down()
            self._rest("down")
            return changes

    async def wish(self, change: Callable[[Wishes, Sequence[str]], Wishes]) -> Wishes:
        """Change what the operator wants of the tunnels in force, whose names `change` is given; remember it."""
        async with self.changer.lock:
            if self._ready is None or self._tunnels is None:
                raise versions.no_site()
            names = [tunnel.name for tunnel in self._ready.intent.tunnels]
            wanted = change(wishes.read().of(names), names)
            await asyncio.to_thread(wishes.write, wanted)
            await self._tunnels.wish(wanted)
            return wanted

    def terminals(self) -> Terminals:
        """Those of the settings in force. Raises SekishoError when there are none."""
        if self._ready is None:
            raise versions.no_site()
        return Terminals(self._ready, self.records)

    def maintaining(self) -> Maintaining:
        """That of the settings in force. Raises SekishoError when there are none."""
        if self._ready is None or self._maintaining is None:
            raise versions.no_site()
        return self._maintaining

    def working(self) -> Working:
        """What is in force, for whoever looks into it. Raises SekishoError when nothing is."""
        if self._ready is None or self._tunnels is None:
            raise versions.no_site()
        return Working(self._ready, self._tunnels)

    def looks_after(self) -> RouterIntent:
        """What is in force, or what a fresh router is. Raises SekishoError when it is neither."""
        intent = self._ready.intent if self._ready else self._fresh
        if intent is None:
            raise versions.no_site()
        return intent

    def _known_words(self) -> tuple[str, ...]:
        """What nobody's password may hold: whoever stands in the clinic knows it."""
        if self._ready is None:
            return ()
        clinic, vendor = self._ready.account.clinic_name, self._ready.site.vendor
        return (self._ready.intent.clinic_id, clinic.ja, clinic.en, *(vendor[:1] if vendor else ()))

    async def calendar(self) -> dict[str, Any]:
        """What ends next, as the local API tells it."""
        page = () if self._page is None else self._page.ends
        return await dates.due(self._ready, self._gate, self._prover, page)

    def page(self) -> dict[str, Any] | None:
        """See `PageKeeper.shown`."""
        return None if self._page is None else self._page.shown()

    def metrics(self) -> str:
        return self._meter.render()

    def _watch_for(self, ready: Ready) -> TunnelWatch:
        """A watch over `ready`'s tunnels that goes on with the order which BIRD has been told."""
        return TunnelWatch(ready.intent, told.standings(ready.intent), wishes.read(), self.applier, self.records)

    async def plan(self, wanted: Wanted) -> list[Change]:
        intent = wanted.ready.intent
        return await self.applier.plan(intent, self._watch_for(wanted.ready).standings)

    async def _start(self, ready: Ready) -> list[Change]:
        """Bring `ready` into the kernel and look after it from now on."""
        await asyncio.to_thread(keep_clock.raise_clock, ready.account)
        answers = told.answers()
        tunnels = self._watch_for(ready)
        logins = [line.name for line in ready.intent.lines if line.is_session]
        self.applier.passwords = await asyncio.to_thread(line_passwords.known, logins)
        found = given(ready.intent)
        asking = (name for name, wants in want_prefix(found).items() if wants)
        self.applier.presume(tunnels.standings, answers, ways(found), asking)
        if self._maintaining:
            await self._maintaining.give_way(ready.intent)
        # From here on it is no longer that, also if this fails.
        self._fresh = None
        changes = await self.applier.apply(ready.intent)
        DOWN_MARK.unlink(missing_ok=True)
        if self._ready != ready:
            await self._watchers.stop()
            adopted = await asyncio.to_thread(_adopt, ready, answers) if self._prover is None else ()
            self._prover = self._prover or EngineProver(ready, self.applier, self.records, self._gate)
            self._ready, self._tunnels = ready, tunnels
            self._show(ready)
            self._prover.configure(ready, adopted)
            self._watch(ready, tunnels, self._prover)
        self.records.record("router.settings", "", True, detail="0")
        memory.give_back()
        return changes

    def _show(self, ready: Ready) -> None:
        self.records.expect(ready, translate.expected(ready))
        self.records.record("account.present", "", True)

    def _watch(self, ready: Ready, tunnels: TunnelWatch, prover: EngineProver) -> None:
        applier, records, intent = self.applier, self.records, ready.intent
        self._maintaining = Maintaining(ready, records, self.auditor)
        page = self._page = PageKeeper(intent.lan, ready.account.page, self._gate, records)
        work = {
            "engines": lambda: watch_engines(intent, applier, self._gate, records),
            "kernel": lambda: watch_kernel(applier, records),
            "dates": lambda: watch_dates(ready.account.ends, ready.account.lists, records),
            "terminals' certificates": lambda: watch_certificates(ready.site.terminals, self._gate, records),
            "push channels": lambda: watch_push(self._gate, records),
            "clock": lambda: watch_clock(ready.account.not_before, records),
            "endpoints": EndpointKeeper(intent, applier, tunnels, records).run,
            "prover": prover.run,
            "terminals": Terminals(ready, records).run,
            "strangers": lambda: watch_strangers(ready.site.terminals, records),
            "gate": self._gate.run,
            "page": page.run,
            "measures": lambda: self._meter.run(
                ready, applier, tunnels, prover, self._gate, records, page, self.updater
            ),
        }
        if intent.tunnels:
            work["tunnels"] = tunnels.run
            work["engines behind the tunnels"] = EngineAsker(intent, tunnels, prover).run
            work["paths"] = PathMeasurer(intent, tunnels).run
        if intent.maintenance.targets:
            work["maintenance"] = self._maintaining.run
        work["addresses"] = lambda: forget_addresses(intent)
        if len(intent.lines) > 1:
            work["lines"] = LineKeeper(intent, tunnels, records).run
        if any(line.softwire for line in intent.lines):
            work["far ends"] = FarEndKeeper(intent).run
        for line in intent.lines:
            work[f"line {line.name}"] = LineWatch(line, intent, applier, records).run
        for name, endless in work.items():
            self._watchers.keep(endless, name)


def _adopt(ready: Ready, answers: Answers) -> tuple[Adopted, ...]:
    """What an earlier run of ours proved a moment ago."""
    return translate.adopted(
        ready.intent, answers, nft.elements(names.ENGINE_VERIFIED), nft.elements(names.GATE_VERIFIED)
    )


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    memory.be_frugal()
    asyncio.run(Daemon().run())
    return 0
