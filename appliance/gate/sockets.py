"""Socket options of the connections through the gate."""

from __future__ import annotations

import contextlib
import fcntl
import os
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
_FAREWELL = 1024
"""Bytes, more than a close_notify has."""


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


def towards(source: str) -> socket.socket:
    """A socket for connect(2) from the local address `source`. Raises OSError."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        prepare(sock)
        # Ports need to be unique for each engine only, not over all of them (ip(7)).
        sock.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
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


def farewell(sock: ssl.SSLSocket) -> tuple[bytes, bool]:
    """The close_notify, as it has to be sent on the connection below; and whether the peer's has come before.

    For a socket that does not block, of which OpenSSL holds nothing that was not read. Python's unwrap() always reads
    after it has written, and what the peer says just then would be a fatal error. So for a moment the descriptor is
    something else's: it takes what is written, and there is nothing to read. (A socket filter would do for that,
    where the kernel lets everybody have one.) Raises OSError.
    """
    descriptor = sock.fileno()
    connection = os.dup(descriptor)
    ours, its = socket.socketpair()
    with ours, its:
        its.setblocking(False)
        ours.setblocking(False)
        os.dup2(its.fileno(), descriptor, inheritable=False)
        try:
            sock.unwrap()
            is_over = True
        except ssl.SSLWantReadError:
            is_over = False
        finally:
            os.dup2(connection, descriptor, inheritable=False)
            os.close(connection)
        try:
            return ours.recv(_FAREWELL), is_over
        except BlockingIOError:  # It had been said.
            return b"", is_over


def common_name(sock: ssl.SSLSocket) -> str | None:
    """Of the peer's certificate, which has been verified; None without one, or without a name."""
    certificate: dict[str, Any] = sock.getpeercert() or {}
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
