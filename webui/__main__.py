"""``python -m webui --listen HOST:PORT``: serves the page over plain HTTP on the LAN."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from waitress.server import create_server  # type: ignore[import-untyped]

from appliance import memory
from appliance.control.client import Client
from webui.app import MAX_STREAMS, create_app

THREADS = MAX_STREAMS + 8
"""Streams keep a thread each; the others stay free for pages and polls."""

LIMITS: Mapping[str, Any] = {
    "ident": None,
    "connection_limit": 128,
    "channel_timeout": 30,
    "max_request_body_size": 1024,
    "max_request_header_size": 16384,
    "outbuf_high_watermark": 131072,
    "clear_untrusted_proxy_headers": True,
}
"""What a visitor may cost, and nothing that tells him what serves him."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="webui", description="The status page of a Sekisho router")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT", help="address and port to serve on")
    parser.add_argument("--api", type=Path, metavar="PATH", help="socket of the local API")
    given = parser.parse_args()
    memory.be_frugal()
    server = create_server(
        create_app(lambda: Client(given.api)),
        listen=given.listen,
        threads=THREADS,
        **LIMITS,
    )
    server.run()


if __name__ == "__main__":
    main()
