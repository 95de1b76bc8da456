"""Whether this kernel's fast path works and stays closed: tried with real packets in a network of its own.

Two machines and a router between them, each a network namespace that belongs to a thread and dies with it.
Nothing of the real network is touched.
"""

from __future__ import annotations

import ctypes
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import TypeVar

from appliance.errors import SekishoError
from appliance.intent import names
from appliance.intent.firewall import (
    Accept,
    Chain,
    Count,
    Counter,
    Field,
    Hook,
    NamedSet,
    Offload,
    Rule,
    SourceNat,
    Table,
)
from appliance.intent.rules import fast, strangers
from appliance.intent.rules.ground import KNOWN, LISTED, PROVEN, QUESTION, TCP, is_
from appliance.kernel import tool
from appliance.kernel.netlink import NetlinkError, connect
from appliance.kernel.nft import runtime, syntax

log = logging.getLogger(__name__)
Result = TypeVar("Result")

_CLONE_NEWNET = 0x40000000
_PATIENCE = 2.0
"""Seconds for an answer that needs microseconds."""
_EXCHANGES = 8
_TERMINAL, _CARD = IPv4Interface("192.0.2.10/24"), "02:00:00:00:02:10"
_ROUTER_LAN, _ROUTER_FAR, _ENGINE = (
    IPv4Interface(text) for text in ("192.0.2.1/24", "203.0.113.1/24", "203.0.113.17/24")
)
_PORT = 443
_SLOW = "slow"


def main() -> int:
    """The trial as a process of its own; its exit status is 0 where the fast path works."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    return int(not offloads())


def offloads() -> bool:
    """Try it. False, with the reason in the log, where anything is not as it must be."""
    reason = _try()
    if reason:
        log.warning("connections take the way through all rules, the fast path is off: %s", reason)
    else:
        log.info("this kernel's fast path works and closes with the proof")
    return not reason


def _try() -> str:
    """What is wrong, empty when all is well."""
    try:
        with _network() as (router, terminal, engine), ExitStack() as stack:
            listener = stack.enter_context(engine.run(lambda: socket.create_server((str(_ENGINE.ip), _PORT))))
            listener.settimeout(_PATIENCE)
            near = stack.enter_context(terminal.run(lambda: socket.create_connection(_far_end(), _PATIENCE)))
            far, (peer, _) = listener.accept()
            stack.enter_context(far).settimeout(_PATIENCE)
            for _ in range(_EXCHANGES):
                if not _passes(near, far):
                    return "data does not come through"
            counted = router.run(runtime.counters)
            if peer != str(_ROUTER_FAR.ip):
                return "the sender's address is not translated"
            if counted[names.PASSED_ENGINE][0] < _EXCHANGES or counted[_SLOW][0] >= _EXCHANGES:
                return "established connections do not take it"
            router.run(lambda: tool.run(["nft", "flush", "set", "inet", names.TABLE, names.ENGINE_VERIFIED]))
            return "" if _is_refused(near) else "it stays open without a proof"
    except (SekishoError, NetlinkError, OSError) as error:
        return str(error)


def _passes(near: socket.socket, far: socket.socket) -> bool:
    near.sendall(b"?")
    far.sendall(far.recv(1))
    return near.recv(1) == b"?"


def _is_refused(near: socket.socket) -> bool:
    """Whether what is sent now meets a reset.

    An acknowledgement that the kernel has delayed until now may have met it already: then nothing can be sent.
    """
    try:
        near.sendall(b"?")
        near.recv(1)
    except ConnectionResetError:
        return True
    return False


def _far_end() -> tuple[str, int]:
    return str(_ENGINE.ip), _PORT


def _table() -> Table:
    """The product's own guard and flow table, and the least around them."""
    service = ("ipv4_addr", "inet_service")
    to_engine = (is_(Field.IIF, "lan"), LISTED, TCP, PROVEN)
    return Table(
        names.TABLE,
        sets=(
            NamedSet(names.TERMINALS, ("ipv4_addr", "ether_addr"), "", elements=((_TERMINAL.ip, _CARD),)),
            NamedSet(names.TERMINAL_ADDRESSES, ("ipv4_addr",), "", elements=((_TERMINAL.ip,),)),
            NamedSet(names.ENGINE_VERIFIED, service, "", elements=((_ENGINE.ip, _PORT),)),
            NamedSet(names.GATE_VERIFIED, service, "", timeout=True),
            strangers.remembered(),
        ),
        maps=(),
        counters=tuple(
            Counter(name, "") for name in (names.PASSED_ENGINE, names.REFUSED_IMPOSTOR, names.REFUSED_LAN, _SLOW)
        ),
        flow_tables=(fast.flow_table("lan", "far"),),
        chains=(
            fast.guard("lan", (IPv4Network(_ENGINE.network),), (_PORT,)),
            Chain(
                "forward",
                Hook("filter", "forward", "filter", "drop"),
                (
                    Rule((), Count(), "", _SLOW),
                    Rule((*to_engine, KNOWN, QUESTION), Offload(names.FAST_PATH), ""),
                    Rule(to_engine, Accept(), ""),
                    Rule((is_(Field.IIF, "far"), KNOWN), Accept(), ""),
                ),
            ),
            Chain(
                "source_nat",
                Hook("nat", "postrouting", "srcnat", "accept"),
                (Rule((is_(Field.OIF, "far"),), SourceNat(_ROUTER_FAR.ip), ""),),
            ),
        ),
    )


class _Place:
    """A thread in a network namespace of its own; what it opens stays there."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, initializer=_go_apart)

    def run(self, work: Callable[[], Result]) -> Result:
        return self._thread.submit(work).result()

    def __enter__(self) -> _Place:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()


def _go_apart() -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


@contextmanager
def _network() -> Iterator[tuple[_Place, _Place, _Place]]:
    """terminal eth0 — lan router far — eth0 engine, and the table in the router."""
    with _Place() as router, _Place() as terminal, _Place() as engine:
        for place, port, own, end, address, card in (
            (terminal, "lan", _ROUTER_LAN, "eth0", _TERMINAL, _CARD),
            (engine, "far", _ROUTER_FAR, "eth0", _ENGINE, None),
        ):
            namespace = place.run(_own_namespace)
            try:
                router.run(lambda: _cable(port, end, namespace))  # noqa: B023
            finally:
                os.close(namespace)
            router.run(lambda: _bring_up(port, own))  # noqa: B023
            place.run(lambda: _bring_up(end, address, card))  # noqa: B023
        terminal.run(lambda: _route(_ENGINE.network, _ROUTER_LAN.ip))
        router.run(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
        router.run(lambda: tool.run(["nft", "--file", "-"], syntax.render(_table())))
        yield router, terminal, engine


def _own_namespace() -> int:
    return os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _cable(port: str, end: str, namespace: int) -> None:
    with connect() as netlink:
        netlink.link("add", ifname=port, kind="veth", peer={"ifname": end, "net_ns_fd": namespace})


def _bring_up(port: str, address: IPv4Interface, card: str | None = None) -> None:
    with connect() as netlink:
        index = socket.if_nametoindex(port)
        if card:
            netlink.link("set", index=index, address=card)
        netlink.addr("add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen)
        netlink.link("set", index=index, state="up")


def _route(network: IPv4Network, via: IPv4Address) -> None:
    with connect() as netlink:
        netlink.route("add", dst=str(network), gateway=str(via))


if __name__ == "__main__":
    sys.exit(main())
