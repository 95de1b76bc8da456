"""Passwords at rest: argon2id (RFC 9106), as PHC strings. For a process of its own (`control.apart`)."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY = 19 * 1024
"""KiB. With two passes and one lane what OWASP's Password Storage Cheat Sheet asks at least (19 MiB): a router of
512 MB must be able to spare it beside its work, one check at a time."""
PASSES = 2
LANES = 1
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$MDAwMDAwMDAwMDAwMDAwMA$TZCCCJQw6qE40QoszdZDx3LhW/RG6J0UYvSQtFYYSrQ"


def hashed(password: str) -> str:
    derive = Argon2id(salt=os.urandom(16), length=32, iterations=PASSES, lanes=LANES, memory_cost=MEMORY)
    return derive.derive_phc_encoded(password.encode(errors="replace"))


def matches(password: str, phc: str | None) -> bool:
    """phc None: nobody has such a name, which takes as long to find out as a wrong password."""
    try:
        Argon2id.verify_phc_encoded(password.encode(errors="replace"), phc or _NOBODY)
    except InvalidKey:
        return False
    return phc is not None
