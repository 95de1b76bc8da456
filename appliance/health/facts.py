"""The newest observation of each thing, and whether it still counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from appliance.health.model import KINDS, Evidence

FRESHNESS: dict[str, float] = {
    "account.present": 86400.0,
    "wan.carrier": 30.0,
    "wan.address": 30.0,
    "wan.gateway": 30.0,
    "wan.apart": 30.0,
    "tunnel.endpoint": 300.0,
    "tunnel.handshake": 30.0,
    "tunnel.path": 5.0,
    "tunnel.carrying": 15.0,
    "tunnel.engines": 5.0,
    "tunnel.pinned": 15.0,
    "tunnel.drained": 15.0,
    "tunnel.line": 15.0,
    "engine.name": 120.0,
    "engine.proof": 60.0,
    "certificate.days": 86400.0,
    "certificate.own": 120.0,
    "certificate.list": 86400.0,
    "push.channel": 30.0,
    "router.settings": 120.0,
    "router.engine": 30.0,
    "router.gate": 30.0,
    "router.clock": 120.0,
    "maintenance.consent": 30.0,
    "lan.stranger": 15.0,
}
"""Seconds after which an observation of a kind no longer says anything. Whoever observes must look more often."""

_ABOUT_THE_ROUTER = frozenset({"account.present", "router.settings", "router.gate", "router.clock"})
"""Kinds of which there is only one thing to look at, whatever subject the observer writes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest evidence about one thing.

    began: when the present run of equal answers (`ok`) began. worked: whether any answer so far was ok.
    """

    evidence: Evidence
    began: float
    worked: bool

    @property
    def ok(self) -> bool:
        return self.evidence.ok

    @property
    def at(self) -> float:
        return self.evidence.at


class Facts:
    """Keeps one `Seen` for each kind and subject. Bounded: what was not asked for can be let go with `keep`."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Seen] = {}

    def record(self, evidence: Evidence) -> None:
        """Evidence that is older than what is already known changes nothing. Raises ValueError for an unknown kind."""
        if evidence.kind not in KINDS:
            raise ValueError(f"unknown kind of evidence: {evidence.kind}")
        key = _key(evidence.kind, evidence.subject)
        before = self._seen.get(key)
        if before is not None and evidence.at < before.at:
            return
        same = before is not None and before.ok == evidence.ok and not _stale(before.evidence, evidence.at)
        began = before.began if same and before is not None else evidence.at
        worked = evidence.ok or (before is not None and before.worked)
        self._seen[key] = Seen(evidence, began, worked)
        if evidence.kind == "engine.proof":
            self._let_go_of_former_addresses(evidence)
        if evidence.kind == "lan.stranger":
            self._let_go(self.strangers(), evidence.at)

    def keep(self, wanted: Callable[[str, str], bool]) -> None:
        """Forget everything for which ``wanted(kind, subject)`` is false."""
        self._seen = {key: seen for key, seen in self._seen.items() if wanted(*key)}

    def last(self, kind: str, subject: str = "") -> Seen | None:
        """The newest observation, however old."""
        return self._seen.get(_key(kind, subject))

    def fresh(self, now: float, kind: str, subject: str = "") -> Seen | None:
        """The newest observation if it still counts at `now`."""
        seen = self.last(kind, subject)
        return None if seen is None or _stale(seen.evidence, now) else seen

    def all_fresh(self, now: float) -> tuple[Seen, ...]:
        """Everything that still counts at `now`, by kind and subject."""
        return tuple(seen for _, seen in sorted(self._seen.items()) if not _stale(seen.evidence, now))

    def proofs(self, service: str) -> tuple[Seen, ...]:
        """The newest proof, passed or failed and however old, of each known address of a service; by address."""
        return tuple(
            seen
            for (kind, subject), seen in sorted(self._seen.items())
            if kind == "engine.proof" and subject.partition("@")[0] == service
        )

    def fresh_proofs(self, now: float, service: str) -> tuple[Seen, ...]:
        return tuple(seen for seen in self.proofs(service) if not _stale(seen.evidence, now))

    def strangers(self) -> tuple[Seen, ...]:
        """The newest look at each machine that was refused, however old; by address."""
        return tuple(seen for (kind, _), seen in sorted(self._seen.items()) if kind == "lan.stranger")

    def fresh_strangers(self, now: float) -> tuple[Seen, ...]:
        """Those that are refused now."""
        return tuple(seen for seen in self.strangers() if not seen.ok and not _stale(seen.evidence, now))

    def _let_go_of_former_addresses(self, newest: Evidence) -> None:
        # A cloud's addresses change for ever; one that the prover no longer visits must not pile up here.
        self._let_go(self.proofs(newest.subject.partition("@")[0]), newest.at)

    def _let_go(self, of: Iterable[Seen], now: float) -> None:
        for seen in of:
            if _stale(seen.evidence, now):
                del self._seen[_key(seen.evidence.kind, seen.evidence.subject)]


def _key(kind: str, subject: str) -> tuple[str, str]:
    return kind, "" if kind in _ABOUT_THE_ROUTER else subject


def _stale(evidence: Evidence, now: float) -> bool:
    return now - evidence.at > FRESHNESS[evidence.kind]
