"""A CLAIM receiver on an engine: ``python -m tests.lab.claim ADDRESS PORT CERTIFICATE KEY CLIENT_CA RECEIVED``.

Messages are MML documents that end with EOT, and are answered with ACK (MML transport over TCP, as receipt computers
have it); here over TLS, with the clinic's certificate. What came is kept, a line each, in the file RECEIVED.
"""

from __future__ import annotations

import socketserver
import ssl
import sys
from pathlib import Path
from typing import Any

EOT, ACK = b"\x04", b"\x06"


class _Receiver(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, received: Path) -> None:
        self._context, self.received = context, received
        super().__init__(address, _Sender)

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self._context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)


class _Sender(socketserver.BaseRequestHandler):
    server: _Receiver

    def handle(self) -> None:
        message = b""
        while data := self.request.recv(65536):
            message += data
            while EOT in message:
                document, _, message = message.partition(EOT)
                with self.server.received.open("ab") as file:
                    file.write(document + b"\n")
                self.request.sendall(ACK)


if __name__ == "__main__":
    host, port, certificate, key, client_ca, kept = sys.argv[1:]
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_ca)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(certificate, key)
    _Receiver((host, int(port)), tls, Path(kept)).serve_forever()
