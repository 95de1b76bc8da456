"""What there is to tell at one moment, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TunnelFigures:
    """path_up: packets go both ways (BFD), None while nobody watches. carrying: this tunnel carries the traffic now.

    engines_answer: no sooner false than engines answer behind another tunnel and none behind this one. pinned,
    drained: as the operator wishes. line: name of the access line that it uses.
    mtu_bytes: the largest packet that it carries, as measured.

    handshake_age_seconds: since WireGuard's last handshake, None before the first. The byte
    counts are those of the WireGuard peer, None while it cannot be asked.
    """

    path_up: bool | None
    carrying: bool
    engines_answer: bool
    pinned: bool
    drained: bool
    line: str
    mtu_bytes: int
    handshake_age_seconds: float | None
    received_bytes: int | None
    sent_bytes: int | None


@dataclass(frozen=True, slots=True)
class GateFigures:
    """open_connections: now. ready_connections: to engines, that wait for terminals now. The others count since the
    gate's process started, bytes when a connection has ended."""

    open_connections: int
    accepted_connections: int
    ready_connections: int
    used_ready_connections: int
    bytes_to_engine: int
    bytes_to_terminal: int


@dataclass(frozen=True, slots=True)
class FirmwareFigures:
    """stage: of the update, see `update.core.Stage`. generation: of the newest version that was good here. returned:
    the last attempt ended with the version before."""

    stage: str
    generation: int
    returned: bool


@dataclass(frozen=True, slots=True)
class PacketCount:
    packets: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is not known is left out (None, or no entry) and not exposed; zero means "none, and we looked".

    The server reads it in a thread of its own: make a new one each time, and leave the mappings alone afterwards.

    lights: by name, the state ``ok``, ``warning``, ``failed`` or ``unknown``. tunnels: by name.
    proofs: how many since the start, by service and outcome: ``proven``, ``refused`` (somebody answered and was
    not the engine), ``unreachable`` (nobody answered). permitted: by service, how many addresses terminals may
    reach now. gate: by service. gate_refusals: by service and reason code. certificate_days: by subject, days
    left (negative once expired). copied: by terminal, whether its certificate was shown from another one too, of
    those that have shown one within a day. firewall: by counter name. settings_applied_at: Unix time in seconds at
    which the settings in force were applied. differences_repaired: how many differences between kernel and settings
    were put right since the start. fast_path: whether established connections take the kernel's flow table.
    firmware: None where the system is no image.
    """

    version: str
    lights: Mapping[str, str] = field(default_factory=dict)
    tunnels: Mapping[str, TunnelFigures] = field(default_factory=dict)
    proofs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    permitted: Mapping[str, int] = field(default_factory=dict)
    gate: Mapping[str, GateFigures] = field(default_factory=dict)
    gate_refusals: Mapping[tuple[str, str], int] = field(default_factory=dict)
    certificate_days: Mapping[str, float] = field(default_factory=dict)
    copied: Mapping[str, bool] = field(default_factory=dict)
    firewall: Mapping[str, PacketCount] = field(default_factory=dict)
    settings_applied_at: float | None = None
    differences_repaired: int | None = None
    fast_path: bool | None = None
    account_serial: int | None = None
    trust_serial: int | None = None
    firmware: FirmwareFigures | None = None
