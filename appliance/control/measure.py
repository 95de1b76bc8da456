"""Gathers what there is to measure every few seconds and has it served to monitoring."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from appliance import __version__
from appliance.control.applying import Applier
from appliance.control.feed_gate import GateFeed
from appliance.control.keep_page import PageKeeper
from appliance.control.prove_engines import EngineProver
from appliance.control.ready import Ready, Terminal
from appliance.control.records import Records
from appliance.control.updating import Updater
from appliance.control.watch_certificates import shown_by_terminals, terminal_subject
from appliance.control.watch_tunnels import TunnelWatch
from appliance.intent import names
from appliance.kernel import nft
from appliance.telemetry import metrics
from appliance.telemetry.server import MetricsServer
from appliance.telemetry.snapshot import GateFigures, PacketCount, Snapshot

EVERY = 5.0
"""Seconds: finer than any scrape interval in use."""


class Meter:
    """The newest snapshot; replaced as a whole, so that the server's thread may read it at any time."""

    def __init__(self) -> None:
        self._snapshot = Snapshot(__version__)
        self._server = MetricsServer(lambda: self._snapshot)

    def render(self) -> str:
        """The exposition, as monitoring sees it."""
        return metrics.render(self._snapshot)

    def stop(self) -> None:
        self._server.stop()
        self._snapshot = Snapshot(__version__)

    async def run(
        self,
        ready: Ready,
        applier: Applier,
        tunnels: TunnelWatch,
        prover: EngineProver,
        gate: GateFeed,
        records: Records,
        page: PageKeeper,
        updater: Updater,
    ) -> None:
        # Monitoring comes through tunnels only.
        if ready.intent.inner_address is None:
            self._server.stop()
        else:
            self._server.start(ready.intent.inner_address, names.METRICS_PORT)
        while True:
            now = datetime.now(UTC)
            counters = await asyncio.to_thread(nft.counters)
            snapshot = Snapshot(
                version=__version__,
                lights={light.name: light.state.value for light in records.lights()},
                tunnels=tunnels.figures(),
                proofs={(service, outcome.value): count for (service, outcome), count in prover.outcomes.items()},
                permitted={service.name: len(prover.permitted(service.name)) for service in ready.intent.services},
                certificate_days={
                    subject: (end - now).total_seconds() / 86400 for subject, end in (*ready.account.ends, *page.ends)
                },
                firewall={name: PacketCount(*count) for name, count in counters.items()},
                settings_applied_at=applier.applied_at,
                differences_repaired=applier.repaired,
                fast_path=applier.offloads,
                account_serial=ready.account.serial,
                trust_serial=ready.account.trust_serial,
                firmware=updater.figures(),
            )
            self._snapshot = await _with_gate(snapshot, gate, ready.site.terminals, now)
            await asyncio.sleep(EVERY)


async def _with_gate(snapshot: Snapshot, gate: GateFeed, terminals: tuple[Terminal, ...], now: datetime) -> Snapshot:
    stats = await gate.stats()
    if stats is None:
        return snapshot
    figures = {
        service: GateFigures(
            count,
            *(
                stats[name][service]
                for name in ("accepted", "waiting", "had_waited", "bytes_to_engine", "bytes_to_terminal")
            ),
        )
        for service, count in stats["connections"].items()
    }
    refusals = {
        (service, reason): count
        for service, by_reason in stats["refusals"].items()
        for reason, count in by_reason.items()
    }
    shown = shown_by_terminals(stats["certificates"], terminals, now)
    days = {terminal_subject(terminal): found.days for terminal, found in shown.items()}
    return replace(
        snapshot,
        gate=figures,
        gate_refusals=refusals,
        certificate_days={**snapshot.certificate_days, **days},
        copied={terminal.name: bool(found.others) for terminal, found in shown.items()},
    )
