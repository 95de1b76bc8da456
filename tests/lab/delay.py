"""A long line between two machines: every packet arrives a fixed time after it was sent (netem of the poor).

Two TUN interfaces, one on each machine, and a process between them that holds each packet back. It loses nothing
between ends that are up, keeps the order, and has no limit of speed but its own processor time.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import struct
import subprocess
import sys
import time
from collections import deque
from ipaddress import IPv4Interface
from types import TracebackType
from typing import Self

from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine

# From linux/if_tun.h.
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_LONGEST = 65536


class DelayLine:
    """delay: seconds, each way. ends: which address the interface `name` gets on which machine."""

    def __init__(self, name: str, delay: float, *ends: tuple[Machine, IPv4Interface]) -> None:
        descriptors = [machine.inside(lambda: _open(name)) for machine, _ in ends]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.delay", str(delay), *map(str, descriptors)],
            pass_fds=descriptors,
            cwd=PROJECT,
        )
        for descriptor in descriptors:
            os.close(descriptor)
        for machine, address in ends:
            machine.ip(f"address add {address} dev {name}\nlink set dev {name} up\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()


def _open(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return descriptor


def carry(delay: float, first: int, second: int) -> None:
    """Until somebody ends the process."""
    others = {first: second, second: first}
    under_way: deque[tuple[float, int, bytes]] = deque()
    poll = select.epoll()
    for descriptor in others:
        poll.register(descriptor, select.EPOLLIN)
    while True:
        for descriptor, _ in poll.poll(max(0.0, under_way[0][0] - time.monotonic()) if under_way else None):
            with contextlib.suppress(BlockingIOError):
                while packet := os.read(descriptor, _LONGEST):
                    under_way.append((time.monotonic() + delay, others[descriptor], packet))
        while under_way and under_way[0][0] <= time.monotonic():
            _, descriptor, packet = under_way.popleft()
            try:
                os.write(descriptor, packet)
            except OSError as error:
                # That end is not up (yet), and the first one that is greets its neighbours at once.
                if error.errno != errno.EIO:
                    raise


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        carry(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
