"""Where routers measure the throughput: GET sends as many bytes as anybody reads, POST throws away what it is given.

``python -m tests.lab.measure ADDRESS PORT PATH`` serves until it is ended.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PIECE = 64 * 1024
_MOST = 256 * 1024 * 1024
"""Bytes of one answer: nobody keeps the server busy for longer."""


class Handler(BaseHTTPRequestHandler):
    """As docs/operator.md asks for it."""

    protocol_version = "HTTP/1.1"
    path_served = ""

    def do_GET(self) -> None:
        if self.path != self.path_served:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(_MOST))
        self.end_headers()
        self.close_connection = True
        try:
            for _ in range(_MOST // _PIECE):
                self.wfile.write(bytes(_PIECE))
        except ConnectionError:
            # Whoever measures stops reading when it is enough.
            pass

    def do_POST(self) -> None:
        if self.path != self.path_served or self.headers.get("Transfer-Encoding") != "chunked":
            self.send_error(404)
            return
        while size := int(self.rfile.readline(32), 16):
            left = size
            while left:
                left -= len(self.rfile.read(min(left, _PIECE)))
            self.rfile.readline(4)
        self.rfile.readline(4)
        self.send_response(204)
        self.end_headers()


def main(address: str, port: str, path: str) -> None:
    Handler.path_served = path
    ThreadingHTTPServer((address, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
