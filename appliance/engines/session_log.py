"""Why a PPPoE session does not come up, from what pppd itself says (its messages of versions 2.4.9 to 2.5.2). Pure."""

from __future__ import annotations

from collections.abc import Mapping

_NO_SERVER, _REFUSED, _NO_ADDRESS = "no-server", "login-refused", "no-ip"

_SAYINGS: Mapping[str, str | None] = {
    "Timeout waiting for PADO": _NO_SERVER,
    "Unable to complete PPPoE Discovery": _NO_SERVER,
    "authentication failed": _REFUSED,
    "Failed to authenticate ourselves": _REFUSED,
    "authentication succeeded": _NO_ADDRESS,
    "IPCP: timeout": _NO_ADDRESS,
    "Could not determine local IP address": _NO_ADDRESS,
    "Peer refused to agree to our IP address": _NO_ADDRESS,
    "local  IP address": None,
}
"""What a line of the log tells of the session; None: all is well."""


def fault(log: str) -> str | None:
    """``no-server``, ``login-refused``, ``no-ip`` (let in, but without an address), or None: nothing known."""
    for line in reversed(log.splitlines()):
        for saying, meaning in _SAYINGS.items():
            if saying in line:
                return meaning
    return None
