"""Security keys: WebAuthn (W3C, level 2) by the library webauthn. For a process of its own (`control.apart`).

origin: where the page was visited, ``https://HOST``. A key works for the host under which it was added and for no
other; a host that is an address (RFC 6454) can have none.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from appliance.errors import SekishoError

TIMEOUT = 120_000
"""Milliseconds that a browser waits for a key."""


def to_add(origin: str, name: str, user: str, present: list[str]) -> dict[str, Any]:
    """What a browser needs to make a key. user, present (ids of the keys that are there): base64url."""
    options = webauthn.generate_registration_options(
        rp_id=_host(origin),
        rp_name="Sekisho",
        user_name=name,
        user_id=base64url_to_bytes(user),
        timeout=TIMEOUT,
        exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(key)) for key in present],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=UserVerificationRequirement.DISCOURAGED
        ),
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def added(answer: dict[str, Any], challenge: str, origin: str) -> dict[str, Any]:
    """Raises SekishoError ``access.key-refused``."""
    try:
        found = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(origin),
            expected_origin=origin,
        )
    except _WRONG:
        raise _refused() from None
    return {
        "id": bytes_to_base64url(found.credential_id),
        "public": bytes_to_base64url(found.credential_public_key),
        "count": found.sign_count,
        "host": _host(origin),
    }


def to_prove(origin: str, present: list[str]) -> dict[str, Any]:
    """What a browser needs to ask for one of the keys `present`."""
    options = webauthn.generate_authentication_options(
        rp_id=_host(origin),
        timeout=TIMEOUT,
        allow_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(key)) for key in present],
        user_verification=UserVerificationRequirement.DISCOURAGED,
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def proven(answer: dict[str, Any], challenge: str, origin: str, public: str, count: int) -> int | None:
    """How often the key has been used, as it says; None: it has not proven anything."""
    try:
        found = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(origin),
            expected_origin=origin,
            credential_public_key=base64url_to_bytes(public),
            credential_current_sign_count=count,
        )
    except _WRONG:
        return None
    return found.new_sign_count


_WRONG = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, IndexError)
"""What the library raises, by its own word and by what it stumbles over in an answer that is none."""


def _host(origin: str) -> str:
    return urlsplit(origin).hostname or ""


def _refused() -> SekishoError:
    return SekishoError(
        "access.key-refused",
        "セキュリティキーの応答を確かめられなかったので、もう一度登録してください。",
        "The security key's answer could not be verified: add it again.",
    )
