"""The kernel's tracked connections (conntrack(8)): list them, forget them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from appliance.kernel import tool


@dataclass(frozen=True, slots=True)
class Flow:
    """A TCP connection as its first packet had it: before any address translation."""

    source: IPv4Address
    source_port: int
    destination: IPv4Address
    destination_port: int


def flows(address: IPv4Address, port: int | None = None, *, established: bool = False) -> list[Flow]:
    """TCP connections that were opened towards `address`:`port` (None: any). established: only those that stand."""
    arguments = ["--dump", "--family", "ipv4", "--proto", "tcp", "--orig-dst", str(address)]
    arguments += [] if port is None else ["--orig-port-dst", str(port)]
    arguments += ["--state", "ESTABLISHED"] if established else []
    return parse(_run(arguments))


def forget_flow(flow: Flow) -> None:
    """One TCP connection; one that is not there is fine."""
    ends = ["--orig-src", str(flow.source), "--orig-port-src", str(flow.source_port)]
    ends += ["--orig-dst", str(flow.destination), "--orig-port-dst", str(flow.destination_port)]
    _run(["--delete", "--family", "ipv4", "--proto", "tcp", *ends])


def forget(source: IPv4Address | IPv6Address) -> int:
    """Forget what was begun from `source`, an address that the router no longer has, by itself or for others (NAT);
    returns how many entries.

    Without it a packet of the same ports would be taken for part of the old conversation.
    """
    family = ["--delete", "--family", f"ipv{source.version}"]
    own, others = (_run([*family, end, str(source)]) for end in ("--orig-src", "--reply-dst"))
    return len(own.splitlines()) + len(others.splitlines())


def forget_peer(address: IPv4Address | IPv6Address, port: int) -> int:
    """Forget what is spoken by UDP with `address`:`port`, whoever began; returns how many entries."""
    common = ["--delete", "--family", f"ipv{address.version}", "--proto", "udp"]
    ends = (["--orig-dst", str(address), "--orig-port-dst"], ["--orig-src", str(address), "--orig-port-src"])
    return sum(len(_run([*common, *end, str(port)]).splitlines()) for end in ends)


def forget_translated(source: IPv4Address, but: Collection[tuple[IPv4Address, int]] = ()) -> list[Flow]:
    """Forget the connections that `source` opened and whose addresses we translate (to the internet, to an engine, to
    ourselves); those to other segments stay. Returns the TCP ones.

    but: address and TCP port of what stays as well, as `source` called it.
    """
    gone = _forget(source, "--src-nat")
    # What is to be deleted can only be named, not what is to stay: by the ports to which we lead.
    listing = _run(["--dump", "--family", "ipv4", "--orig-src", str(source), "--dst-nat"])
    for protocol, port in sorted(translated_ports(listing, but)):
        gone += _forget(source, "--dst-nat", "--proto", protocol, "--reply-port-src", str(port))
    return gone


def translated_ports(listing: str, but: Collection[tuple[IPv4Address, int]]) -> set[tuple[str, int]]:
    """Protocol and port to which each connection of conntrack's `listing` is led, except those towards `but`."""
    found = set()
    for line in listing.splitlines():
        protocol = line.split(maxsplit=1)[0]
        ends = [word.partition("=")[2] for word in line.split() if word.startswith(("dst=", "sport=", "dport="))]
        # dst, sport, dport of the original direction, then of the answers.
        if protocol not in ("tcp", "udp") or len(ends) < 6:
            continue
        if protocol != "tcp" or (IPv4Address(ends[0]), int(ends[2])) not in but:
            found.add((protocol, int(ends[4])))
    return found


def _forget(source: IPv4Address, *which: str) -> list[Flow]:
    status, output, complaint = tool.run(
        ["conntrack", "--delete", "--family", "ipv4", "--orig-src", str(source), *which], accepted=(0, 1)
    )
    if status != 0 and "flow entries" not in complaint:
        raise tool.failed("conntrack", complaint)
    return parse("\n".join(line for line in output.splitlines() if line.startswith("tcp")))


def parse(output: str) -> list[Flow]:
    """conntrack's lines; of the two tuples on each, the first is the original direction.

    Raises SekishoError ``kernel.conntrack-unreadable``.
    """
    with tool.reading("conntrack"):
        return _parse(output)


def _parse(output: str) -> list[Flow]:
    flows = []
    for line in output.splitlines():
        values: dict[str, str] = {}
        for word in line.split():
            name, separator, value = word.partition("=")
            if separator:
                values.setdefault(name, value)
        if {"src", "dst", "sport", "dport"} <= values.keys():
            flows.append(
                Flow(IPv4Address(values["src"]), int(values["sport"]), IPv4Address(values["dst"]), int(values["dport"]))
            )
    return flows


def _run(arguments: list[str]) -> str:
    # Exit status 1 is "none found", and any error; only the latter says nothing of entries.
    status, output, complaint = tool.run(["conntrack", *arguments], accepted=(0, 1))
    if status != 0 and "flow entries" not in complaint:
        raise tool.failed("conntrack", complaint)
    return output
