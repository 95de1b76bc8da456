"""Codes of an authenticator application: TOTP (RFC 6238), SHA-1, six digits, a new one each 30 s.

For a process of its own (`control.apart`).
"""

from __future__ import annotations

import base64
import os
import re
import unicodedata

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from appliance.access import qr

STEP = 30
"""Seconds."""
AROUND = 1
"""Steps before and after the present one that are taken too: the telephone's clock, and slow fingers."""
_CODE = re.compile(r"[0-9]{6}")


def begin(issuer: str, name: str) -> dict[str, str]:
    """A new secret (base32), its address for applications (otpauth), and that as a QR code: path and side."""
    secret = os.urandom(20)
    uri = _totp(secret).get_provisioning_uri(name, issuer)
    path, size = qr.path(uri)
    return {"secret": base64.b32encode(secret).decode("ascii"), "uri": uri, "qr": path, "qr_size": str(size)}


def accepted(secret: str, code: str, at: float, after: int) -> int | None:
    """The step that `code` stands for; None: it is wrong, or of a step that was used already.

    secret: base32. at: seconds since 1970. after: the last step that was accepted, 0 for none: each works once.
    """
    # NFKC: a Japanese keyboard may have typed full-width digits.
    digits = unicodedata.normalize("NFKC", code).replace(" ", "")
    if _CODE.fullmatch(digits) is None:
        return None
    totp = _totp(base64.b32decode(secret))
    now = int(at) // STEP
    for step in range(max(now - AROUND, after + 1), now + AROUND + 1):
        try:
            totp.verify(digits.encode("ascii"), step * STEP)
        except InvalidToken:
            continue
        return step
    return None


def _totp(secret: bytes) -> TOTP:
    # SHA-1 is what every application understands; HMAC does not need it to be free of collisions (RFC 6238).
    return TOTP(secret, 6, SHA1(), STEP)  # noqa: S303
