"""Policy rules (ip-rule(8)). Ours carry our protocol number in the kernel."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

from appliance.intent.model import PolicyRule
from appliance.kernel.changes import Change
from appliance.kernel.netlink import PROTOCOL, Netlink, tolerating
from appliance.text import Text

_FAMILIES: dict[Literal[4, 6], int] = {4: socket.AF_INET, 6: socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class Add:
    rule: PolicyRule


@dataclass(frozen=True, slots=True)
class Remove:
    rule: PolicyRule


def observe(netlink: Netlink) -> set[PolicyRule]:
    """The rules that we made."""
    rules = set()
    for version, family in _FAMILIES.items():
        for message in netlink.get_rules(family=family):
            if message.get_attr("FRA_PROTOCOL") == PROTOCOL:
                destination = message.get_attr("FRA_DST")
                rules.add(
                    PolicyRule(
                        priority=message.get_attr("FRA_PRIORITY") or 0,
                        table=message.get_attr("FRA_TABLE"),
                        destination=IPv4Network((destination, message["dst_len"])) if destination else None,
                        mark=message.get_attr("FRA_FWMARK"),
                        version=version,
                    )
                )
    return rules


def diff(wanted: Iterable[PolicyRule], observed: Iterable[PolicyRule]) -> list[Change]:
    wanted, observed = list(dict.fromkeys(wanted)), set(observed)
    added = [_change(Add(rule)) for rule in wanted if rule not in observed]
    surplus = sorted(
        observed - set(wanted), key=lambda rule: (rule.priority, str(rule.destination), rule.table, rule.version)
    )
    return added + [_change(Remove(rule)) for rule in surplus]


def apply(netlink: Netlink, change: Change) -> None:
    match change.operation:
        case Add(rule):
            with tolerating(errno.EEXIST):
                netlink.rule("add", **_arguments(rule))
        case Remove(rule):
            with tolerating(errno.ENOENT):
                netlink.rule("del", **_arguments(rule))
        case _:
            raise TypeError(change.operation)


def _arguments(rule: PolicyRule) -> dict[str, object]:
    arguments: dict[str, object] = {
        "family": _FAMILIES[rule.version],
        "priority": rule.priority,
        "table": rule.table,
        "protocol": PROTOCOL,
    }
    if rule.destination is not None:
        arguments |= {"dst": str(rule.destination.network_address), "dst_len": rule.destination.prefixlen}
    if rule.mark is not None:
        arguments["fwmark"] = rule.mark
    return arguments


def _change(operation: Add | Remove) -> Change:
    rule = operation.rule
    if rule.mark is not None:
        family = "" if rule.version == 4 else "IPv6 "
        what = Text(f"印 {rule.mark:#x} の付いた{family}通信", f"{family}traffic marked {rule.mark:#x}")
    else:
        what = Text(f"{rule.destination} あての通信", f"traffic to {rule.destination}")
    if isinstance(operation, Add):
        text = Text(
            f"{what.ja}は経路表 {rule.table} だけで決めます。",
            f"decide {what.en} by routing table {rule.table}",
        )
    else:
        text = Text(
            f"{what.ja}を経路表 {rule.table} で決めるのをやめます。",
            f"stop deciding {what.en} by routing table {rule.table}",
        )
    return Change("rule", str(rule.destination or f"{rule.mark:#x}"), text, operation)
