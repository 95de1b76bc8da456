"""How a PostgreSQL connection begins: with a request in clear text whether TLS may follow.

PostgreSQL: frontend/backend protocol, "SSL Session Encryption" and "Message Formats". Each of the three words has eight
bytes, as long as nothing else has been said; anything else is a start-up without encryption.
"""

from __future__ import annotations

import struct
from enum import Enum

from appliance.gate.reasons import Reason

WORD = 8
"""Bytes."""
YES, NO = b"S", b"N"
ANSWER = 2
"""One byte more than the answer has: what came with it came from somebody outside of TLS (CVE-2021-23222)."""


class Word(Enum):
    """What the client says first. The value is what it says."""

    TLS = struct.pack("!II", WORD, 80877103)
    GSS = struct.pack("!II", WORD, 80877104)
    """Whether GSSAPI may encrypt; after a no it asks for TLS, or goes on without."""
    OTHER = b""


def first_word(data: bytes) -> Word | None:
    """data: the first bytes. None: too few to tell."""
    for word in (Word.TLS, Word.GSS):
        if data == word.value:
            return word
    return None if len(data) < WORD else Word.OTHER


def objection(answer: bytes) -> Reason | None:
    """What speaks against going on to TLS, after `ANSWER` bytes at most of what the server says to the question."""
    if answer == YES:
        return None
    return Reason.NOT_ENCRYPTED if answer else Reason.CONNECTION_CLOSED


def refusal(message: str) -> bytes:
    """An ErrorResponse that every client shows to its user, and with it the end of the connection."""
    fields = {"S": "FATAL", "V": "FATAL", "C": "28000", "M": message}
    body = b"".join(code.encode() + text.encode() + b"\0" for code, text in fields.items()) + b"\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body
