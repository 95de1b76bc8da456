"""Moves bytes to and from the place that the account names, by HTTP through the tunnels: for `apart`.

Bounded in time and in bytes: what is measured is the line, and receipts go on beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from appliance.control.ready import Ready
from appliance.diagnose.checks.throughput import Leg, ThroughputEvidence
from appliance.diagnose.verdict import printable
from appliance.tunnel.names import Unresolved, resolve_a

if TYPE_CHECKING:
    from http.client import HTTPConnection

MOST_BYTES = 16 * 1024 * 1024
MOST_SECONDS = 8.0
"""Of each direction, whichever comes first."""
NAME_LIMIT, STEP_LIMIT = 3.0, 10.0
"""Seconds for the name, and for each step of the conversation."""
PIECE = 64 * 1024
SECONDS = 25


@dataclass(frozen=True, slots=True)
class Place:
    """url: of the account, empty when it names none. shaped, tunnel: see `ThroughputEvidence`."""

    url: str
    dns: tuple[IPv4Address, ...]
    source: IPv4Address
    shaped: int | None
    tunnel: str


def place(ready: Ready, carrying: str | None) -> Place:
    intent = ready.intent
    ports = {line.port for line in intent.lines} | {line.interface for line in intent.lines}
    shaped = [shaper.mbit for shaper in intent.shapers if shaper.interface in ports]
    if intent.inner_address is None:
        # Without tunnels the account names no place (docs/account.md).
        return Place("", (), IPv4Address(0), None, "")
    return Place(
        ready.account.measure_url or "",
        intent.tunnel_dns,
        intent.inner_address,
        min(shaped, default=None),
        carrying or "",
    )


def gather(asked: Place) -> ThroughputEvidence:
    if not asked.url:
        return ThroughputEvidence("")
    parts = urlsplit(asked.url)
    host, port = parts.hostname or "", parts.port or 80
    answer = asyncio.run(resolve_a(host, asked.dns, asked.source, NAME_LIMIT))
    if isinstance(answer, Unresolved):
        lost = Leg(0, 0.0, f"{host}: {answer.reason}")
        return ThroughputEvidence(asked.url, lost, lost, asked.shaped, asked.tunnel)
    server = _Server(host, str(answer[0]), port, parts.path, str(asked.source))
    return ThroughputEvidence(asked.url, server.down(), server.up(), asked.shaped, asked.tunnel)


@dataclass(frozen=True, slots=True)
class _Server:
    host: str
    address: str
    port: int
    path: str
    source: str

    def down(self) -> Leg:
        """GET what it has, and stop reading when it is enough."""
        from http.client import HTTPException

        connection, carried, began = self._connection(), 0, monotonic()
        try:
            connection.request("GET", self.path, headers=self._headers)
            answer = connection.getresponse()
            if answer.status != 200:
                return Leg(0, 0.0, f"HTTP status {answer.status}")
            began = monotonic()
            while carried < MOST_BYTES and monotonic() - began < MOST_SECONDS and (data := answer.read1(PIECE)):
                carried += len(data)
            return Leg(carried, monotonic() - began, "" if carried else "nothing came")
        except (OSError, HTTPException, ValueError) as error:
            return Leg(carried, monotonic() - began, _words(error))
        finally:
            connection.close()

    def up(self) -> Leg:
        """POST zeros, chunked; what counts is what the server has read until it says so."""
        from http.client import HTTPException

        connection, sent, began = self._connection(), 0, monotonic()

        def zeros() -> Iterator[bytes]:
            nonlocal sent
            while sent < MOST_BYTES and monotonic() - began < MOST_SECONDS:
                sent += PIECE
                yield bytes(PIECE)

        try:
            connection.connect()
            began = monotonic()
            connection.request("POST", self.path, zeros(), self._headers, encode_chunked=True)
            answer = connection.getresponse()
            seconds = monotonic() - began
            if answer.status not in (200, 204):
                return Leg(0, seconds, f"HTTP status {answer.status}")
            return Leg(sent, seconds)
        except (OSError, HTTPException, ValueError) as error:
            return Leg(0, monotonic() - began, _words(error))
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        # Here, so that whoever only describes a place does not load it.
        from http.client import HTTPConnection

        return HTTPConnection(self.address, self.port, timeout=STEP_LIMIT, source_address=(self.source, 0))

    @property
    def _headers(self) -> dict[str, str]:
        host = self.host if self.port == 80 else f"{self.host}:{self.port}"
        return {"Host": host, "User-Agent": "sekisho"}


def _words(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}")
