"""Socket options of the connections through the gate."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import ssl
import struct
import termios
from typing import Any

_KEEP_ALIVE = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
PATIENT = (60, 15, 4)
"""A dead peer is found within two minutes."""
WAITING = (5, 2, 2)
"""While a connection to an engine serves nobody: it is found within nine seconds."""
SO_ORIGINAL_DST = 80
"""linux/netfilter_ipv4.h"""
IP_BIND_ADDRESS_NO_PORT = 24
"""linux/in.h"""
_NO_LINGER = struct.pack("ii", 1, 0)


def prepare(sock: socket.socket) -> None:
    """No delay for small messages; a dead peer is found within two minutes, a silent living one never disturbed.

    What a listener accepts inherits all of it, except for not blocking.
    """
    sock.setblocking(False)
    for level, option, value in (
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 120_000),
    ):
        sock.setsockopt(level, option, value)
    keep_alive(sock, PATIENT)


def keep_alive(sock: socket.socket, times: tuple[int, int, int]) -> None:
    """times: seconds of silence before the first question, seconds between questions, and how many (tcp(7))."""
    for option, value in zip(_KEEP_ALIVE, times, strict=True):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)


def towards(source: str | None) -> socket.socket:
    """A socket for connect(2) from the local address `source`, None: the route's. Raises OSError."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        prepare(sock)
        # Ports need to be unique for each engine only, not over all of them (ip(7)).
        sock.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        if source is not None:
            sock.bind((source, 0))
    except OSError:
        sock.close()
        raise
    return sock


def reset(sock: socket.socket) -> None:
    """Close with a TCP reset, at once."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    sock.close()


def common_name(tls: ssl.SSLObject) -> str | None:
    """Of the peer's certificate, which has been verified; None without one, or without a name."""
    certificate: dict[str, Any] = tls.getpeercert() or {}
    names = [value for part in certificate.get("subject", ()) for kind, value in part if kind == "commonName"]
    return names[0] if names else None


def acknowledged(sock: socket.socket) -> int:
    """Bytes that the peer's kernel has acknowledged, TLS and all. Raises OSError."""
    # linux/tcp.h: tcpi_bytes_acked of struct tcp_info
    return int(struct.unpack_from("=Q", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 128), 120)[0])


def unacknowledged(sock: socket.socket) -> int:
    """Bytes in the kernel that the peer's has not acknowledged (SIOCOUTQ, tcp(7)). Raises OSError."""
    return int(struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0])


def original_destination(sock: socket.socket) -> str | None:
    """Where the peer wanted to go before nftables redirected it; None when nobody tracked the connection."""
    try:
        name = sock.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
    except OSError:
        return None
    return socket.inet_ntoa(name[4:8])
