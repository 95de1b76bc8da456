"""HTTPS as hosts of the data center speak it that are no receipt engines: mutual TLS, HTTP/1.1."""

from __future__ import annotations

import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    """What such a host answers; subclasses bring ``do_METHOD``."""

    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes = b"", **header: str) -> None:
        """header: names with underscores for hyphens."""
        self.send_response(status)
        for name, value in header.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def serve(answers: type[Answers], address: str, port: int, certificate: str, key: str, client_ca: str) -> None:
    """Until the process ends; the last three are PEM files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(client_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    server = _Server((address, port), answers)
    # The handshake in the connection's own thread: a silent client must not keep others waiting.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()
