"""Follows one packet of ours through the kernel as if it had come from a wire, and lets it go nowhere.

The frame arrives at a port of our own making (a TAP, which needs no packet socket) and is led from there to the ingress
of the port that it is about (tc-mirred(8)): from that moment on the kernel treats it as it treats a terminal's. A table
of our own has it traced (nft(8), MONITOR), drops it after the last rule of `input` and before the first of
`postrouting`, so no connection is ever confirmed, and drops what the kernel says in answer to it. No rule and no set of
the router's is touched. All of it is taken away afterwards; what a power cut or a kill leaves behind touches no other
packet, and goes at the next start or the next look.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from time import monotonic
from typing import IO, cast

from appliance.errors import SekishoError
from appliance.intent.names import TABLE
from appliance.kernel import tool
from appliance.kernel.nft import syntax

TRACE_TABLE = "sekisho_explain"
PORT = "explain0"
"""Ours; it is gone with whoever holds it open."""
MARK = 0x5EE
"""fwmark of the packet: no rule and no routing rule of ours knows it."""
PATIENCE = 4.0
"""Seconds until a packet that leaves no trace is given up."""
AGAIN_AFTER = 0.4
"""Seconds until it is sent once more: `nft monitor` says nothing of when it begins to listen."""

_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
"""linux/if_tun.h."""
_TRACE = re.compile(r"trace id (\w+) (\S+) (\S+) (\S+) (packet|rule|policy|verdict)[: ]?(.*)")
_COMMENT = re.compile(r'comment "([^"]*)"')
_VERDICT = re.compile(r"\(verdict (\w+)")
_NUMBER = re.compile(r"\bip id (\d+)\b")
_OIF = re.compile(r'\boif "([^"]*)"')


@dataclass(frozen=True, slots=True)
class TracedPacket:
    """frame: for an IP identification. The rest says how to know the packet, and the answers to it."""

    interface: str
    frame: Callable[[int], bytes]
    source: IPv4Address
    destination: IPv4Address
    protocol: str
    sender_port: int


@dataclass(frozen=True, slots=True)
class Hop:
    """table: as nft names it, ``inet sekisho``. rule: its comment, or its text where it has none; ``policy``.

    verdict: ``accept``, ``drop``, ``refuse``, ``continue``, ``jump``, …
    """

    table: str
    chain: str
    rule: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Traced:
    """hops: what met the packet, ours to trace it left out. end: ``passes`` (interface: by which it would leave, empty
    for the router itself), ``refused``, ``dropped``, or ``lost``: no rule ended it, and it was not seen at the end."""

    hops: tuple[Hop, ...]
    end: str
    interface: str = ""

    @property
    def own(self) -> tuple[Hop, ...]:
        """The hops of the router's own table."""
        return tuple(hop for hop in self.hops if hop.table == f"inet {TABLE}")


def trace(packet: TracedPacket) -> Traced:
    """Blocking, up to `PATIENCE` seconds. Raises SekishoError: the kernel cannot do it."""
    sweep()
    try:
        with _cable(packet) as send, _watch(packet) as said:
            return _follow(packet, send, said)
    finally:
        sweep()


def sweep() -> None:
    """Take away what a look has left behind; nothing when there is nothing."""
    for family in ("inet", "netdev"):
        # Adding what is there changes nothing, and deleting what is not would be an error.
        with suppress(SekishoError):
            tool.run(["nft", "--file", "-"], f"add table {family} {TRACE_TABLE}\ndelete table {family} {TRACE_TABLE}\n")


def rules(packet: TracedPacket) -> str:
    """The tables of a look. Pure."""
    port = syntax.scalar("ifname", packet.interface)
    answers = (
        f"ip saddr {packet.destination} ip daddr {packet.source} th dport {packet.sender_port} drop",
        # Errors about it quote its head: 8 bytes of ICMP, 20 of IP, and then its sender's port.
        f"ip daddr {packet.source} icmp type {{ destination-unreachable, time-exceeded, parameter-problem }} "
        f"@th,224,16 {packet.sender_port} drop",
    )
    said = "\n".join(f"\t\t{answer}" for answer in answers)
    return f"""\
table inet {TRACE_TABLE} {{
	chain begin {{
		type filter hook ingress device {port} priority -500;
		ip saddr {packet.source} ip daddr {packet.destination} {packet.protocol} sport {packet.sender_port} \
meta mark set {MARK:#x} meta nftrace set 1
	}}
	chain arrives {{
		type filter hook input priority 500;
		meta mark {MARK:#x} drop
	}}
	chain leaves {{
		type filter hook postrouting priority -500;
		meta mark {MARK:#x} drop
	}}
	chain answers {{
		type filter hook output priority 500;
{said}
	}}
}}
table netdev {TRACE_TABLE} {{
	chain answers {{
		type filter hook egress device {port} priority 500;
{said}
	}}
}}
"""


