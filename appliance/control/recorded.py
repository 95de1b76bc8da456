"""Which calls of the local API go into the audit record, and what of each: never a secret, never a whole document.

A method stands here or in `LOOKS`, or has a subject of its own (`methods_access`); a new one has to be put there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.control.dispatch import Subject


def named(*params: str, result: tuple[str, ...] = ()) -> Subject:
    """The params of these names, and what the result says under those."""

    def subject(given: Mapping[str, Any], answered: Any) -> dict[str, Any]:
        told = {name: _plain(given[name]) for name in params if name in given}
        if isinstance(answered, Mapping):
            told |= {name: _plain(answered[name]) for name in result if name in answered}
        return told

    return subject


def _plain(value: Any) -> Any:
    """Strangers send anything: what is no plain value is only named."""
    return value if isinstance(value, str | int | bool | None) else f"({type(value).__name__})"


LOOKS = frozenset(
    {
        "status",
        "subscribe",
        "plan",
        "account.show",
        "trust.show",
        "site.show",
        "lan.machines",
        "line.find",
        "site.history",
        "site.diff",
        "site.draft",
        "site.trial",
        "site.ports",
        "metrics",
        "page.show",
        "factory.show",
        "sticks.list",
        "diagnose.show",
        "capture.list",
        "access.who",
        "access.sessions.list",
        "access.accounts.list",
        "history.lights",
        "history.outages",
        "calendar",
        "audit.list",
        "audit.verify",
        "firmware.show",
        "firmware.check",
        "firmware.verdict",
    }
)
"""They change nothing."""

RECORDED: Mapping[str, Subject] = {
    "apply": named("version"),
    "down": named(),
    "account.import": named(result=("serial",)),
    "trust.import": named(result=("serial", "issuer")),
    "line.password": named("line"),
    "site.edit": named("section", result=("written",)),
    "site.try": named("version", "seconds", result=("version",)),
    "site.confirm": named(),
    "site.cancel": named(),
    "terminal.internet": named("terminal", "minutes"),
    "terminal.receipt": named("terminal"),
    "maintenance.allow": named("terminal", result=("maintainer", "minutes")),
    "maintenance.end": named("terminal"),
    "tunnel.pin": named("tunnel"),
    "tunnel.drain": named("tunnel", "back"),
    "firmware.install": named("path", "now", result=("offered",)),
    "firmware.fetch": named("now", result=("offered",)),
    "report.make": named("language", result=("number", "passed")),
    "diagnose.begin": named(),
    "explain": named("terminal", "host", "port", "protocol"),
    "capture.start": named("place", "seconds", "kilobytes", "payload", result=("name",)),
    "capture.stop": named(),
    "capture.read": named("name"),
    "support.bundle": named(result=("name",)),
    "access.finish_log_in": named(result=("name",)),
    "access.log_out": named(),
    "access.change_password": named(),
    "access.sessions.end": named(result=("ended",)),
    "access.second_factor.begin": named("kind"),
    "access.second_factor.confirm": named("label"),
    "access.second_factor.remove": named("what"),
    "access.accounts.add": named("name", "role"),
    "access.accounts.reset": named("name"),
    "access.accounts.remove": named("name"),
    "access.accounts.unlock": named("name"),
    "access.first_password": named(),
    "factory.make": named(result=("serial",)),
    "factory.made": named("serial"),
    "factory.reset": named("what", "by"),
}
