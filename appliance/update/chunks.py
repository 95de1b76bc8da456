"""Where a file is cut into chunks: by what stands in it, so that what did not change is the same chunk in two versions.

A squashfs packs compressed blocks byte by byte: one that grows moves everything behind it, and pieces of a fixed size
would all be new from there on. A cut after a certain mark moves with the bytes. In compressed data, which looks like
noise, a mark of two bytes comes at a rate that is known; looking for it costs no Python for each byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SHORTEST, LONGEST = 32 << 10, 256 << 10
"""Bytes of a chunk; the last of a file may be shorter. With the mark, 64 KiB on average in what is compressed."""
_MARK = re.compile(rb"[\x5a\xa5]\x5a")


def cut(data: bytes | memoryview) -> Iterator[tuple[int, int]]:
    """First and last-but-one position of each chunk of `data`, in order. The same data, the same cuts."""
    start, size = 0, len(data)
    while start < size:
        end = min(start + LONGEST, size)
        found = _MARK.search(data, start + SHORTEST - 2, end) if end - start > SHORTEST else None
        end = found.end() if found else end
        yield start, end
        start = end
