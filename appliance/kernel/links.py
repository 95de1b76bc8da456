"""Network interfaces: makes and removes our tunnels and VLANs, raises the ports, touches nothing else."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any

from appliance.errors import SekishoError
from appliance.intent.model import RouterIntent, Softwire
from appliance.intent.softwires import MTU
from appliance.kernel import wireguard_go
from appliance.kernel.changes import Change
from appliance.kernel.netlink import Netlink, NetlinkError, tolerating
from appliance.text import Text

log = logging.getLogger(__name__)

PREFIX = "sk-"
"""Interfaces with this prefix are ours."""

_IFF_UP = 1
_KINDS = frozenset({"wireguard", "tun"})
"""`tun` is what wireguard-go makes."""
_SOFTWIRE = "ip6tnl"
_IGNORE_ENCAPSULATION_LIMIT = 1
"""linux/ip6_tunnel.h: IP6_TNL_F_IGN_ENCAP_LIMIT."""


@dataclass(frozen=True, slots=True)
class Link:
    """kind as in ip-link(8), None for a physical port. up: administratively. mtu in bytes.

    vlan, port: of a VLAN, its number and the index of the port that carries it; port: of a softwire too.
    ends: of a softwire, ours and the far one.
    """

    name: str
    index: int
    kind: str | None
    up: bool
    mtu: int
    vlan: int | None = None
    port: int | None = None
    ends: tuple[IPv6Address, IPv6Address] | None = None


@dataclass(frozen=True, slots=True)
class WantedVlan:
    """An IEEE 802.1Q VLAN of a port, as an interface of ours."""

    interface: str
    port: str
    number: int


@dataclass(frozen=True, slots=True)
class WantedTunnel:
    """name: what people call it; interface: what the kernel calls it; mtu in bytes of the inner packet."""

    name: str
    interface: str
    mtu: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """ports: interfaces that must be up. awaited: those of them that may come and go, as a USB device does; any other
    must be there."""

    tunnels: tuple[WantedTunnel, ...] = ()
    ports: tuple[str, ...] = ()
    awaited: frozenset[str] = frozenset()
    vlans: tuple[WantedVlan, ...] = ()
    softwires: tuple[Softwire, ...] = ()


@dataclass(frozen=True, slots=True)
class Create:
    interface: str
    mtu: int


@dataclass(frozen=True, slots=True)
class CreateVlan:
    interface: str
    port: str
    number: int


@dataclass(frozen=True, slots=True)
class CreateSoftwire:
    softwire: Softwire


@dataclass(frozen=True, slots=True)
class MoveSoftwire:
    """Other ends; everything that stands on the interface stays."""

    softwire: Softwire


@dataclass(frozen=True, slots=True)
class Delete:
    interface: str


@dataclass(frozen=True, slots=True)
class SetUp:
    interface: str
    up: bool


@dataclass(frozen=True, slots=True)
class SetMtu:
    interface: str
    mtu: int


def wanted(intent: RouterIntent) -> Wanted:
    return Wanted(
        tunnels=tuple(WantedTunnel(tunnel.name, tunnel.interface, tunnel.mtu) for tunnel in intent.tunnels),
        ports=tuple(
            dict.fromkeys(
                (*(segment.port for segment in intent.lan.segments), *(line.port for line in intent.lines)),
            )
        ),
        awaited=frozenset(line.port for line in intent.lines),
        vlans=tuple(
            WantedVlan(segment.interface, segment.port, segment.vlan)
            for segment in intent.lan.segments
            if segment.vlan is not None
        ),
        softwires=intent.softwires,
    )


def observe(netlink: Netlink) -> dict[str, Link]:
    """All interfaces by name."""
    links = {}
    for message in netlink.get_links():
        information = message.get_attr("IFLA_LINKINFO")
        name = message.get_attr("IFLA_IFNAME")
        links[name] = Link(
            name=name,
            index=message["index"],
            kind=information.get_attr("IFLA_INFO_KIND") if information else None,
            up=bool(message["flags"] & _IFF_UP),
            mtu=message.get_attr("IFLA_MTU"),
            vlan=_vlan_number(information),
            port=message.get_attr("IFLA_LINK"),
            ends=_ends(information),
        )
    return links


def is_ours(interface: str) -> bool:
    return interface.startswith(PREFIX)


def diff(wanted: Wanted, observed: Mapping[str, Link]) -> list[Change]:
    """Raises SekishoError ``kernel.no-interface`` when a port does not exist that is not awaited."""
    names = {tunnel.interface for tunnel in wanted.tunnels} | {vlan.interface for vlan in wanted.vlans}
    names |= {softwire.interface for softwire in wanted.softwires}
    changes = [_delete(name) for name in sorted(observed) if is_ours(name) and name not in names]
    for port in wanted.ports:
        if port not in observed and port not in wanted.awaited:
            raise _no_interface(port, observed)
        if port in observed and not observed[port].up:
            changes.append(_set_up(port, True))
    changes += [change for vlan in wanted.vlans for change in _vlan(vlan, observed)]
    changes += [change for softwire in wanted.softwires for change in _softwire(softwire, observed)]
    for tunnel in wanted.tunnels:
        link = observed.get(tunnel.interface)
        if link is not None and link.kind not in _KINDS:
            changes.append(_delete(link.name))
            link = None
        if link is None:
            text = Text(f"トンネル {tunnel.name} を作ります。", f"create tunnel {tunnel.name}")
            changes.append(Change("link", tunnel.interface, text, Create(tunnel.interface, tunnel.mtu)))
            continue
        if link.mtu != tunnel.mtu:
            text = Text(
                f"トンネル {tunnel.name} の MTU を {link.mtu} から {tunnel.mtu} バイトにします。",
                f"set the MTU of tunnel {tunnel.name} from {link.mtu} to {tunnel.mtu} bytes",
            )
            changes.append(Change("link", link.name, text, SetMtu(link.name, tunnel.mtu)))
        if not link.up:
            changes.append(_set_up(link.name, True))
    return changes


def _vlan(wanted: WantedVlan, observed: Mapping[str, Link]) -> Iterator[Change]:
    link = observed.get(wanted.interface)
    if link is not None and (link.kind, link.vlan, link.port) == ("vlan", wanted.number, observed[wanted.port].index):
        if not link.up:
            yield _set_up(link.name, True)
        return
    if link is not None:
        yield _delete(link.name)
    text = Text(f"{wanted.port} に VLAN {wanted.number} を作ります。", f"create VLAN {wanted.number} on {wanted.port}")
    operation = CreateVlan(wanted.interface, wanted.port, wanted.number)
    yield Change("link", wanted.interface, text, operation)


def _softwire(wanted: Softwire, observed: Mapping[str, Link]) -> Iterator[Change]:
    link = observed.get(wanted.interface)
    ends = f"{wanted.local} → {wanted.remote}"
    if link is not None and (link.kind, link.port) == (_SOFTWIRE, observed[wanted.port].index):
        if link.ends != (wanted.local, wanted.remote):
            text = Text(
                f"IPv4 を IPv6 で運ぶ通り道の両端を変えます（{ends}）。", f"move the ends of the softwire ({ends})"
            )
            yield Change("link", wanted.interface, text, MoveSoftwire(wanted))
        if not link.up:
            yield _set_up(link.name, True)
        return
    if link is not None:
        yield _delete(link.name)
    text = Text(f"IPv4 を IPv6 で運ぶ通り道を作ります（{ends}）。", f"create the softwire ({ends})")
    yield Change("link", wanted.interface, text, CreateSoftwire(wanted))


def _ends(information: Any) -> tuple[IPv6Address, IPv6Address] | None:
    if information is None or information.get_attr("IFLA_INFO_KIND") != _SOFTWIRE:
        return None
    data = information.get_attr("IFLA_INFO_DATA")
    return IPv6Address(data.get_attr("IFLA_IP6TNL_LOCAL")), IPv6Address(data.get_attr("IFLA_IP6TNL_REMOTE"))


def _vlan_number(information: Any) -> int | None:
    if information is None or information.get_attr("IFLA_INFO_KIND") != "vlan":
        return None
    data = information.get_attr("IFLA_INFO_DATA")
    number: int | None = data.get_attr("IFLA_VLAN_ID") if data else None
    return number


def take_down(ports: Collection[str], observed: Mapping[str, Link]) -> list[Change]:
    """For ports that were down before we raised them."""
    return [_set_up(port, False) for port in sorted(ports) if port in observed and observed[port].up]


def created(changes: list[Change]) -> set[str]:
    """Interfaces that `changes` make anew: whatever the kernel knows of that name now will be gone."""
    made = {change.operation.interface for change in changes if isinstance(change.operation, Create | CreateVlan)}
    return made | {
        change.operation.softwire.interface for change in changes if isinstance(change.operation, CreateSoftwire)
    }


def deleted(changes: list[Change]) -> set[str]:
    return {change.operation.interface for change in changes if isinstance(change.operation, Delete)}


def refuse_missing(ports: Iterable[str]) -> None:
    """Raise SekishoError ``kernel.no-interface`` about the first that this machine does not have now."""
    for port in ports:
        index(port)


def apply(netlink: Netlink, change: Change) -> None:
    match change.operation:
        case Create(interface, mtu):
            _create(netlink, interface)
            netlink.link("set", index=index(interface), mtu=mtu, state="up")
        case CreateVlan(interface, port, number):
            netlink.link("add", ifname=interface, kind="vlan", link=index(port), vlan_id=number)
            netlink.link("set", index=index(interface), state="up")
        case CreateSoftwire(softwire):
            netlink.link("add", ifname=softwire.interface, kind=_SOFTWIRE, mtu=MTU, **_of_softwire(softwire))
            netlink.link("set", index=index(softwire.interface), state="up")
        case MoveSoftwire(softwire):
            own = index(softwire.interface)
            netlink.link("set", index=own, kind=_SOFTWIRE, **_of_softwire(softwire))
        case Delete(interface):
            with tolerating(errno.ENODEV):
                netlink.link("del", ifname=interface)
            wireguard_go.wait_until_gone(interface)
        case SetUp(interface, up):
            netlink.link("set", index=index(interface), state="up" if up else "down")
        case SetMtu(interface, mtu):
            netlink.link("set", index=index(interface), mtu=mtu)
        case _:
            raise TypeError(change.operation)


def _of_softwire(softwire: Softwire) -> dict[str, object]:
    """ip-link(8), type ip6tnl with mode ipip6 and encaplimit none: an option would cost 8 bytes of each packet."""
    return {
        "ip6tnl_link": index(softwire.port),
        "ip6tnl_local": str(softwire.local),
        "ip6tnl_remote": str(softwire.remote),
        "ip6tnl_proto": socket.IPPROTO_IPIP,
        "ip6tnl_flags": _IGNORE_ENCAPSULATION_LIMIT,
        "ip6tnl_ttl": 64,
    }


def index(interface: str) -> int:
    """The kernel's number of an interface. Raises SekishoError ``kernel.no-interface``."""
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        raise _no_interface(interface, {name: None for _, name in socket.if_nameindex()}) from None


