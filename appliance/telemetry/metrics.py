"""From a snapshot to what Prometheus reads. docs/metrics.md describes each name; a test keeps the two together.

Names, units and types follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from appliance.telemetry.snapshot import Snapshot

LIGHT_STATES = ("ok", "warning", "failed", "unknown")
FIRMWARE_STAGES = ("idle", "writing", "staged", "tried")
OUTCOMES = ("proven", "refused", "unreachable")
SECONDS_PER_DAY = 86_400

_Sample = tuple[tuple[str, ...], float | None]
"""Label values, and the value, None when it is not known."""


@dataclass(frozen=True, slots=True)
class _Family:
    """samples: those of a snapshot, with label values in the order of `labels`."""

    kind: type[GaugeMetricFamily | CounterMetricFamily]
    name: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Snapshot], Iterable[_Sample]]

    def metric(self, snapshot: Snapshot) -> Metric | None:
        """None when nothing is known: an absent series can be seen by an alert, an invented one cannot."""
        known = [(labels, value) for labels, value in self.samples(snapshot) if value is not None]
        if not known:
            return None
        metric = self.kind(self.name, self.help, labels=self.labels)
        for labels, value in known:
            metric.add_metric(labels, value)
        return metric


def _lights(snapshot: Snapshot) -> Iterator[_Sample]:
    for name, shown in snapshot.lights.items():
        for state in LIGHT_STATES:
            yield (name, state), state == shown


def _proofs(snapshot: Snapshot) -> Iterator[_Sample]:
    # rate() and increase() see a first event only in a series that was there before it.
    for service in sorted({service for service, _ in snapshot.proofs} | set(snapshot.permitted)):
        for outcome in OUTCOMES:
            yield (service, outcome), snapshot.proofs.get((service, outcome), 0)


def _firmware_stages(snapshot: Snapshot) -> Iterator[_Sample]:
    if snapshot.firmware is not None:
        for stage in FIRMWARE_STAGES:
            yield (stage,), stage == snapshot.firmware.stage


_FAMILIES = (
    _Family(
        GaugeMetricFamily,
        "sekisho_light",
        "State of a light of the status page: 1 for the state it shows, 0 for the others.",
        ("light", "state"),
        _lights,
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_tunnel_path_up",
        "1 when packets pass through the tunnel both ways (BFD session up), 0 when not.",
        ("tunnel",),
        lambda snapshot: (((name,), tunnel.path_up) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_tunnel_carrying",
        "1 for the tunnel that carries the traffic now, 0 for the other.",
        ("tunnel",),
        lambda snapshot: (((name,), tunnel.carrying) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_tunnel_engines_answer",
        "0 when no engine answers behind the tunnel although one does behind another, 1 otherwise.",
        ("tunnel",),
        lambda snapshot: (((name,), tunnel.engines_answer) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_tunnel_pinned",
        "1 when the operator has chosen this tunnel (sekisho tunnel pin), 0 when not.",
        ("tunnel",),
        lambda snapshot: (((name,), tunnel.pinned) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_tunnel_drained",
        "1 when the operator keeps this tunnel empty (sekisho tunnel drain), 0 when not.",
        ("tunnel",),
        lambda snapshot: (((name,), tunnel.drained) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_tunnel_line",
        "1 for the access line that the tunnel uses now: wan or backup_wan.",
        ("tunnel", "line"),
        lambda snapshot: (((name, tunnel.line), 1) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_tunnel_mtu_bytes",
        "Largest packet that the tunnel carries whole, as measured, at most what the account says.",
        ("tunnel",),
        lambda snapshot: (((name,), tunnel.mtu_bytes) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_tunnel_handshake_age_seconds",
        "Seconds since the last WireGuard handshake; absent before the first.",
        ("tunnel",),
        lambda snapshot: (((name,), tunnel.handshake_age_seconds) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_tunnel_received_bytes_total",
        "Bytes received through the tunnel, as WireGuard counts them.",
        ("tunnel",),
        lambda snapshot: (((name,), tunnel.received_bytes) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_tunnel_sent_bytes_total",
        "Bytes sent through the tunnel, as WireGuard counts them.",
        ("tunnel",),
        lambda snapshot: (((name,), tunnel.sent_bytes) for name, tunnel in snapshot.tunnels.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_proofs_total",
        "Attempts to prove an engine's identity, by outcome: "
        "proven, refused (it was somebody else), unreachable (nobody answered).",
        ("service", "outcome"),
        _proofs,
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_permitted_addresses",
        "Number of proven engine addresses that terminals may reach now; 0 means that the service is closed.",
        ("service",),
        lambda snapshot: (((service,), count) for service, count in snapshot.permitted.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_gate_open_connections",
        "Number of terminals' connections that the gate holds open now.",
        ("service",),
        lambda snapshot: (((service,), gate.open_connections) for service, gate in snapshot.gate.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_gate_accepted_connections_total",
        "Terminals' connections that the gate has taken in.",
        ("service",),
        lambda snapshot: (((service,), gate.accepted_connections) for service, gate in snapshot.gate.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_gate_ready_connections",
        "Number of proven connections to engines that wait for terminals now; none where nobody works.",
        ("service",),
        lambda snapshot: (((service,), gate.ready_connections) for service, gate in snapshot.gate.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_gate_used_ready_connections_total",
        "Terminals' connections that found a ready one to the engine, and so waited for no handshake there.",
        ("service",),
        lambda snapshot: (((service,), gate.used_ready_connections) for service, gate in snapshot.gate.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_gate_to_engine_bytes_total",
        "Bytes of content that the gate has passed on to the engine, counted when a connection ends.",
        ("service",),
        lambda snapshot: (((service,), gate.bytes_to_engine) for service, gate in snapshot.gate.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_gate_to_terminal_bytes_total",
        "Bytes of content that the gate has passed on to terminals, counted when a connection ends.",
        ("service",),
        lambda snapshot: (((service,), gate.bytes_to_terminal) for service, gate in snapshot.gate.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_gate_refusals_total",
        "Terminals' connections that the gate has refused, by reason.",
        ("service", "reason"),
        lambda snapshot: snapshot.gate_refusals.items(),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_certificate_remaining_seconds",
        "Seconds until the certificate, or the account, ends; negative once it has.",
        ("subject",),
        lambda snapshot: (
            ((subject,), round(days * SECONDS_PER_DAY)) for subject, days in snapshot.certificate_days.items()
        ),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_terminal_certificate_copied",
        "1 when the terminal's certificate was shown from another terminal too within a day, else 0.",
        ("terminal",),
        lambda snapshot: (((terminal,), float(copied)) for terminal, copied in snapshot.copied.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_firewall_packets_total",
        "Packets that met a named counter of the firewall.",
        ("counter",),
        lambda snapshot: (((name,), count.packets) for name, count in snapshot.firewall.items()),
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_firewall_bytes_total",
        "Bytes of the packets that met a named counter of the firewall.",
        ("counter",),
        lambda snapshot: (((name,), count.bytes) for name, count in snapshot.firewall.items()),
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_settings_applied_timestamp_seconds",
        "Unix time in seconds at which the settings in force were applied.",
        (),
        lambda snapshot: [((), snapshot.settings_applied_at)],
    ),
    _Family(
        CounterMetricFamily,
        "sekisho_repaired_differences_total",
        "Differences between the settings and the kernel that the router has put right by itself.",
        (),
        lambda snapshot: [((), snapshot.differences_repaired)],
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_fast_path",
        "1 when established connections take the kernel's fast path past the rules, 0 when all rules see each packet.",
        (),
        lambda snapshot: [((), None if snapshot.fast_path is None else float(snapshot.fast_path))],
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_account_serial",
        "Serial number of the connection account in force.",
        (),
        lambda snapshot: [((), snapshot.account_serial)],
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_trust_serial",
        "Serial number of the trust list in force, 0 for none.",
        (),
        lambda snapshot: [((), snapshot.trust_serial)],
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_firmware_stage",
        "How far an update of the firmware is: 1 for that stage, 0 for the others.",
        ("stage",),
        _firmware_stages,
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_firmware_generation",
        "Generation of the newest firmware that has proven itself on this router, 0 for that of the factory.",
        (),
        lambda snapshot: [((), snapshot.firmware.generation if snapshot.firmware else None)],
    ),
    _Family(
        GaugeMetricFamily,
        "sekisho_firmware_returned",
        "1 when the last update ended with the version before, 0 when not.",
        (),
        lambda snapshot: [((), snapshot.firmware.returned if snapshot.firmware else None)],
    ),
)


class _SnapshotCollector(Collector):
    def __init__(self, source: Callable[[], Snapshot]) -> None:
        self._source = source

    def collect(self) -> Iterator[Metric]:
        snapshot = self._source()
        yield InfoMetricFamily("sekisho_build", "Version of the router's software.", {"version": snapshot.version})
        for family in _FAMILIES:
            if metric := family.metric(snapshot):
                yield metric


def registry(source: Callable[[], Snapshot]) -> CollectorRegistry:
    """One that asks `source` at each scrape and holds nothing of its own (no process, platform or gc metrics)."""
    alone = CollectorRegistry()
    alone.register(_SnapshotCollector(source))
    return alone


def render(snapshot: Snapshot) -> str:
    """The text format, version 0.0.4, as a scrape without special wishes sees it."""
    return generate_latest(registry(lambda: snapshot)).decode()
