"""Checks between settings that are each well formed: pure, no file, no clock.

A network that contradicts itself fails in ways that nobody on site can see (a terminal that
answers for the router, a range that hands out the router's own address), so it is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address
from typing import TYPE_CHECKING, NoReturn

from pydantic_core import PydanticCustomError

from appliance.text import Text

if TYPE_CHECKING:
    from appliance.site.model import Dhcp, Lan, Segment, Site, TunnelChoice
    from appliance.site.wan import MapEWan, StaticWan

Key = tuple[str | int, ...]
"""Where a setting is: table and key names, and positions in lists counted from 0."""

KIND = "sekisho"
"""The pydantic error type of `refuse`; its context holds the problems."""

LAN = "lan"
"""What the settings call the first segment."""
LAN_PREFIXES = range(8, 31)
WAN_PREFIXES = range(8, 32)
"""/31 has two usable addresses (RFC 3021)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and what to do. key: relative to the model that noticed it."""

    key: Key
    text: Text


def refuse(problems: Iterable[Problem]) -> None:
    """Raise all problems as one pydantic error; none, no error."""
    found = tuple(problems)
    if found:
        raise PydanticCustomError(KIND, "{first}", {"first": found[0].text.en, "problems": found})


def refuse_value(ja: str, en: str) -> NoReturn:
    """Raise about the value itself."""
    raise PydanticCustomError(KIND, "{first}", {"first": en, "problems": (Problem((), Text(ja, en)),)})


def lan_problems(lan: Lan | Segment) -> Iterator[Problem]:
    own = tuple(_own_address_problems(("address",), lan.address, LAN_PREFIXES))
    yield from own
    if lan.dhcp is not None and not own:
        yield from _range_problems(lan.dhcp, lan.address)


def static_wan_problems(wan: StaticWan) -> Iterator[Problem]:
    own = tuple(_own_address_problems(("address",), wan.address, WAN_PREFIXES))
    yield from own
    if own:
        return
    yield from member_problems(("gateway",), wan.gateway, wan.address, Text("WAN のアドレス", "the WAN address"))
    for position, server in enumerate(wan.dns):
        if server == wan.address.ip:
            yield _own_resolver(("dns", position), server)
        elif not is_host(server):
            yield Problem(("dns", position), not_a_host(server))


def map_e_problems(wan: MapEWan) -> Iterator[Problem]:
    """Of RFC 7597 section 5: what a prefix of at most 64 bits can hold, and at least one port in each block."""
    psid_bits = wan.ea_bits - (32 - wan.rule_ipv4.prefixlen)
    if wan.rule_ipv6.prefixlen + wan.ea_bits > 64:
        yield Problem(
            ("ea_bits",),
            Text(
                f"rule_ipv6（/{wan.rule_ipv6.prefixlen}）と ea_bits（{wan.ea_bits}）を足すと 64 を超えますので、"
                "書類の値と見比べて直してください。",
                f"rule_ipv6 (/{wan.rule_ipv6.prefixlen}) and ea_bits ({wan.ea_bits}) are more than 64 together; "
                "compare them with the papers.",
            ),
        )
    elif not 0 <= psid_bits <= 12:
        fewest = 32 - wan.rule_ipv4.prefixlen
        yield Problem(
            ("ea_bits",),
            Text(
                f"rule_ipv4（/{wan.rule_ipv4.prefixlen}）のときは {fewest}〜{fewest + 12} になるはずですので、"
                "書類の値と見比べて直してください。",
                f"with rule_ipv4 (/{wan.rule_ipv4.prefixlen}) it lies between {fewest} and {fewest + 12}; "
                "compare them with the papers.",
            ),
        )


def is_host6(address: IPv6Address) -> bool:
    return not (
        address.is_multicast
        or address.is_loopback
        or address.is_unspecified
        or address.is_link_local
        or address.ipv4_mapped is not None
    )


def site_problems(site: Site) -> Iterator[Problem]:
    lan = site.lan
    for name, line in site.lines.items():
        if line.interface == lan.interface:
            yield Problem(
                ("lan", "interface"),
                Text(
                    f"{lan.interface} は WAN 側でも使われていますので、LAN 側には別のポートを書いてください。",
                    f"{lan.interface} is the WAN port too; write another port for the LAN.",
                ),
            )
        if line.kind == "static":
            yield from _overlap_problems(name, line, lan)
    yield from _line_problems(site)
    yield from _tunnel_problems(site)
    yield from _service_problems(site)
    yield from _maintenance_problems(site)


def _line_problems(site: Site) -> Iterator[Problem]:
    first, second = site.wan, site.backup_wan
    if second is None:
        return
    if first.interface == second.interface:
        yield Problem(
            ("backup_wan", "interface"),
            Text(
                f"{second.interface} は 1 本目の回線（wan）でも使われていますので、別のポートを書いてください。",
                f"{second.interface} is the first line's port (wan) too; write another one.",
            ),
        )
    if first.kind == second.kind == "static" and first.address.network.overlaps(second.address.network):
        yield Problem(
            ("backup_wan", "address"),
            Text(
                f"2 本の回線のネットワーク（{first.address.network} と {second.address.network}）が重なっていますので、"
                "どちらかの上位ルーターの LAN を別の範囲に変えてください。",
                f"the networks of the two lines ({first.address.network} and {second.address.network}) overlap; "
                "give one upper router's LAN another range.",
            ),
        )


def _tunnel_problems(site: Site) -> Iterator[Problem]:
    first_with: dict[str, int] = {}
    choice: TunnelChoice
    for position, choice in enumerate(site.tunnels):
        earlier = first_with.setdefault(choice.name, position)
        if earlier != position:
            yield _twice("tunnels", position, "name", choice.name, earlier)
        if choice.line not in site.lines:
            yield Problem(
                ("tunnels", position, "line"),
                Text(
                    f"回線 {choice.line} が設定されていませんので、[{choice.line}] を書くか、この行を消してください。",
                    f"there is no line {choice.line}; write [{choice.line}] or remove this choice.",
                ),
            )


def _service_problems(site: Site) -> Iterator[Problem]:
    first_with: dict[str, int] = {}
    known = {terminal.name for terminal in site.terminals}
    for position, choice in enumerate(site.services):
        earlier = first_with.setdefault(choice.name, position)
        if earlier != position:
            yield _twice("services", position, "name", choice.name, earlier)
        for number, name in enumerate(choice.terminals):
            if name not in known:
                yield _no_terminal(("services", position, "terminals", number), name)


def _maintenance_problems(site: Site) -> Iterator[Problem]:
    first_with: dict[str, int] = {}
    known = {terminal.name for terminal in site.terminals}
    for position, choice in enumerate(site.maintenance):
        earlier = first_with.setdefault(choice.terminal, position)
        if earlier != position:
            yield _twice("maintenance", position, "terminal", choice.terminal, earlier)
        if choice.terminal not in known:
            yield _no_terminal(("maintenance", position, "terminal"), choice.terminal)


def _twice(table: str, position: int, key: str, name: str, earlier: int) -> Problem:
    """earlier: position of the other one, counted from 0."""
    return Problem(
        (table, position, key),
        Text(
            f"{name} は {table}[{earlier + 1}] にもありますので、どちらかを消してください。",
            f"{name} is in {table}[{earlier + 1}] too; remove one of them.",
        ),
    )


def _no_terminal(key: Key, name: str) -> Problem:
    return Problem(
        key,
        Text(
            f"{name} という端末は [[terminals]] にありませんので、端末の name を書いてください。",
            f"{name} is no terminal in [[terminals]]; write the name of one.",
        ),
    )


def _overlap_problems(name: str, wan: StaticWan, lan: Lan) -> Iterator[Problem]:
    outside, inside = wan.address.network, lan.address.network
    if outside.overlaps(inside):
        yield Problem(
            ("lan", "address"),
            Text(
                f"LAN（{inside}）が上位ルーターのネットワーク（{outside}）と重なっていて通信先を区別できませんので、"
                "LAN を重ならない範囲に変えてください。",
                f"the LAN ({inside}) overlaps the upper router's network ({outside}), so destinations are ambiguous; "
                "give the LAN a range that does not overlap.",
            ),
        )
    for position, server in enumerate(wan.dns):
        if server == lan.address.ip:
            yield _own_resolver((name, "dns", position), server)


def _range_problems(dhcp: Dhcp, lan: IPv4Interface) -> Iterator[Problem]:
    outside = False
    for name, address in (("first", dhcp.first), ("last", dhcp.last)):
        if not is_usable_in(address, lan.network):
            outside = True
            yield Problem(("dhcp", name), _outside(address, lan.network))
    if outside:
        return
    if dhcp.first > dhcp.last:
        yield Problem(
            ("dhcp", "last"),
            Text(
                f"末尾 {dhcp.last} が先頭 {dhcp.first} より前にありますので、順番を入れ替えてください。",
                f"the last address {dhcp.last} comes before the first {dhcp.first}; swap them.",
            ),
        )
    elif dhcp.first <= lan.ip <= dhcp.last:
        yield Problem(
            ("dhcp", "first"),
            Text(
                f"自動で配る範囲 {dhcp.first}〜{dhcp.last} にルーター自身のアドレス {lan.ip} が入っていますので、"
                "範囲から外してください。",
                f"the range {dhcp.first} to {dhcp.last} contains the router's own address {lan.ip}; "
                "choose a range without it.",
            ),
        )


def _own_address_problems(key: Key, address: IPv4Interface, prefixes: range) -> Iterator[Problem]:
    example = f"{address.ip}/24"
    if address.network.prefixlen not in prefixes:
        yield Problem(
            key,
            Text(
                f"{address} はネットワークの大きさ（/{prefixes[0]} から /{prefixes[-1]} まで）が正しくありませんので、"
                f"「{example}」のように書いてください。",
                f'{address} has no usable network size (/{prefixes[0]} to /{prefixes[-1]}); write it like "{example}".',
            ),
        )
    elif not is_host(address.ip):
        yield Problem(key, not_a_host(address.ip))
    elif not is_usable_in(address.ip, address.network):
        yield Problem(key, _outside(address.ip, address.network))


def member_problems(key: Key, address: IPv4Address, own: IPv4Interface, whose: Text) -> Iterator[Problem]:
    if address == own.ip:
        yield Problem(
            key,
            Text(
                f"{address} は{whose.ja}と同じですので、別のアドレスにしてください。",
                f"{address} is the same as {whose.en}; choose another address.",
            ),
        )
    elif not is_usable_in(address, own.network):
        yield Problem(key, _outside(address, own.network))


def _own_resolver(key: Key, server: IPv4Address) -> Problem:
    return Problem(
        key,
        Text(
            f"{server} はこのルーター自身ですので、回線側の DNS サーバーのアドレスを書いてください。",
            f"{server} is this router itself; write the address of a DNS server on the line's side.",
        ),
    )


def is_host(address: IPv4Address) -> bool:
    return not (
        address.is_multicast
        or address.is_loopback
        or address.is_unspecified
        or address.is_link_local
        or address.is_reserved
    )


def is_usable_in(address: IPv4Address, network: IPv4Network) -> bool:
    first, last = _hosts(network)
    return first <= address <= last


def _hosts(network: IPv4Network) -> tuple[IPv4Address, IPv4Address]:
    if network.prefixlen >= 31:
        return network[0], network[-1]
    return network[1], network[-2]


def not_a_host(address: IPv4Address) -> Text:
    return Text(
        f"{address} は機器に付けられない特別なアドレスですので、ほかのアドレスを書いてください。",
        f"{address} is a special address that no machine can have; write another.",
    )


def _outside(address: IPv4Address, network: IPv4Network) -> Text:
    first, last = _hosts(network)
    return Text(
        f"{address} はネットワーク {network} の機器のアドレスではありませんので、"
        f"{first}〜{last} の中から選んでください。",
        f"{address} is not a machine's address in {network}; choose one from {first} to {last}.",
    )
