"""From what is wanted to what the kernel has: observe everything, compare, change only what differs.

Call from a thread without a running event loop (``asyncio.to_thread``): netlink runs its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from appliance.errors import SekishoError
from appliance.intent.firewall import Table
from appliance.intent.model import Address, PolicyRule, Route, RouterIntent
from appliance.kernel import addresses, links, nft, qdisc, routes, rules, sysctl, wireguard
from appliance.kernel.changes import Change
from appliance.kernel.links import Link
from appliance.kernel.memory import Memory
from appliance.kernel.netlink import Netlink, NetlinkError, connect
from appliance.kernel.nft import fast_path, trial
from appliance.kernel.qdisc import Queue
from appliance.kernel.wireguard import Device

log = logging.getLogger(__name__)

__all__ = ["Memory", "apply", "plan", "remove"]

_ROUNDS = 4
_one_at_a_time = threading.Lock()
"""Two threads that compare and change at the same time would each undo the other's half."""


@dataclass(frozen=True, slots=True)
class _Observed:
    links: dict[str, Link]
    addresses: set[Address]
    routes: set[Route]
    rules: set[PolicyRule]
    devices: dict[str, Device]
    queues: dict[str, Queue]


def plan(intent: RouterIntent, memory: Memory) -> list[Change]:
    """What `apply` would do now, in its order. Changes nothing."""
    with _one_at_a_time, connect() as netlink:
        observed = _observe(netlink)
        rest = _plan_rest(intent, memory, observed)
        present = _standing(observed, rest)
        first = fast_path.fitting(intent.firewall, present, _offloads(memory))
        coming = present | links.created(rest)
        last = fast_path.fitting(intent.firewall, coming, _offloads(memory))
        before = _plan_deafness(intent, observed.links)
        return [
            *before,
            *nft.diff(first, nft.observe(), memory.firewall),
            *(change for change in rest if change not in before),
            *nft.devices_to_come(first, last),
        ]


def apply(intent: RouterIntent, memory: Memory) -> list[Change]:
    """Make the kernel as wanted and return what was done; nothing to do returns an empty list.

    The firewall comes first, so that nothing leaks while the rest comes up, even if the rest
    fails; what hangs on interfaces that come up now is added to it at the end. Before it only
    goes what the kernel itself would believe once the firewall lets a line's advertisements in.
    Raises SekishoError; what was done until then stays, and a next call goes on from there.
    """
    with _one_at_a_time, connect() as netlink:
        done = _perform(netlink, _plan_deafness(intent, links.observe(netlink)), memory)
        done += _load_firewall(netlink, intent, memory)
        for _ in range(_ROUNDS):
            observed = _observe(netlink)
            changes = _plan_rest(intent, memory, observed)
            if changes:
                _tell_strangers(intent, memory, observed)
            done += _perform(netlink, changes, memory)
            if not _takes_along(changes):
                _settle(intent, memory)
                return done + (_load_firewall(netlink, intent, memory) if _moves_links(done) else [])
    raise _unsettled(changes)


def carried_table(intent: RouterIntent, memory: Memory) -> Table:
    """The firewall as this machine carries it now: with what its kernel has, on the devices that are there."""
    with connect() as netlink:
        return fast_path.fitting(intent.firewall, links.observe(netlink).keys(), _offloads(memory))


def remove(memory: Memory) -> list[Change]:
    """Take away exactly what is ours and put back what was there before; the firewall goes last."""
    with _one_at_a_time, connect() as netlink:
        done: list[Change] = []
        for phase in (_plan_removal, _plan_restoration, _plan_opening):
            for _ in range(_ROUNDS):
                changes = phase(netlink, memory)
                if not changes:
                    break
                done += _perform(netlink, changes, memory)
            else:
                raise _unsettled(changes)
        memory.forget()
        return done


def _plan_deafness(intent: RouterIntent, there: Collection[str]) -> list[Change]:
    """The kernel shall give itself no address and no route by what it hears (RFC 4862): the line's client does."""
    wanted = [(key, value) for key, value in _carried_by(intent, there).sysctls if sysctl.is_belief(key)]
    return sysctl.diff(wanted, sysctl.observe(key for key, _ in wanted))