def _create(netlink: Netlink, interface: str) -> None:
    try:
        netlink.link("add", ifname=interface, kind="wireguard")
    except NetlinkError as error:
        if error.code != errno.EOPNOTSUPP:
            raise
        wireguard_go.start(interface)
        log.info("%s is carried by wireguard-go: this kernel has no WireGuard", interface)
    else:
        log.info("%s is carried by the kernel's WireGuard", interface)


def _delete(interface: str) -> Change:
    name = interface.removeprefix(PREFIX)
    text = Text(f"インターフェース {name} を消します。", f"remove interface {name}")
    return Change("link", interface, text, Delete(interface))


def _set_up(interface: str, up: bool) -> Change:
    if up:
        text = Text(f"{interface} を有効にします。", f"bring {interface} up")
    else:
        text = Text(f"{interface} を元の無効の状態に戻します。", f"take {interface} down again, as it was")
    return Change("link", interface, text, SetUp(interface, up))


def _no_interface(interface: str, observed: Mapping[str, object]) -> SekishoError:
    others = ", ".join(sorted(name for name in observed if name != "lo" and not is_ours(name))) or "—"
    return SekishoError(
        "kernel.no-interface",
        f"ネットワークの口 {interface} がこの機械にありません。あるのは {others} です。設定の名前を直してください。",
        f"This machine has no interface {interface}; it has {others}. Correct the name in the settings.",
    )
