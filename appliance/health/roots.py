"""Which broken light explains which other one, so that people look at the cause and not at its echoes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.health.causes import SECURITY
from appliance.health.model import State
from appliance.health.verdict import Verdict

_ENGINE_SPOKE = SECURITY | {"engine.client-certificate-refused", "engine.handshake-refused"}
"""The engine, or somebody in its place, answered: no broken path explains that."""

_WRONG_TIME = frozenset({"engine.expired", "engine.not-yet-valid", "engine.not-proven"})


@dataclass(frozen=True, slots=True)
class Explanation:
    """A failed light `by` explains `light`, if that is not known or has failed.

    causes: only if `by` or a part of it has one of these. only, never: which failures of `light` it explains;
    only None: any.
    """

    light: str
    by: str
    causes: frozenset[str] | None = None
    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()

    def holds(self, light: Verdict, by: Verdict) -> bool:
        if light.name != self.light or by.name != self.by or by.state is not State.FAILED:
            return False
        if self.causes is not None and self.causes.isdisjoint({by.cause, *(part.cause for part in by.parts)}):
            return False
        if light.state is State.UNKNOWN:
            return True
        return (
            light.state is State.FAILED
            and (self.only is None or light.cause in self.only)
            and light.cause not in self.never
        )


_NONE: frozenset[str] = frozenset()
_NOT_AT_WORK = frozenset(
    {"router.no-account", "router.not-applied", "router.no-ports", "router.cannot-start", "router.down"}
)
_CLOCK = frozenset({"router.clock"})
_HELPER = frozenset({"router.helper"})
_ACCOUNT_ENDED = frozenset({"certificates.account-expired"})
_IDENTITY_ENDED = frozenset({"certificates.identity-expired", "certificates.account-expired"})

EXPLANATIONS: tuple[Explanation, ...] = (
    Explanation("line", "router", _NOT_AT_WORK, only=_NONE),
    Explanation("certificates", "router", _NOT_AT_WORK, only=_NONE),
    Explanation("certificates", "router", _CLOCK),
    Explanation("tunnel", "line"),
    Explanation("tunnel", "router", _NOT_AT_WORK),
    Explanation("tunnel", "router", _CLOCK),
    Explanation("tunnel", "router", _HELPER, only=frozenset({"tunnel.path-down", "tunnel.all-down"})),
    Explanation("tunnel", "certificates", _ACCOUNT_ENDED),
    Explanation("engine", "line", never=_ENGINE_SPOKE),
    Explanation("engine", "tunnel", never=_ENGINE_SPOKE),
    Explanation("engine", "router", _NOT_AT_WORK),
    Explanation("engine", "router", _CLOCK, only=_WRONG_TIME),
    Explanation("engine", "router", _HELPER, only=_NONE),
    Explanation("engine", "certificates", _IDENTITY_ENDED, only=_ENGINE_SPOKE - SECURITY),
    Explanation("push", "line"),
    Explanation("push", "tunnel"),
    Explanation("push", "engine"),
    Explanation("push", "router", _NOT_AT_WORK | _HELPER),
)
"""In order of preference for each light. An edge always leads to a light that stands earlier in
`UPSTREAM`, so no light can explain itself."""

UPSTREAM: tuple[str, ...] = ("router", "line", "certificates", "tunnel", "engine", "push", "maintenance")


def roots(verdicts: tuple[Verdict, ...]) -> Mapping[str, str]:
    """Name of a light → name of the light whose failure explains it; only those that are explained.

    A root has itself failed and is never explained by another one.
    """
    by_name = {verdict.name: verdict for verdict in verdicts}
    found: dict[str, str] = {}
    for name in (name for name in UPSTREAM if name in by_name):
        for explanation in EXPLANATIONS:
            if explanation.light == name and explanation.holds(by_name[name], by_name[explanation.by]):
                found[name] = found.get(explanation.by, explanation.by)
                break
    return found
