"""The services, each with the gate's port that serves it."""

from __future__ import annotations

from appliance.account.model import Account
from appliance.account.service_mode import ServiceMode
from appliance.intent.model import Service
from appliance.intent.names import FIRST_GATE_PORT


def services(account: Account) -> tuple[Service, ...]:
    """Ports go by position in the account, so that a passthrough service leaves a gap instead of moving the others
    when its mode changes."""
    return tuple(
        Service(
            name=service.name,
            host=service.host,
            port=service.port,
            mode=service.mode,
            gate_port=FIRST_GATE_PORT + position if service.mode is ServiceMode.TERMINATE else None,
        )
        for position, service in enumerate(account.services)
    )
