"""The cheapest question that only a living engine answers: a ClientHello that no key is calculated for.

It offers TLS 1.3 with an empty list of key shares, so the server answers with HelloRetryRequest (RFC 8446
sections 4.1.4 and 4.2.8) before any public-key operation: the program behind the port has read and
understood us, at the price of two small packets. A server that speaks TLS 1.2 only answers with its
ServerHello. Whatever TLS record comes back, somebody lives; who he is, only proofs tell (`gate.prove`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from ipaddress import IPv4Address

_TLS12, _TLS13 = 0x0303, 0x0304
_HANDSHAKE, _ALERT = 22, 21
_CLIENT_HELLO = 1
_CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02F, 0xC030, 0xC02B, 0xC02C)
"""TLS 1.3's three, and ECDHE with AES-GCM of TLS 1.2 (RFC 8446 appendix B.4, RFC 5289)."""
_GROUPS = (0x001D, 0x0017, 0x0018)
"""x25519, secp256r1, secp384r1 (RFC 8446 section 4.2.7)."""
_SCHEMES = (0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601)
"""Signature schemes (RFC 8446 section 4.2.3)."""
_SERVER_NAME, _SUPPORTED_GROUPS, _SIGNATURES, _VERSIONS, _KEY_SHARE = 0, 10, 13, 43, 51


async def knock(host: str, address: IPv4Address, port: int, source: IPv4Address, mark: int) -> bool:
    """Whether somebody at `address` speaks TLS. Waits for ever: the caller ends it.

    source: own address to ask from. mark: fwmark that chooses the tunnel (socket(7), SO_MARK).
    """
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        try:
            sock.bind((str(source), 0))
            await loop.sock_connect(sock, (str(address), port))
            await loop.sock_sendall(sock, client_hello(host))
            answer = await loop.sock_recv(sock, 5)
        except OSError:
            return False
    return is_tls(answer)


def is_tls(answer: bytes) -> bool:
    """Whether `answer` begins like a record of a TLS server's handshake (RFC 8446 section 5.1)."""
    return len(answer) >= 3 and answer[0] in (_HANDSHAKE, _ALERT) and answer[1] == 3


def client_hello(host: str) -> bytes:
    """One TLS record (RFC 8446 section 4.1.2)."""
    name = host.encode("ascii")
    extensions = b"".join(
        (
            _extension(_SERVER_NAME, _vector(2, b"\x00" + _vector(2, name))),
            _extension(_SUPPORTED_GROUPS, _vector(2, _words(_GROUPS))),
            _extension(_SIGNATURES, _vector(2, _words(_SCHEMES))),
            _extension(_VERSIONS, _vector(1, _words((_TLS13, _TLS12)))),
            _extension(_KEY_SHARE, _vector(2, b"")),
        )
    )
    body = b"".join(
        (
            _words((_TLS12,)),
            os.urandom(32),
            _vector(1, b""),
            _vector(2, _words(_CIPHERS)),
            _vector(1, b"\x00"),
            _vector(2, extensions),
        )
    )
    message = bytes([_CLIENT_HELLO]) + _vector(3, body)
    return bytes([_HANDSHAKE]) + _words((_TLS12,)) + _vector(2, message)


def _extension(kind: int, data: bytes) -> bytes:
    return _words((kind,)) + _vector(2, data)


def _vector(length_bytes: int, data: bytes) -> bytes:
    return len(data).to_bytes(length_bytes, "big") + data


def _words(values: tuple[int, ...]) -> bytes:
    return struct.pack(f"!{len(values)}H", *values)
