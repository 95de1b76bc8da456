"""Why a light shows what it shows, and what the staff should do: data only, in plain words.

A cause's code is stable: programs, tests, metrics and the vendor on the telephone name it.
``{name}``, ``{detail}`` and ``{left}`` are filled in by `judge`.
"""

from __future__ import annotations

from appliance.health.causes import far, near
from appliance.health.causes.wording import NOTHING, Cause, unknown


def _not_known(light: str) -> dict[str, Cause]:
    return {
        f"{light}.checking": unknown("いま確認しています。", "Checking now."),
        f"{light}.no-news": unknown(
            "しばらく確認ができていません。", "It has not been possible to check this for a while."
        ),
    }


def _not_before_the_account(light: str) -> dict[str, Cause]:
    return {
        f"{light}.no-account": unknown(
            "接続アカウントが登録されると、始まります。", "Begins once a connection account is registered.", NOTHING
        )
    }


CAUSES: dict[str, Cause] = {
    **near.ROUTER,
    **near.LINE,
    **far.TUNNEL,
    **far.ENGINE,
    **far.SECURITY,
    **far.CERTIFICATES,
    **far.PUSH,
    **far.MAINTENANCE,
    **_not_known("router"),
    **_not_known("line"),
    **_not_known("tunnel"),
    **_not_known("engine"),
    **_not_known("certificates"),
    **_not_before_the_account("tunnel"),
    **_not_before_the_account("engine"),
    **_not_before_the_account("certificates"),
}

SECURITY: frozenset[str] = frozenset(far.SECURITY)
"""The router itself closed the way because an identity was not proven."""

PROOF_REASONS: dict[str, str] = {
    "wrong-pin": "engine.wrong-pin",
    "wrong-name": "engine.wrong-name",
    "unknown-ca": "engine.unknown-ca",
    "self-signed": "engine.self-signed",
    "revoked": "engine.revoked",
    "staple-missing": "engine.staple-missing",
    "wrong-purpose": "engine.wrong-purpose",
    "weak-key": "engine.weak-cryptography",
    "sha1": "engine.weak-cryptography",
    "protocol-too-old": "engine.weak-cryptography",
    "not-encrypted": "engine.weak-cryptography",
    "certificate-unusable": "engine.unusable-certificate",
    "expired": "engine.expired",
    "not-yet-valid": "engine.not-yet-valid",
    "timeout": "engine.timeout",
    "connection-refused": "engine.connection-refused",
    "connection-closed": "engine.connection-refused",
    "unreachable": "engine.unreachable",
    "client-certificate-refused": "engine.client-certificate-refused",
    "handshake-refused": "engine.handshake-refused",
    "name-not-found": "engine.name-not-found",
}
"""`Evidence.reason` of a failed ``engine.proof`` → cause; anything else is ``engine.not-proven``."""

LINE_REASONS = frozenset(
    {"no-server", "login-refused", "no-password", "no-ip", "overlap"}
    | {"no-advertisement", "advertised-no-address", "no-resolvers"}
    | {"no-far-end", "wrong-rule", "far-end-silent"}
)
"""`Evidence.reason` of a failed ``wan.address`` that is a cause ``line.REASON``; anything else is ``no-address``."""
