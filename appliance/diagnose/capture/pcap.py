"""The file that every analyser reads (draft-ietf-opsawg-pcap): microseconds, little-endian. Bytes only."""

from __future__ import annotations

import struct

ETHERNET, RAW_IP = 1, 101
"""LINKTYPE_ETHERNET and LINKTYPE_RAW (https://www.tcpdump.org/linktypes.html)."""
LONGEST = 65535
"""Bytes of one packet that are ever kept."""
HEAD = 24
RECORD_HEAD = 16


def head(link_type: int) -> bytes:
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, LONGEST, link_type)


def record(at_ns: int, kept: bytes, length: int) -> bytes:
    """at_ns: Unix nanoseconds. length: that the packet had on the wire."""
    seconds, rest = divmod(at_ns, 1_000_000_000)
    return struct.pack("<IIII", seconds & 0xFFFFFFFF, rest // 1000, len(kept), length) + kept
