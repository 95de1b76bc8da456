"""BIRD's control socket: ask it which paths live and which tunnel carries.

The protocol is birdc's own: one command a line; every reply line is a four-digit code and ``-``
(more follows) or a space (last line), and a line that starts with a space belongs to the code
before it (BIRD programmer's documentation, 2.9 "Command line interface").
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from time import monotonic

from appliance import paths
from appliance.engines.bird import KERNEL_PROTOCOL
from appliance.errors import SekishoError

_GREETING = "0001"
_NOT_FOUND = "8001"
_LONGEST_REPLY = 1 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """code: of the last line; lines: (code, text) without the greeting."""

    code: str
    lines: tuple[tuple[str, str], ...]


class ReplyReader:
    """Bytes in, a `Reply` out when it is whole. Raises ValueError on what is not BIRD's protocol."""

    def __init__(self) -> None:
        self._rest = b""
        self._size = 0
        self._lines: list[tuple[str, str]] = []
        self._code = ""

    def feed(self, data: bytes) -> Reply | None:
        self._rest += data
        self._size += len(data)
        if self._size > _LONGEST_REPLY:
            raise ValueError("endless reply")
        *whole, self._rest = self._rest.split(b"\n")
        for raw in whole:
            line = raw.decode(errors="replace")
            if line.startswith(" "):
                self._lines.append((self._code, line[1:]))
                continue
            if line.startswith("+"):
                continue
            if not re.match(r"[0-9]{4}[ -]", line):
                raise ValueError("no reply code")
            self._code = line[:4]
            if self._code == _GREETING:
                continue
            self._lines.append((self._code, line[5:]))
            if line[4] == " ":
                return Reply(self._code, tuple(self._lines))
        return None


def parse_bfd_sessions(reply: Reply) -> dict[str, bool]:
    """interface → session is up. Lines: address, interface, state, since, interval, time-out."""
    sessions: dict[str, bool] = {}
    for _, text in reply.lines:
        words = text.split()
        if len(words) >= 3 and _is_address(words[0]):
            sessions[words[1]] = words[2] == "Up"
    return sessions


def parse_next_hop(reply: Reply) -> str | None:
    """Interface of the first next hop in a ``show route`` reply."""
    for _, text in reply.lines:
        found = re.match(r"\s+via \S+ on (\S+)", text)
        if found:
            return found.group(1)
    return None


class BirdControl:
    """Each question is a connection of its own, answered within `limit` seconds or refused.

    Raises SekishoError ``engine.bird-silent`` or ``engine.bird-refused``.
    """

    def __init__(self, path: Path = paths.BIRD_SOCKET, limit: float = 2.0) -> None:
        self._path = path
        self._limit = limit

    def bfd_sessions(self) -> dict[str, bool]:
        """interface → up; a tunnel whose interface or address is missing has no session at all."""
        return parse_bfd_sessions(self._ask("show bfd sessions"))

    def carrying(self, prefix: IPv4Network) -> str | None:
        """Interface by which BIRD has the kernel send to `prefix`; None when no path lives."""
        reply = self._ask(f"show route {prefix} export {KERNEL_PROTOCOL}", _NOT_FOUND)
        return parse_next_hop(reply)

    def shown(self, command: str) -> list[str]:
        """The lines that BIRD answers to one of its ``show`` commands."""
        return [text for _, text in self._ask(command, _NOT_FOUND).lines]

    def _ask(self, command: str, *expected: str) -> Reply:
        with self._silence_is_an_error():
            reply = self._exchange(command)
        if reply.code[0] in "89" and reply.code not in expected:
            said = reply.lines[-1][1]
            raise SekishoError(
                "engine.bird-refused",
                f"経路制御(BIRD)が問い合わせを受け付けません(返事: {said})。ルーターを再起動してください。",
                f"the routing daemon (BIRD) refused a question ({said}): restart the router",
            )
        return reply

    def _exchange(self, command: str) -> Reply:
        limit = monotonic() + self._limit
        reader = ReplyReader()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(self._limit)
            connection.connect(str(self._path))
            connection.sendall(f"{command}\n".encode())
            while True:
                connection.settimeout(max(0.001, limit - monotonic()))
                data = connection.recv(65536)
                if not data:
                    raise ConnectionError("closed in the middle of a reply")
                reply = reader.feed(data)
                if reply is not None:
                    return reply

    @contextmanager
    def _silence_is_an_error(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise SekishoError(
                "engine.bird-silent",
                "経路制御(BIRD)が応答しません。自動で起動し直すのを待ち、続くときはルーターを再起動してください。",
                "the routing daemon (BIRD) does not answer: "
                "wait for its automatic restart; if this goes on, restart the router",
            ) from error


def _is_address(word: str) -> bool:
    try:
        IPv4Address(word)
    except ValueError:
        return False
    return True
