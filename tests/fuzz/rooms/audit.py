"""A line of the audit record that somebody may have changed."""

from __future__ import annotations

from contextlib import suppress

from appliance.audit.chain import Head, verify
from appliance.audit.entry import decode, encode
from tests.fuzz.target import target


@target(longest=1024, words=('"number":', '"actor":', '"role":', '"subject":{', '"outcome":', '"before":"'))
def line(data: bytes) -> None:
    """What is read as an entry is, byte for byte, what would be written; and verification always comes to an end."""
    with suppress(ValueError):
        assert encode(decode(data)) == data
    verify([("file", data), ("file", data)], Head())
