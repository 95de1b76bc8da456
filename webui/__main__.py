"""``python -m webui --socket PATH``: serves the page to the gate, which speaks TLS with browsers."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from waitress.server import create_server  # type: ignore[import-untyped]

from appliance import memory
from appliance.control.client import Client
from webui.app import create_app
from webui.pages.status import MAX_STREAMS

THREADS = MAX_STREAMS + 8
"""Streams keep a thread each; the others stay free for pages and polls."""

LIMITS: Mapping[str, Any] = {
    "ident": None,
    "connection_limit": 128,
    "channel_timeout": 30,
    "max_request_body_size": 1200000,
    "max_request_header_size": 16384,
    "outbuf_high_watermark": 131072,
    "clear_untrusted_proxy_headers": True,
}
"""What a visitor may cost, and nothing that tells him what serves him."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="webui", description="The status page of a Sekisho router")
    parser.add_argument("--socket", required=True, metavar="PATH", help="unix socket to serve on")
    parser.add_argument("--api", type=Path, metavar="PATH", help="socket of the local API")
    given = parser.parse_args()
    memory.be_frugal()
    server = create_server(
        create_app(lambda: Client(given.api)),
        unix_socket=given.socket,
        # Who may come to it is said by its directory.
        unix_socket_perms="666",
        url_scheme="https",
        threads=THREADS,
        **LIMITS,
    )
    server.run()


if __name__ == "__main__":
    main()
