"""Ears on wires: every frame in both directions, kept until it is asked for."""

from __future__ import annotations

import contextlib
import socket

from tests.lab.machine import Machine

_ETH_P_ALL = 3
_SO_RCVBUFFORCE = 33
_MEMORY = 64 << 20
_SOL_PACKET, _PACKET_STATISTICS = 263, 6


class Wiretap:
    """On one interface of a machine; a cable is heard at its port in the cabinet."""

    def __init__(self, machine: Machine, interface: str) -> None:
        self._socket = machine.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _MEMORY)
        self._socket.bind((interface, _ETH_P_ALL))
        self._socket.setblocking(False)
        # A pulled cable is told once, as an error, and is then as silent as it should be.
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def frames(self) -> list[bytes]:
        """What passed since the last time. Raises OverflowError when some of it was lost."""
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(self._socket.recv(65536))
        lost = int.from_bytes(self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)[4:8], "little")
        if lost:
            raise OverflowError(f"{lost} frames were lost on the tap")
        return heard

    def close(self) -> None:
        self._socket.close()
