"""What the WAN line gave us, as its client's hook wrote it: checked here, since the line is not ours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from appliance.files import read_from_others

_LONGEST = 4096
"""Bytes; an honest lease has a tenth of it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """gateway: of a session its far end. at: seconds of CLOCK_BOOTTIME of the client's last word."""

    interface: str
    address: IPv4Interface
    gateway: IPv4Address | None
    dns: tuple[IPv4Address, ...]
    at: float = field(compare=False)


def read_lease(interface: str, directory: Path) -> Lease | None:
    """None when the line gave nothing, took it back, or the file is not what our hook writes."""
    try:
        return parse_lease(interface, read_from_others(directory / f"{interface}.json", _LONGEST + 1))
    except OSError:
        return None


def parse_lease(interface: str, content: bytes) -> Lease | None:
    """See `read_lease`."""
    if len(content) > _LONGEST:
        return None
    try:
        known = json.loads(content)
        if known["interface"] != interface or not known["address"]:
            return None
        if type(known["prefix"]) is not int or type(known["at"]) not in (int, float) or type(known["dns"]) is not list:
            return None
        address = IPv4Interface((_address(known["address"]), known["prefix"]))
        if not _is_host(address.ip):
            return None
        gateway = _address(known["gateway"]) if known["gateway"] else None
        if gateway is not None and not _is_host(gateway):
            gateway = None
        servers = tuple(dict.fromkeys(server for item in known["dns"] if _is_host(server := _address(item))))
        return Lease(interface, address, gateway, servers, float(known["at"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _address(text: object) -> IPv4Address:
    if not isinstance(text, str):
        raise ValueError("an address is text")
    return IPv4Address(text)


def _is_host(address: IPv4Address) -> bool:
    """Nothing that would make us talk to ourselves or to everybody."""
    return not (address.is_unspecified or address.is_loopback or address.is_multicast or address.is_reserved)
