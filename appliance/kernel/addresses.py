"""Addresses on interfaces. On our tunnels all are ours; elsewhere only those that we remember adding."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_interface

from appliance.intent.model import Address
from appliance.kernel import links
from appliance.kernel.changes import Change
from appliance.kernel.netlink import Netlink, tolerating
from appliance.text import Text

_NODAD = 0x02  # rtnetlink(7): IFA_F_NODAD


@dataclass(frozen=True, slots=True)
class Add:
    address: Address


@dataclass(frozen=True, slots=True)
class Remove:
    address: Address


def observe(netlink: Netlink, names: Mapping[int, str]) -> set[Address]:
    """names: interface names by index."""
    addresses = set()
    for message in (found for family in (socket.AF_INET, socket.AF_INET6) for found in netlink.get_addr(family=family)):
        interface = names.get(message["index"])
        if interface is None:
            continue
        remote = message.get_attr("IFA_ADDRESS")
        # The kernel names no local end of an IPv6 address that has no peer.
        local = message.get_attr("IFA_LOCAL") or remote
        peer = None if remote in (None, local) or message["family"] == socket.AF_INET6 else IPv4Address(remote)
        addresses.add(Address(interface, ip_interface(f"{local}/{message['prefixlen']}"), peer))
    return addresses


def diff(wanted: Iterable[Address], observed: Collection[Address], ours: Collection[Address]) -> list[Change]:
    """ours: what we added outside of our own interfaces, from `Memory`.

    Removals come first: of two addresses in one subnet the kernel takes the first for the
    primary, and removing that takes the other along.
    """
    wanted = list(dict.fromkeys(wanted))
    surplus = (
        address
        for address in observed
        if address not in wanted and (links.is_ours(address.interface) or address in ours)
    )
    changes = [_change(Remove(address)) for address in sorted(surplus, key=_order)]
    return changes + [_change(Add(address)) for address in wanted if address not in observed]


def strangers(
    wanted: Iterable[Address], observed: Collection[Address], ours: Collection[Address], interface: str
) -> list[Address]:
    """What IPv4 addresses somebody else put on `interface` beside what we want there; they are left alone."""
    known = {*wanted, *ours}
    others = (a for a in observed if a.interface == interface and a.address.version == 4 and a not in known)
    return sorted(others, key=_order)


def apply(netlink: Netlink, change: Change) -> None:
    match change.operation:
        case Add(address):
            with tolerating(errno.EEXIST):
                netlink.addr("add", **_arguments(address))
        case Remove(address):
            with tolerating(errno.EADDRNOTAVAIL, errno.ENODEV):
                netlink.addr("del", **_arguments(address))
        case _:
            raise TypeError(change.operation)


def _arguments(address: Address) -> dict[str, object]:
    arguments: dict[str, object] = {
        "index": links.index(address.interface),
        "local": str(address.address.ip),
        "address": str(address.peer or address.address.ip),
        "prefixlen": address.address.network.prefixlen,
    }
    if address.address.version == 6:
        # Whoever delegated the prefix keeps others out of it: nothing to detect, nothing to wait for (RFC 4862).
        arguments["flags"] = _NODAD
    elif address.peer is None and address.address.network.prefixlen < 31:
        arguments["broadcast"] = str(address.address.network.broadcast_address)
    return arguments


def _change(operation: Add | Remove) -> Change:
    address = operation.address
    peer = f" → {address.peer}" if address.peer else ""
    if isinstance(operation, Add):
        text = Text(
            f"{address.interface} にアドレス {address.address}{peer} を付けます。",
            f"add address {address.address}{peer} to {address.interface}",
        )
    else:
        text = Text(
            f"{address.interface} からアドレス {address.address}{peer} を外します。",
            f"remove address {address.address}{peer} from {address.interface}",
        )
    return Change("address", address.interface, text, operation)


def _order(address: Address) -> tuple[str, int, int, str]:
    return address.interface, address.address.version, int(address.address.ip), str(address.peer)
