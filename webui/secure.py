"""What the gate says of a request: the page is asked by nobody else, on a unix socket, and only over the gate's TLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLIENT_HEADER = "Sekisho-Client"
"""The address of who asks. The gate takes away whatever came under this name, and writes its own."""
CERTIFICATE_HEADER = "Sekisho-Certificate"
"""``account`` when the browser was shown the account's certificate, else ``own``. The gate's word, too."""


def client(environ: Mapping[str, Any]) -> str:
    """The browser's address. environ: of WSGI (PEP 3333)."""
    return str(environ.get(_key(CLIENT_HEADER), ""))


def is_vouched(environ: Mapping[str, Any]) -> bool:
    """Whether the browser was shown a certificate that it can trust without asking anybody: the account's.

    Only then may it be told to insist on TLS (RFC 6797): with the device's own it could never be talked out of it.
    """
    return bool(environ.get(_key(CERTIFICATE_HEADER)) == "account")


def _key(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")
