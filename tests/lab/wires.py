"""The cables of the world: switches, links that can be pulled or fail in silence, and captures.

Every switch (a Linux bridge) stands in one machine of its own, the cabinet; a link is a veth
pair from a machine's interface to a port there. What happens to a cable is done at its port,
so the machine at its end sees only what a real one would see.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import signal
import struct
import subprocess
import time
from collections.abc import Container
from enum import Enum
from pathlib import Path

from tests.lab.machine import Machine

# From linux/if_tun.h.
_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_IFF_VNET_HDR = 0x4000

_capture_numbers = itertools.count(1)


class Direction(Enum):
    """Seen from the machine at the end of the link; the value is nft's hook at the port in the cabinet."""

    FROM_MACHINE = "ingress"
    TO_MACHINE = "egress"


class Cabinet:
    """The machine with all switches. Segments are made when first used.

    hubs: names of segments that repeat every frame to everybody, so that whoever stands there can listen.
    """

    def __init__(self, directory: Path, hubs: Container[str] = ()) -> None:
        self.machine = Machine("cabinet", directory)
        self._hubs = hubs
        self._segments: set[str] = set()
        # IPv6 off on the switches themselves, or they would talk on every segment.
        self.machine.sysctl(net__ipv6__conf__default__disable_ipv6=1)

    def plug(self, machine: Machine, interface: str, segment: str, mac: str | None = None) -> Link:
        """Lay a cable from a new interface of `machine` to the switch named `segment`; both ends come up."""
        self._make(segment)
        port = f"{segment}-{machine.name}"[:15]
        address = f"address {mac}" if mac else ""
        # Both ends are born where they belong: no interface ever appears in the namespace of this process.
        subprocess.run(
            ["ip", "-batch", "-"],
            input=f"link add name {port} netns {self.machine.pid} type veth "
            f"peer name {interface} {address} netns {machine.pid}\n",
            text=True,
            check=True,
            timeout=20,
        )
        self.machine.ip(f"link set dev {port} master {segment} up")
        machine.ip(f"link set dev {interface} up")
        self.machine.run(
            "nft",
            "-f",
            "-",
            input="".join(
                f"add table netdev {port}\n"
                f"add chain netdev {port} {direction.value}"
                f" {{ type filter hook {direction.value} device {port} priority 0; }}\n"
                for direction in Direction
            ),
        )
        return Link(self.machine, port)

    def adopt(self, interface: str, segment: str) -> None:
        """Plug a network card of the real machine into the switch `segment`; it comes back when the world ends."""
        subprocess.run(["ip", "link", "set", "dev", interface, "netns", str(self.machine.pid)], check=True, timeout=20)
        self.machine.ip(f"link set dev {interface} master {segment} up")

    def tap(self, name: str, segment: str) -> int:
        """A cable from the switch `segment` to a card of an emulated machine: QEMU's ``-netdev tap,fd=``.

        The file descriptor belongs to the caller; the cable is gone when nobody holds it any more.
        """

        def attach() -> int:
            descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            request = struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR)
            fcntl.ioctl(descriptor, _TUNSETIFF, request)
            return descriptor

        self._make(segment)
        descriptor = self.machine.inside(attach)
        self.machine.ip(f"link set dev {name} master {segment} up")
        return descriptor

    def _make(self, segment: str) -> None:
        if segment in self._segments:
            return
        self._segments.add(segment)
        # A bridge that forgets at once where a frame came from is a hub.
        memory = "ageing_time 0" if segment in self._hubs else ""
        self.machine.ip(f"link add name {segment} type bridge mcast_snooping 0 {memory}\nlink set dev {segment} up")

    def close(self) -> None:
        self.machine.close()


class Link:
    """One cable between a machine and a switch."""

    def __init__(self, cabinet: Machine, port: str) -> None:
        self._cabinet = cabinet
        self.port = port
        """Name of the interface in the cabinet: everything on this cable can be captured there."""

    def remove(self) -> None:
        """Take the cable away for good, with the interface of the machine at its end."""
        self._cabinet.ip(f"link delete dev {self.port}")
        self._cabinet.run("nft", "delete", "table", "netdev", self.port)

    def unplug(self) -> None:
        """Pull the cable: the machine loses its carrier and knows it."""
        self._cabinet.ip(f"link set dev {self.port} down")

    def replug(self) -> None:
        self._cabinet.ip(f"link set dev {self.port} up")

    def cut(self, *directions: Direction, match: str = "") -> None:
        """Lose packets in silence: those that match (nft(8) syntax), in the given directions (none: both)."""
        for direction in directions or tuple(Direction):
            rule = f"add rule netdev {self.port} {direction.value} {match} counter drop"
            self._cabinet.run("nft", "-f", "-", input=f"{rule}\n")

    def mend(self) -> None:
        """Undo every `cut`."""
        for direction in Direction:
            self._cabinet.run("nft", "flush", "chain", "netdev", self.port, direction.value)

    def limit(self, rate: str) -> None:
        """Shape what goes to the machine, as an access line's downstream does; rate as in tc(8), ``10mbit``."""
        self._cabinet.run(
            "tc", "qdisc", "replace", "dev", self.port, "root", "tbf", "rate", rate, "burst", "32k", "latency", "50ms"
        )


class Capture:
    """tcpdump on one interface, from construction to `stop`. expression: a pcap-filter(7)."""

    def __init__(self, machine: Machine, interface: str, expression: str = "", name: str | None = None) -> None:
        self.machine = machine
        self.file = machine.log_dir / f"{name or interface}-{next(_capture_numbers)}.pcap"
        notes = self.file.with_suffix(".log")
        # To our file descriptor, not to a path: the machine does not see the lab's folder.
        with self.file.open("wb") as output, notes.open("wb") as errors:
            command = ["tcpdump", "-i", interface, "-n", "-U", "--immediate-mode", "-s", "0", "-Z", "root", "-w", "-"]
            self._process = machine.start([*command, *expression.split()], stdout=output, stderr=errors)
        while "listening on" not in notes.read_text():
            try:
                status = self._process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            raise subprocess.CalledProcessError(status, self._process.args, stderr=notes.read_text())

    def stop(self) -> Path:
        """End the capture; return its file."""
        if self._process.poll() is None:
            # tcpdump leaves behind what the kernel has for it when the signal comes.
            time.sleep(0.3)
            self._process.send_signal(signal.SIGINT)
        self._process.wait(20)
        return self.file

    def count(self, expression: str = "") -> int:
        """Packets captured so far that match; after `stop` none is missing."""
        return len(self.lines(expression))

    def lines(self, expression: str = "") -> list[str]:
        """The packets that match, as tcpdump prints them: what to show when the count is wrong."""
        command = ["tcpdump", "-n", "-r", str(self.file), *expression.split()]
        with contextlib.suppress(subprocess.CalledProcessError):
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
        raise ValueError(f"tcpdump cannot read {self.file} with {expression!r}")
