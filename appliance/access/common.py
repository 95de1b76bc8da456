"""The commonest passwords, which are tried first by whoever guesses (OWASP ASVS 5.0, 6.2.4).

The list is made by scripts/common_passwords.py, which names its source. It is read when somebody chooses a password,
and not kept: the daemon carries nothing of it.
"""

from __future__ import annotations

import zlib
from pathlib import Path

FILE = Path(__file__).with_name("common-passwords.gz")
_GZIP = 31
"""Window bits of zlib for a file with the header of gzip (zlib.h, inflateInit2)."""


def is_common(folded: str) -> bool:
    """folded: as passwords are compared (`passwords.tidy`), and in small letters."""
    return f"\n{folded}\n" in listed()


def listed() -> str:
    """One in a line, between line feeds."""
    return zlib.decompress(FILE.read_bytes(), _GZIP).decode()
