"""The queues in front of a full line: CAKE (tc-cake(8)) at the root of an interface, as a shaper with a fair queue.

Ours carry our handle, so that the kernel itself knows them. Without us an interface has the kernel's
default queue, which comes back by itself when ours goes.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.errors import SekishoError
from appliance.intent.model import Shaper
from appliance.kernel import links
from appliance.kernel.changes import Change
from appliance.kernel.netlink import Netlink, NetlinkError, qdiscs, tolerating
from appliance.text import Text

log = logging.getLogger(__name__)

HANDLE = 0x5EC00000
"""Of our queues: ``5ec0:`` in the words of tc(8)."""

_ROOT = 0xFFFFFFFF
_SMALLEST_FRAME = 84
"""Bytes that the shortest packet takes on an Ethernet cable (IEEE 802.3)."""
_INTERVAL_US, _TARGET_US = 300_000, 15_000
"""When CAKE begins to drop. Its default (100 ms, 5 ms) drops from a new connection's very first burst, a client's
certificate, when several uploads share the line; what waits longer meanwhile is each upload's own queue only."""
_FIFO_US = 50_000
"""The longest wait in the one queue of a kernel without CAKE."""
_BURST_US = 1000
_FULL_PACKET = 1500


@dataclass(frozen=True, slots=True)
class Queue:
    """At an interface's root. kind: as in tc(8). settings: those of ours, in the kernel's words; None: not ours."""

    kind: str
    settings: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Shape:
    """standing: kind of our queue that is there and keeps its packets; None when it has to be made."""

    shaper: Shaper
    standing: str | None


@dataclass(frozen=True, slots=True)
class Release:
    interface: str


def observe(netlink: Netlink, names: Mapping[int, str]) -> dict[str, Queue]:
    """The root queues that somebody chose, by interface; the kernel's default has no handle. names: by index."""
    queues = {}
    for message in netlink.get_qdiscs():
        interface = names.get(message["index"])
        if interface is None or message["parent"] != _ROOT or message["handle"] == 0:
            continue
        kind = message.get_attr("TCA_KIND")
        ours = message["handle"] == HANDLE and kind in _ARGUMENTS
        queues[interface] = Queue(kind, _settings(kind, message.get_attr("TCA_OPTIONS").get_attr) if ours else None)
    return queues


def diff(wanted: Iterable[Shaper], observed: Mapping[str, Queue]) -> list[Change]:
    ours = {interface: queue for interface, queue in observed.items() if queue.settings is not None}
    wanted = list(wanted)
    surplus = sorted(ours.keys() - {shaper.interface for shaper in wanted})
    changes = [_release(interface) for interface in surplus]
    for shaper in wanted:
        queue = ours.get(shaper.interface)
        if queue is None or queue.settings != settings_of(queue.kind, shaper):
            changes.append(_shape(shaper, None if queue is None else queue.kind))
    return changes


def apply(netlink: Netlink, change: Change) -> None:
    """Raises SekishoError ``kernel.qdisc-taken`` when another program's queue stands there."""
    match change.operation:
        case Shape(shaper, None):
            _make(netlink, shaper)
        case Shape(shaper, str(kind)):
            netlink.tc("change", kind, links.index(shaper.interface), HANDLE, **_ARGUMENTS[kind](shaper))
        case Release(interface):
            with tolerating(errno.ENOENT, errno.ENODEV):
                netlink.tc("del", index=links.index(interface), handle=HANDLE, parent=_ROOT)
        case _:
            raise TypeError(change.operation)


def _make(netlink: Netlink, shaper: Shaper) -> None:
    index = links.index(shaper.interface)
    for kind, arguments in _ARGUMENTS.items():
        try:
            netlink.tc("add", kind, index, HANDLE, **arguments(shaper))
        except NetlinkError as error:
            if error.code == errno.EEXIST:
                raise _taken(shaper.interface) from None
            if error.code != errno.ENOENT or kind == "tbf":
                raise
            log.warning("%s has one queue for all: this kernel has no CAKE, which would share it", shaper.interface)
        else:
            return


def _cake(shaper: Shaper) -> dict[str, Any]:
    return {
        "bandwidth": shaper.mbit * 1_000_000,
        "diffserv_mode": "besteffort",
        # Machines share first, and each machine's connections its share. All have the router's address by now, but
        # connection tracking knows which is which.
        "flow_mode": "dual-srchost",
        "nat": True,
        "overhead": shaper.overhead,
        "mpu": _SMALLEST_FRAME,
        "rtt": _INTERVAL_US,
        "target": _TARGET_US,
    }


def _tbf(shaper: Shaper) -> dict[str, Any]:
    """It knows nothing of the line's overhead, which is taken from the rate as for full packets."""
    rate = shaper.mbit * 1_000_000 // 8 * _FULL_PACKET // (_FULL_PACKET + shaper.overhead)
    burst = max(2 * _FULL_PACKET, rate * _BURST_US // 1_000_000)
    return {"rate": rate, "burst": burst, "limit": burst + rate * _FIFO_US // 1_000_000}


_ARGUMENTS: Mapping[str, Callable[[Shaper], dict[str, Any]]] = {"cake": _cake, "tbf": _tbf}
"""In the order in which they are tried, in pyroute2's words."""
_SHOWN: Mapping[str, tuple[str, ...]] = {
    "cake": (
        "TCA_CAKE_BASE_RATE64",
        "TCA_CAKE_DIFFSERV_MODE",
        "TCA_CAKE_FLOW_MODE",
        "TCA_CAKE_NAT",
        "TCA_CAKE_OVERHEAD",
        "TCA_CAKE_MPU",
        "TCA_CAKE_RTT",
        "TCA_CAKE_TARGET",
    ),
    "tbf": ("rate", "limit"),
}


def settings_of(kind: str, shaper: Shaper) -> dict[str, int]:
    """What the kernel shows of a queue of this kind that is as wanted."""
    return _settings(kind, dict(qdiscs[kind].get_parameters(_ARGUMENTS[kind](shaper))["attrs"]).get)


def _settings(kind: str, attribute: Callable[[str], Any]) -> dict[str, int]:
    if kind == "tbf":
        attribute = attribute("TCA_TBF_PARMS").get
    return {name: int(attribute(name) or 0) for name in _SHOWN[kind]}


def _shape(shaper: Shaper, standing: str | None) -> Change:
    where = _called(shaper.interface)
    text = Text(
        f"{where.ja}から出る速さを {shaper.mbit} Mbit/s までにし、順番待ちを公平にします。",
        f"let at most {shaper.mbit} Mbit/s leave by {where.en}, and share them fairly",
    )
    return Change("qdisc", shaper.interface, text, Shape(shaper, standing))


def _release(interface: str) -> Change:
    where = _called(interface)
    text = Text(f"{where.ja}から出る速さの制限を外します。", f"let {where.en} send as fast as it can again")
    return Change("qdisc", interface, text, Release(interface))


def _called(interface: str) -> Text:
    if links.is_ours(interface):
        name = interface.removeprefix(links.PREFIX)
        return Text(f"トンネル {name} ", f"tunnel {name}")
    return Text(f"{interface} ", interface)


def _taken(interface: str) -> SekishoError:
    return SekishoError(
        "kernel.qdisc-taken",
        f"{interface} から出る通信の順番待ち（qdisc）が、ほかのプログラムによって既に決められています。"
        "そのプログラムを止めるか、site.toml の upload_mbit を消してください。",
        f"Another program already rules the queue (qdisc) of {interface}; stop that program, or remove upload_mbit "
        "from site.toml.",
    )
