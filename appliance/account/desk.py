"""The data center's desk: from a request to the account file, its letter, and what the concentrators need."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from joserfc.jwk import OKPKey

from appliance.account import certificates, code, envelope, request, structure
from appliance.account.inspect import expiry_dates, public_key
from appliance.account.letter import letter
from appliance.account.model import Account
from appliance.errors import SekishoError
from appliance.files import write_atomically
from appliance.text import Text

_BACKDATED = timedelta(days=1)
"""A router that has not heard from a time server yet may be a little slow."""
_MOST_TUNNELS = 2


@dataclass(frozen=True, slots=True)
class Issued:
    """Paths of what was written. The letter and the concentrators' file are secret (mode 0600).

    concentrator: None without tunnels.
    """

    account_file: Path
    letter: Path
    concentrator: Path | None
    warnings: tuple[Text, ...]


def issue(
    request_file: Path, desk: OKPKey, folder: Path, now: datetime, iterations: int = envelope.ITERATIONS
) -> Issued:
    """Make the account that `request_file` asks for and write it into `folder`.

    now: aware. iterations: PBKDF2 rounds. Raises what `request.to_account_json` and `structure.from_json`
    raise, `account.malformed`, `account.dated` for dates that have passed, `account.already-issued`.
    """
    payload = request.to_account_json(
        request_file,
        request.Defaults(
            not_before=now.replace(microsecond=0) - _BACKDATED,
            wireguard_private_key=_wireguard_private_key(),
            preshared_keys=tuple(_preshared_key() for _ in range(_MOST_TUNNELS)),
        ),
    )
    account = structure.from_json(payload)
    certificates.check(account)
    warnings = _dates(account, now)
    stem = f"{account.clinic.id}-{account.serial}"
    issued = Issued(
        account_file=folder / f"{stem}.sekisho-account",
        letter=folder / f"{stem}.letter.txt",
        concentrator=folder / f"{account.clinic.id}.concentrator.json" if account.tunnels else None,
        warnings=warnings,
    )
    if issued.account_file.exists():
        raise SekishoError(
            "account.already-issued",
            f"{issued.account_file} はもうあります。申込ファイルの serial を大きくしてください。",
            f"{issued.account_file} exists already: raise the serial in the request.",
        )
    activation_code = code.generate()
    sealed = envelope.seal(payload, desk, activation_code, iterations)
    if issued.concentrator is not None:
        write_atomically(issued.concentrator, json.dumps(concentrator(account), indent=2) + "\n")
    write_atomically(issued.letter, letter(account, activation_code, issued.account_file.name))
    # Last: its presence means that the other two are there.
    write_atomically(issued.account_file, sealed, mode=0o644)
    return issued


def concentrator(account: Account) -> dict[str, object]:
    """What each concentrator needs to make this clinic a peer. Holds the pre-shared keys. account: one with tunnels."""
    return {
        "clinic_id": account.clinic.id,
        "serial": account.serial,
        "public_key": public_key(account),
        "inner_address": str(account.tunnels[0].inner_address),
        "tunnels": [
            {
                "name": tunnel.name,
                "concentrator_public_key": tunnel.public_key,
                "peer_address": str(tunnel.peer_address),
                "preshared_key": tunnel.preshared_key.get_secret_value(),
            }
            for tunnel in account.tunnels
        ],
        "bfd": account.bfd.model_dump(),
    }


def _dates(account: Account, now: datetime) -> tuple[Text, ...]:
    """Refuse what has ended already; tell what ends before the account does."""
    warnings = []
    for label, end in expiry_dates(account):
        if end <= now:
            raise SekishoError(
                "account.dated",
                f"{label} の期限（{end:%Y-%m-%d}）が切れています。新しいものに替えてください。",
                f"{label} ended on {end:%Y-%m-%d}: replace it.",
            )
        if end < account.expires:
            warnings.append(
                Text(
                    f"{label} は {end:%Y-%m-%d} に期限が切れます。接続アカウントの期限より先です。",
                    f"{label} ends on {end:%Y-%m-%d}, before the account does.",
                )
            )
    return tuple(warnings)


def _wireguard_private_key() -> str:
    return base64.b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode("ascii")


def _preshared_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode("ascii")
