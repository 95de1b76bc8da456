"""One file by HTTP through the tunnels: for `apart`, because the bytes and the library need not be in the daemon."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """address: of `host`, which has been asked for already. source: own address, which makes it go by the tunnels."""

    host: str
    address: str
    port: int
    path: str
    source: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """body None: it is what `etag` stood for before (RFC 9110 section 13.1.2)."""

    body: bytes | None
    etag: str | None


def fetch(place: Place, etag: str | None, largest: int, timeout: float) -> Fetched | str:
    """GET, without following redirects; or what went wrong. largest: bytes. timeout: seconds for each step."""
    # Here, so that whoever only describes a place does not load it.
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(place.address, place.port, timeout=timeout, source_address=(place.source, 0))
    headers = {"Host": place.host if place.port == 80 else f"{place.host}:{place.port}", "User-Agent": "sekisho"}
    if etag:
        headers["If-None-Match"] = etag
    try:
        connection.request("GET", place.path, headers=headers)
        answer = connection.getresponse()
        if answer.status == 304:
            return Fetched(None, etag)
        if answer.status != 200:
            return f"HTTP status {answer.status}"
        body = answer.read(largest + 1)
        return "too large" if len(body) > largest else Fetched(body, answer.getheader("ETag"))
    except (OSError, HTTPException, ValueError) as error:
        return _words(error)
    finally:
        connection.close()


def _words(error: Exception) -> str:
    """For the log. Part of it may be what the server said: one line, and not a long one."""
    said = f"{type(error).__name__}: {error}"[:200]
    return "".join(character if character.isprintable() else "?" for character in said)