def _load_firewall(netlink: Netlink, intent: RouterIntent, memory: Memory) -> list[Change]:
    present = links.observe(netlink).keys()
    wanted = fast_path.fitting(intent.firewall, present, _offloads(memory))
    try:
        return _perform(netlink, nft.diff(wanted, nft.observe(), memory.firewall), memory)
    except SekishoError as error:
        if not wanted.flow_tables:
            raise
        log.warning("without a fast path, because the kernel refuses it here: %s", error)
    plain = fast_path.fitting(intent.firewall, present, False)
    done = _perform(netlink, nft.diff(plain, nft.observe(), memory.firewall), memory)
    memory.offloads = False
    memory.save()
    return done


def _offloads(memory: Memory) -> bool:
    if memory.offloads is None:
        memory.offloads = trial.offloads()
        memory.save()
    return memory.offloads


def _standing(observed: _Observed, changes: list[Change]) -> set[str]:
    """Interfaces that are there and stay what they are."""
    return observed.links.keys() - links.created(changes) - links.deleted(changes)


def _moves_links(changes: list[Change]) -> bool:
    return bool(links.created(changes) | links.deleted(changes))


def _observe(netlink: Netlink) -> _Observed:
    there = links.observe(netlink)
    names = {link.index: link.name for link in there.values()}
    return _Observed(
        links=there,
        addresses=addresses.observe(netlink, names),
        routes=routes.observe(netlink, names),
        rules=rules.observe(netlink),
        devices=wireguard.observe() if any(links.is_ours(name) for name in there) else {},
        queues=qdisc.observe(netlink, names),
    )


def _plan_rest(intent: RouterIntent, memory: Memory, observed: _Observed) -> list[Change]:
    link_changes = links.diff(links.wanted(intent), observed.links)
    coming = links.created(link_changes)
    # What a link that is made anew, or goes, carries now is as good as gone.
    gone = coming | links.deleted(link_changes)
    standing = {address for address in observed.addresses if address.interface not in gone}
    paths = {route for route in observed.routes if route.interface not in gone}
    devices = {name: device for name, device in observed.devices.items() if name not in gone}
    queues = {name: queue for name, queue in observed.queues.items() if name not in gone}
    now = _carried_by(intent, (observed.links.keys() - links.deleted(link_changes)) | coming)
    switches = sysctl.diff(now.sysctls, sysctl.observe(key for key, _ in now.sysctls), coming)
    # A switch that does not exist yet comes with its link, or with the firewall's connection tracking.
    early = [change for change in switches if isinstance(change.operation, sysctl.Write) and change.operation.before]
    return [
        *early,
        *link_changes,
        *(change for change in switches if change not in early),
        *addresses.diff(now.addresses, standing, memory.addresses),
        *wireguard.diff(intent.tunnels, devices),
        *routes.diff(now.routes, paths),
        *rules.diff(intent.rules, observed.rules),
        *qdisc.diff(now.shapers, queues),
        *_give_back(intent, memory, observed),
    ]


def _carried_by(intent: RouterIntent, there: Collection[str]) -> RouterIntent:
    """Without what waits for an interface: a line's may come later, or be gone for a while (a USB device)."""
    return replace(
        intent,
        addresses=tuple(address for address in intent.addresses if address.interface in there),
        routes=tuple(route for route in intent.routes if route.interface is None or route.interface in there),
        shapers=tuple(shaper for shaper in intent.shapers if shaper.interface in there),
        sysctls=tuple(item for item in intent.sysctls if (on := sysctl.interface_of(item[0])) is None or on in there),
    )


def _give_back(intent: RouterIntent, memory: Memory, observed: _Observed) -> list[Change]:
    """What the settings needed of a port that is no longer the LAN's or the WAN's."""
    ports = memory.ports - set(links.wanted(intent).ports)
    switches = sysctl.unwanted(memory.sysctls, intent.sysctls)
    return [
        *links.take_down(ports, observed.links),
        *sysctl.restore(switches, sysctl.observe(switches)),
    ]


