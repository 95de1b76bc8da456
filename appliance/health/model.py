"""What is known and what is shown.

Times are seconds of CLOCK_BOOTTIME: they never jump when the wall clock is set. Whoever shows
a light to a person turns them into wall time at the last moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from appliance.text import Text


@dataclass(frozen=True, slots=True)
class Evidence:
    """One dated observation of the outside world.

    kind: what was looked at, from `KINDS`. subject: which one (an interface, a tunnel, a
    service, ``service@address``). ok: what was seen. at: when (CLOCK_BOOTTIME, seconds).
    reason: stable code when not ok. detail: value for people, never a secret.
    """

    kind: str
    subject: str
    ok: bool
    at: float
    reason: str = ""
    detail: str = ""


KINDS: dict[str, str] = {
    "account.present": "a connection account is in force",
    "wan.carrier": "the WAN port has a cable with a link (subject: interface)",
    "wan.address": "the line gives an address and what belongs to it (subject: interface; detail: address)",
    "wan.gateway": "the upstream router or line answers (subject: interface)",
    "wan.apart": "its network is no other line's (subject: interface; detail: the network)",
    "tunnel.endpoint": "the concentrator's name resolves (subject: tunnel)",
    "tunnel.handshake": "WireGuard handshake younger than 180 s (subject: tunnel; detail: age in s)",
    "tunnel.path": "BFD session up: packets go both ways (subject: tunnel)",
    "tunnel.carrying": "this tunnel carries the traffic now (subject: tunnel)",
    "tunnel.engines": "engines answer behind it, or behind none (subject: tunnel)",
    "tunnel.pinned": "the operator has chosen it (subject: tunnel)",
    "tunnel.drained": "the operator keeps it empty (subject: tunnel)",
    "tunnel.line": "the access line that it uses (subject: tunnel; detail: name of the line)",
    "engine.name": "the engine's name resolves through the tunnel (subject: service)",
    "engine.proof": "chain, name and pin proven just now (subject: service@address)",
    "certificate.days": "certificate valid and not near its end (subject: which; detail: days left)",
    "certificate.own": "shown from one terminal only (subject: terminal:NAME; detail: what staff call the others)",
    "certificate.list": "a list of revoked certificates is not overdue (subject: revocations:WHOSE; detail: due)",
    "push.channel": "a terminal's push channel reaches the engine and is answered (subject: terminal)",
    "router.settings": "the kernel is as the settings say (reason: not-applied, no-ports, down, or what went wrong)",
    "router.engine": "a helper daemon of ours answers (subject: its name)",
    "router.gate": "the gate has taken its newest settings (reason: why not)",
    "router.clock": "the clock is plausible",
    "maintenance.consent": "what the clinic lets in (subject: terminal; reason: closed, open or in-use)",
    "lan.stranger": "a machine is not refused for want of being listed so (subject: ``ADDRESS MAC``; detail: which"
    " terminal it could be)",
}


class State(StrEnum):
    """Ordered from good to bad; `UNKNOWN` is shown as such and never as green."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Light:
    """One light. name: ``router``, ``line``, ``tunnel``, ``engine``, ``certificates``, ``push``,
    ``maintenance``.

    since: when `state` and `cause` last changed (CLOCK_BOOTTIME). evidence_age: seconds since the
    newest observation behind it, None when there is none. root: name of the light whose failure
    explains this one, None when it stands for itself. parts: the lights inside
    (the two tunnels, the services), worst first.
    """

    name: str
    title: Text
    state: State
    cause: str
    summary: Text
    advice: Text
    since: float
    evidence_age: float | None
    root: str | None = None
    parts: tuple[Light, ...] = ()
