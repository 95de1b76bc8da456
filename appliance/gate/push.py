"""Whether a terminal asks for a push channel: how an HTTP request for a WebSocket begins (RFC 6455 section 4.1)."""

from __future__ import annotations

LONGEST_HEAD = 8192
"""Bytes; whoever says more than that first asks for something else."""
_END = b"\r\n\r\n"


class Ear:
    """What the terminal says first, heard only until it is clear what it asks for."""

    def __init__(self) -> None:
        self._head: bytes | None = b""
        self.heard_push = False

    @property
    def is_listening(self) -> bool:
        return self._head is not None

    def hear(self, data: bytes) -> None:
        if self._head is None:
            return
        self._head += data[:LONGEST_HEAD]
        if is_whole(self._head):
            self.heard_push, self._head = asks_for_push(self._head), None


def is_whole(head: bytes) -> bool:
    """Whether more would tell nothing new."""
    return _END in head or len(head) >= LONGEST_HEAD


def asks_for_push(head: bytes) -> bool:
    """head: the first bytes of the connection. It decides only how long the terminal may wait, not what passes."""
    request, _, headers = head.partition(_END)[0].partition(b"\r\n")
    if _END not in head or not request.startswith(b"GET "):
        return False
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"upgrade" and value.strip().lower() == b"websocket":
            return True
    return False
