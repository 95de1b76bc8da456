"""The router's page, as a browser on one of the machines gets it."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from typing import Any

from tests.lab.machine import Machine

LIMIT = 20.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """certificate: what was shown, DER; None without TLS."""

    status: int
    headers: Message
    text: str
    certificate: bytes | None


def trusting(*authorities: str) -> ssl.SSLContext:
    """A browser that trusts these authorities (PEM) and nobody else; a self-signed certificate is its own."""
    context = ssl.create_default_context(cadata="".join(authorities))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def blind() -> ssl.SSLContext:
    """A person who goes on past the browser's warning."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def get(
    machine: Machine, address: str, path: str = "/", *, host: str | None = None, browser: ssl.SSLContext | None = None
) -> Answer:
    """host: as typed into the browser, for whose name the certificate has to be; None: the address. browser: None
    without TLS. Raises OSError."""
    return ask(machine, address, "GET", path, {"Host": host or address}, browser=browser)


def ask(
    machine: Machine,
    address: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    *,
    browser: ssl.SSLContext | None,
    limit: float = LIMIT,
) -> Answer:
    """One request on a connection of its own. headers: with ``Host``. limit: seconds. Raises OSError."""
    connection = http.client.HTTPConnection(address)
    sock: Any = machine.connect(address, 80 if browser is None else 443, limit)
    with closing(connection):
        shown = None
        if browser:
            sock = browser.wrap_socket(sock, server_hostname=headers["Host"])
            shown = sock.getpeercert(binary_form=True)
        connection.sock = sock
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode(), shown)