def _plan_removal(netlink: Netlink, memory: Memory) -> list[Change]:
    there = links.observe(netlink)
    names = {link.index: link.name for link in there.values()}
    foreign = {item for item in addresses.observe(netlink, names) if not links.is_ours(item.interface)}
    paths = {item for item in routes.observe(netlink, names) if not links.is_ours(item.interface or "")}
    queues = {name: item for name, item in qdisc.observe(netlink, names).items() if not links.is_ours(name)}
    return [
        *qdisc.diff((), queues),
        *rules.diff((), rules.observe(netlink)),
        *routes.diff((), paths),
        *addresses.diff((), foreign, memory.addresses),
        *links.diff(links.Wanted(), there),
        *links.take_down(memory.ports, there),
    ]


def _plan_restoration(netlink: Netlink, memory: Memory) -> list[Change]:
    return sysctl.restore(memory.sysctls, sysctl.observe(memory.sysctls))


def _plan_opening(netlink: Netlink, memory: Memory) -> list[Change]:
    return nft.remove(nft.observe())


def _perform(netlink: Netlink, changes: list[Change], memory: Memory) -> list[Change]:
    if changes:
        _remember(changes, memory)
    for change in changes:
        log.info("%s", change.text.en)
        _do(netlink, change, memory)
    return changes


def _do(netlink: Netlink, change: Change, memory: Memory) -> None:
    doers: dict[str, Callable[[], None]] = {
        "nft": lambda: nft.apply(change, memory),
        "sysctl": lambda: sysctl.apply(change),
        "link": lambda: links.apply(netlink, change),
        "address": lambda: addresses.apply(netlink, change),
        "wireguard": lambda: wireguard.apply(change),
        "route": lambda: routes.apply(netlink, change),
        "rule": lambda: rules.apply(netlink, change),
        "qdisc": lambda: qdisc.apply(netlink, change),
    }
    try:
        doers[change.subsystem]()
    except (NetlinkError, OSError) as error:
        reason = error.args[1] if len(error.args) > 1 else str(error)
        raise SekishoError(
            f"kernel.{change.subsystem}-failed",
            f"カーネルが次の変更を受け付けませんでした（{reason}）：{change.text.ja}",
            f"The kernel refused to {change.text.en}: {reason}",
        ) from error


def _remember(changes: list[Change], memory: Memory) -> None:
    """Before anything is done: what only we will know was ours."""
    before = (set(memory.addresses), set(memory.ports), dict(memory.sysctls))
    for change in changes:
        match change.operation:
            case addresses.Add(address) if not links.is_ours(address.interface):
                memory.addresses.add(address)
            case links.SetUp(interface, True) if not links.is_ours(interface):
                memory.ports.add(interface)
    for key, value in sysctl.originals(changes).items():
        memory.sysctls.setdefault(key, value)
    if before != (memory.addresses, memory.ports, memory.sysctls):
        memory.save()


def _settle(intent: RouterIntent, memory: Memory) -> None:
    """After all was done: forget what is no longer ours, so that a stranger's later use of it is left alone."""
    before = (set(memory.addresses), set(memory.ports), dict(memory.sysctls))
    memory.addresses &= set(intent.addresses)
    memory.ports &= set(links.wanted(intent).ports)
    switches = sysctl.unwanted(memory.sysctls, intent.sysctls)
    for key, value in sysctl.observe(switches).items():
        if value in (None, switches[key]):
            del memory.sysctls[key]
    if before != (memory.addresses, memory.ports, memory.sysctls):
        memory.save()


def _takes_along(changes: list[Change]) -> bool:
    """Whether a change may have taken other things with it, such as the routes of an address."""
    return any(isinstance(change.operation, links.Delete | addresses.Remove) for change in changes)


def _tell_strangers(intent: RouterIntent, memory: Memory, observed: _Observed) -> None:
    for interface in intent.lan.interfaces:
        for address in addresses.strangers(intent.addresses, observed.addresses, memory.addresses, interface):
            log.warning("%s also has %s, which is not ours: left as it is", interface, address.address)


def _unsettled(changes: list[Change]) -> SekishoError:
    return SekishoError(
        "kernel.unsettled",
        f"設定がすぐに元へ戻されます（{changes[0].text.ja.removesuffix('。')}）。同じものを変えているプログラムを止めてください。",
        f"Something keeps undoing our changes ({changes[0].text.en}); stop the program that does.",
    )
