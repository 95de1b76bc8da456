"""What goes into and comes out of `permissions`. Times are seconds of CLOCK_BOOTTIME."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

from appliance.gate.proof import Proof

Mode = Literal["passthrough", "terminate"]


@dataclass(frozen=True, slots=True)
class GuardedService:
    """gate_port: local port of the gate's listener, for terminate mode only."""

    name: str
    host: str
    port: int
    mode: Mode
    gate_port: int | None


@dataclass(frozen=True, slots=True)
class Adopted:
    """A permission found in the kernel. remaining: seconds until its time-out."""

    service: str
    address: IPv4Address
    remaining: float


# ---- events ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Configured:
    """At start (with what the kernel still holds), and whenever the account in force has changed."""

    now: float
    services: tuple[GuardedService, ...]
    adopted: tuple[Adopted, ...] = ()


@dataclass(frozen=True, slots=True)
class NameResolved:
    """The name server has answered. addresses: empty when it says that there is no such name or address."""

    now: float
    service: str
    addresses: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True)
class NameFailed:
    """No name server has answered. reason: stable code, such as ``timeout``."""

    now: float
    service: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProofDone:
    """number: that of the `Probe` which this answers."""

    now: float
    number: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. At least once a second."""

    now: float


Event = Configured | NameResolved | NameFailed | ProofDone | Tick


# ---- commands ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Probe:
    """Prove `address` for `service` and answer with `ProofDone` of the same number, within `PROOF_SECONDS`."""

    number: int
    service: str
    address: IPv4Address


@dataclass(frozen=True, slots=True)
class Resolve:
    service: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Put the address into the kernel's set (or map, for terminate) with this time-out, or renew it there."""

    service: str
    address: IPv4Address
    port: int
    mode: Mode
    gate_port: int | None
    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take it out (absent is fine). reset: and end the connections in flight. reason: stable code."""

    service: str
    address: IPv4Address
    port: int
    mode: Mode
    reason: str
    reset: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """From now on, DNS answers `host` with exactly these addresses."""

    host: str
    addresses: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One observation for the lights: field by field an ``Evidence`` of appliance.health.model."""

    kind: str
    subject: str
    ok: bool
    at: float
    reason: str = ""
    detail: str = ""


Command = Probe | Resolve | Grant | Revoke | Answer | Report
