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
    """By name: see `lasting_ports`."""
    return lasting_ports(service_names, FIRST_GATE_PORT, GATE_PORTS)


def lasting_ports(named: Iterable[str], first: int, count: int) -> dict[str, int]:
    """By name, out of `count` ports from `first`: each keeps its own whatever comes, goes or changes beside it, since
    connections hang on it.

    Two that would share one are rare; then the later one gives way.
    """
    ports: dict[str, int] = {}
    for name in named:
        place = crc32(name.encode()) % count
        while first + place in ports.values():
            place = (place + 1) % count
        ports[name] = first + place
    return ports
