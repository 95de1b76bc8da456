"""The kernel's tracked connections (conntrack(8)): list them, forget them."""

from __future__ import annotations

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


def flows(address: IPv4Address, port: int) -> list[Flow]:
    """TCP connections that were opened towards `address`:`port`."""
    arguments = ["--dump", "--family", "ipv4", "--proto", "tcp"]
    output = _run([*arguments, "--orig-dst", str(address), "--orig-port-dst", str(port)])
    return parse(output)


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


def forget_translated(source: IPv4Address) -> list[Flow]:
    """Forget the connections that `source` opened and whose addresses we translate (to the internet, to an engine, to
    ourselves); those to other segments stay. Returns the TCP ones."""
    return [flow for kind in ("--src-nat", "--dst-nat") for flow in _forget(source, kind)]


def _forget(source: IPv4Address, kind: str) -> list[Flow]:
    status, output, complaint = tool.run(
        ["conntrack", "--delete", "--family", "ipv4", "--orig-src", str(source), kind], accepted=(0, 1)
    )
    if status != 0 and "flow entries" not in complaint:
        raise tool.failed("conntrack", complaint)
    return parse("\n".join(line for line in output.splitlines() if line.startswith("tcp")))


def parse(output: str) -> list[Flow]:
    """conntrack's lines; of the two tuples on each, the first is the original direction."""
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
