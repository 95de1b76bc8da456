"""TCP and TLS servers in threads, that behave or misbehave."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from array import array
from collections.abc import Callable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL

from tests.unit.gate.waiting import LIMIT

Handler = Callable[[socket.socket], None]
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
_INSTRUCTIONS = array("B", struct.pack("HBBI", 0x06, 0, 0, 0))
DROP_ALL = struct.pack("@HP", 1, _INSTRUCTIONS.buffer_info()[0])
"""A socket filter after which its kernel hears nothing (linux/filter.h: one sock_filter, BPF_RET | BPF_K, 0)."""


class Servers:
    """TCP servers in threads: each connection is given to a handler, and closed after it."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._threads: list[threading.Thread] = []

    def start(self, handler: Handler, address: str = "127.0.0.1", port: int = 0) -> int:
        """The port."""
        listener = socket.create_server((address, port))
        self.serve(listener, handler)
        return int(listener.getsockname()[1])

    def serve(self, listener: socket.socket, handler: Handler) -> None:
        self._stack.callback(listener.close)
        self._stack.callback(lambda: listener.shutdown(socket.SHUT_RDWR))

        def accept() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                thread = threading.Thread(target=self._handle, args=(handler, sock), daemon=True)
                thread.start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        self._threads.append(thread)

    def start_tls(self, context: ssl.SSLContext, handler: Handler, address: str = "127.0.0.1", port: int = 0) -> int:
        def over_tls(sock: socket.socket) -> None:
            with context.wrap_socket(sock, server_side=True) as tls:
                handler(tls)

        return self.start(over_tls, address, port)

    def start_stapled(self, certificate: str, key: str, staple: bytes, version: int) -> int:
        """A TLS server that adds `staple` to its certificate. version: of pyOpenSSL, the only one it speaks."""

        def serve(sock: socket.socket) -> None:
            context = SSL.Context(SSL.TLS_SERVER_METHOD)
            context.set_min_proto_version(version)
            context.set_max_proto_version(version)
            context.use_certificate(x509.load_pem_x509_certificate(certificate.encode()))
            context.use_privatekey(load_pem_private_key(key.encode(), None))  # type: ignore[arg-type]
            context.set_ocsp_server_callback(lambda _tls, _data: staple)
            # pyOpenSSL reports a socket that would wait as an error.
            sock.settimeout(None)
            tls = SSL.Connection(context, sock)
            tls.set_accept_state()
            with contextlib.suppress(SSL.Error):
                tls.do_handshake()
                while tls.recv(65536):
                    pass

        return self.start(serve)

    @staticmethod
    def _handle(handler: Handler, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            sock.settimeout(LIMIT)
            handler(sock)

    def close(self) -> None:
        self._stack.close()
        for thread in self._threads:
            thread.join(LIMIT)


def read_to_end(sock: socket.socket) -> bytes:
    parts = []
    while data := sock.recv(65536):
        parts.append(data)
    return b"".join(parts)


def echo(sock: socket.socket) -> None:
    while data := sock.recv(65536):
        sock.sendall(data)


def exchange(sock: ssl.SSLSocket, data: bytes) -> bytes:
    sock.sendall(data)
    answer = b""
    while len(answer) < len(data) and (more := sock.recv(65536)):
        answer += more
    return answer


@contextlib.contextmanager
def nothing_new(sock: socket.socket) -> Iterator[None]:
    """As long as this lasts, the kernel queues nothing more for reading: the peer's TCP has to send it again."""
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, DROP_ALL)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