class TraceReader:
    """Lines of ``nft monitor trace`` in, by IP identification of our packets.

    The kernel makes a trace's id of the packet's place in memory and its flow, so a later packet may have the same;
    each base chain begins with the packet itself, which tells whose path it is.
    """

    def __init__(self) -> None:
        self._whose: dict[str, int] = {}
        self._paths: dict[int, Traced] = {}

    def read(self, line: str) -> Traced | None:
        """The whole path, once a packet's last line has come."""
        found = _TRACE.match(line)
        if found is None:
            return None
        trace_id, family, table, chain, kind, rest = found.groups()
        if kind == "packet":
            self._begin(trace_id, rest)
            return None
        number = self._whose.get(trace_id)
        if number is None:
            return None
        path = self._paths[number]
        if table == TRACE_TABLE:
            return self._ours(number, path, chain, rest)
        hop = _hop(f"{family} {table}", chain, kind, rest)
        if hop is None:
            return None
        end = {"drop": "dropped", "refuse": "refused"}.get(hop.verdict, "lost")
        self._paths[number] = replace(path, hops=(*path.hops, hop), end=end)
        return self._paths[number] if end != "lost" else None

    def unfinished(self) -> Traced | None:
        """The longest path that came to no end, None when no packet was seen at all."""
        return max(self._paths.values(), key=lambda path: len(path.hops), default=None)

    def _begin(self, trace_id: str, rest: str) -> None:
        number = _NUMBER.search(rest)
        if number is None:
            return
        self._whose[trace_id] = int(number[1])
        path = self._paths.setdefault(int(number[1]), Traced((), "lost"))
        if out := _OIF.search(rest):
            self._paths[int(number[1])] = replace(path, interface=out[1])

    def _ours(self, number: int, path: Traced, chain: str, rest: str) -> Traced | None:
        if chain not in ("arrives", "leaves") or "drop" not in rest:
            return None
        interface = path.interface if chain == "leaves" else ""
        self._paths[number] = replace(path, end="passes", interface=interface)
        return self._paths[number]


def _hop(table: str, chain: str, kind: str, rest: str) -> Hop | None:
    if kind == "policy":
        verdict = rest.split()[0]
        # What a chain lets through by its policy is no decision about the packet.
        return Hop(table, chain, "policy", verdict) if verdict == "drop" else None
    verdict_found, comment = _VERDICT.search(rest), _COMMENT.search(rest)
    if kind != "rule" or verdict_found is None:
        return None
    verdict = "refuse" if " reject " in f" {rest} " else verdict_found[1]
    return Hop(table, chain, comment[1] if comment else rest, verdict)


def _follow(packet: TracedPacket, send: Callable[[bytes], object], said: Callable[[float], Iterable[str]]) -> Traced:
    reader, end, number = TraceReader(), monotonic() + PATIENCE, 0
    while monotonic() < end:
        number += 1
        send(packet.frame(number))
        for line in said(AGAIN_AFTER):
            if whole := reader.read(line):
                return whole
    unfinished = reader.unfinished()
    if unfinished is None:
        raise _not_followed()
    return unfinished


def _not_followed(error: OSError | None = None) -> SekishoError:
    ja, en = (f"（{error.strerror}）", f" ({error.strerror})") if error else ("", "")
    return SekishoError(
        "kernel.no-trace",
        f"カーネルの中で試験用のパケットを追えませんでした{ja}。もう一度試してください。",
        f"the test packet could not be followed through the kernel{en}: try again.",
    )


@contextmanager
def _cable(packet: TracedPacket) -> Iterator[Callable[[bytes], object]]:
    """What is given to it arrives at the packet's interface, if it is IPv4."""
    try:
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _not_followed(error) from error
    try:
        fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", PORT.encode(), _IFF_TAP | _IFF_NO_PI))
        # It shall say nothing of its own.
        with suppress(OSError):
            Path("/proc/sys/net/ipv6/conf", PORT, "disable_ipv6").write_text("1")
        # The kernel takes no frame that is for another card than the one that it arrives at.
        card = packet.frame(0)[:6].hex(":")
        tool.run(["ip", "link", "set", "dev", PORT, "address", card, "up"])
        tool.run(["tc", "qdisc", "add", "dev", PORT, "clsact"])
        led = ["u32", "match", "u32", "0", "0", "action", "mirred", "ingress", "redirect", "dev", packet.interface]
        tool.run(["tc", "filter", "add", "dev", PORT, "ingress", "protocol", "ip", *led])
        yield lambda frame: os.write(tap, frame)
    except OSError as error:
        raise _not_followed(error) from error
    finally:
        os.close(tap)


@contextmanager
def _watch(packet: TracedPacket) -> Iterator[Callable[[float], Iterable[str]]]:
    """Yields what gives the lines that come within so many seconds."""
    tool.run(["nft", "--file", "-"], rules(packet))
    monitor = subprocess.Popen(
        ["nft", "monitor", "trace"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    )
    rest, stream = b"", cast(IO[bytes], monitor.stdout)

    def lines(seconds: float) -> Iterator[str]:
        nonlocal rest
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0 and select.select([stream], [], [], left)[0]:
            data = stream.read(65536)
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)

    try:
        yield lines
    finally:
        monitor.kill()
        monitor.wait()
        stream.close()
