"""What a line gave by IPv6, as ipv6-hook.sh wrote it: checked here, since the line is not ours."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.files import read_from_others

_LONGEST = 16384
"""Bytes; honest routers and servers fill a tenth of it."""
LEAST_MTU = 1280
"""Bytes; what is less is no MTU for IPv6 (RFC 8200 section 5)."""


@dataclass(frozen=True, slots=True)
class Lease6:
    """advertised: a router advertises itself (RFC 4861). gateway: the link-local address of the one that wants to be
    the default router. address: ours on the internet, of those that there are the one whose prefix is advertised now
    (after a change the former stays valid for hours). autonomous: some prefix is advertised for addresses by
    ourselves (RFC 4862). prefixes: delegated to us (RFC 8415). is_delegated: `address` is out of these, and
    nobody has put it on the port yet. dns: RFC 8106 and RFC 8415; link-local ones have the port as their zone.
    mtu: of the wire, in bytes, as its router advertises it; None when it does not.
    at: seconds of CLOCK_BOOTTIME of the line's last word.
    """

    port: str
    advertised: bool
    gateway: IPv6Address | None
    address: IPv6Address | None
    autonomous: bool
    prefixes: tuple[IPv6Network, ...]
    is_delegated: bool
    dns: tuple[IPv6Address, ...]
    at: float = field(compare=False)
    mtu: int | None = None


def files_of(port: str, leases: Path = paths.LEASES) -> tuple[Path, Path]:
    """Where our hook keeps what was advertised and what was leased."""
    return leases / f"{port}.advertised.json", leases / f"{port}.leased.json"


def read_lease6(port: str, leases: Path = paths.LEASES) -> Lease6 | None:
    """None when the line gave nothing, took all back, or the files are not what our hook writes."""
    advertised, leased = files_of(port, leases)
    return parse_lease6(port, _read(advertised), _read(leased))


def parse_lease6(port: str, advertised: bytes | None, leased: bytes | None) -> Lease6 | None:
    """The content of the hook's two files, None for one that is not there; see `read_lease6`."""
    heard, got = _advertised(port, advertised), _leased(port, leased)
    if heard is None and got is None:
        return None
    heard, got = heard or _Advertised(), got or _Leased()
    delegated = tuple(prefix[1] for prefix in got.prefixes)
    candidates = (*heard.addresses, *got.addresses, *delegated, *heard.former)
    address = candidates[0] if candidates else None
    return Lease6(
        port=port,
        advertised=heard.at > 0,
        gateway=heard.gateway,
        address=address,
        autonomous=bool(heard.addresses),
        prefixes=got.prefixes,
        is_delegated=address in delegated and address not in (*heard.addresses, *got.addresses),
        dns=tuple(dict.fromkeys((*heard.dns, *got.dns))),
        at=max(heard.at, got.at),
        mtu=heard.mtu,
    )


@dataclass(frozen=True, slots=True)
class _Advertised:
    """addresses: ours in prefixes that are advertised now; former: the others."""

    gateway: IPv6Address | None = None
    addresses: tuple[IPv6Address, ...] = ()
    former: tuple[IPv6Address, ...] = ()
    dns: tuple[IPv6Address, ...] = ()
    at: float = 0.0
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class _Leased:
    addresses: tuple[IPv6Address, ...] = ()
    prefixes: tuple[IPv6Network, ...] = ()
    dns: tuple[IPv6Address, ...] = ()
    at: float = 0.0


def _advertised(port: str, content: bytes | None) -> _Advertised | None:
    known = _object(content)
    try:
        if known is None or not known["routers"]:
            return None
        routers = [router for router in known["routers"] if _is_link_local(_address(router["from"]))]
        if not routers:
            return None
        lasting = [router for router in routers if _number(router["lifetime"]) > 0]
        networks = [
            IPv6Network(_text(prefix["prefix"]), strict=False)
            for router in routers
            for prefix in router["prefixes"]
            if "A" in _text(prefix["flags"]) and _number(prefix["preferred"]) > 0
        ]
        own = [IPv6Interface(_text(item)).ip for router in routers for item in router["addresses"]]
        hosts = tuple(dict.fromkeys(address for address in own if _is_host(address)))
        return _Advertised(
            gateway=_without_zone(_address(lasting[0]["from"])) if lasting else None,
            addresses=tuple(address for address in hosts if any(address in network for network in networks)),
            former=tuple(address for address in hosts if not any(address in network for network in networks)),
            dns=_servers(port, (item for router in routers for item in router["dns"])),
            at=_number(known["at"]),
            mtu=next((mtu for router in lasting if (mtu := int(_number(router["mtu"]))) >= LEAST_MTU), None),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _leased(port: str, content: bytes | None) -> _Leased | None:
    known = _object(content)
    try:
        if known is None:
            return None
        return _Leased(
            addresses=tuple(address for item in known["addresses"] if _is_host(address := _address(item))),
            prefixes=tuple(
                network
                for item in known["prefixes"]
                if _is_host((network := IPv6Network(_text(item), strict=False)).network_address)
                and network.prefixlen <= 64
            ),
            dns=_servers(port, known["dns"]),
            at=_number(known["at"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _servers(port: str, items: Iterable[object]) -> tuple[IPv6Address, ...]:
    """Home gateways name themselves by their link-local address, which means something on their wire only."""
    found = []
    for item in items:
        address = _address(item)
        if _is_link_local(address):
            if address.scope_id in (None, port):
                found.append(IPv6Address(f"{_without_zone(address)}%{port}"))
        elif _is_host(address):
            found.append(address)
    return tuple(found)


def _object(content: bytes | None) -> dict[str, Any] | None:
    if content is None or len(content) > _LONGEST:
        return None
    try:
        known = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return known if isinstance(known, dict) else None


def _read(file: Path) -> bytes | None:
    try:
        return read_from_others(file, _LONGEST + 1)
    except OSError:
        return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float):
        raise ValueError("not a number")
    return float(value)  # type: ignore[arg-type]


def _address(value: object) -> IPv6Address:
    return IPv6Address(_text(value))


def _without_zone(address: IPv6Address) -> IPv6Address:
    return IPv6Address(int(address))


def _is_link_local(address: IPv6Address) -> bool:
    return _without_zone(address).is_link_local


def _is_host(address: IPv6Address) -> bool:
    """An address for the internet: nothing that would make us talk to ourselves, to our wire or to everybody."""
    return address.scope_id is None and not (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or address.ipv4_mapped is not None
    )
