"""The kernel's tracked connections (conntrack(8)): list them, forget them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

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
    return _run("--dump", address, port)


def delete(address: IPv4Address, port: int) -> list[Flow]:
    """Forget those connections and say which they were: their next packet is a stranger's."""
    return _run("--delete", address, port)


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


def _run(command: str, address: IPv4Address, port: int) -> list[Flow]:
    arguments = ["conntrack", command, "--family", "ipv4", "--proto", "tcp"]
    # Exit status 1 is "none found", and any error; only the latter says nothing of entries.
    status, output, complaint = tool.run(
        [*arguments, "--orig-dst", str(address), "--orig-port-dst", str(port)], accepted=(0, 1)
    )
    if status != 0 and "flow entries" not in complaint:
        raise tool.failed("conntrack", complaint)
    return parse(output)
