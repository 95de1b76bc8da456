"""The services, each with the gate's port that serves it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit
from zlib import crc32

from appliance.account.model import Account
from appliance.account.service_mode import ServiceMode
from appliance.intent.model import Service
from appliance.intent.names import FIRST_GATE_PORT, GATE_PORTS


def services(account: Account) -> tuple[Service, ...]:
    ports = gate_ports(service.name for service in account.services)
    return tuple(
        Service(
            name=service.name,
            host=service.host,
            port=service.port,
            mode=service.mode,
            gate_port=ports[service.name] if service.mode is ServiceMode.TERMINATE else None,
        )
        for service in account.services
    )


def asked_ports(account: Account) -> tuple[int, ...]:
    """See `RouterIntent`."""
    inside = {urlsplit(url).port or 80 for url in (account.trust_url, account.measure_url, account.firmware_url) if url}
    return tuple(sorted({service.port for service in account.services} | inside))


def gate_ports(service_names: Iterable[str]) -> dict[str, int]:
    """By name: a service keeps its port whatever comes, goes or changes beside it, since its connections hang on it.

    Two that would share one are rare; then the later one in the account gives way.
    """
    ports: dict[str, int] = {}
    for name in service_names:
        place = crc32(name.encode()) % GATE_PORTS
        while FIRST_GATE_PORT + place in ports.values():
            place = (place + 1) % GATE_PORTS
        ports[name] = FIRST_GATE_PORT + place
    return ports
