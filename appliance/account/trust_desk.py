"""The data center's desk: from a request to a signed trust list."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from joserfc.jwk import OKPKey

from appliance.account import envelope, request, trust
from appliance.account.document import TRUST
from appliance.errors import SekishoError
from appliance.files import write_atomically


def issue(request_file: Path, desk: OKPKey, out: Path, now: datetime) -> None:
    """Make the list that `request_file` asks for and write it to `out`.

    now: aware. Raises what `request.to_json` and `trust.from_json` raise, and `trust.already-issued`.
    """
    payload = request.to_json(request_file, {"format": 1, "issued_at": now.replace(microsecond=0)})
    trust.from_json(payload)
    if out.exists():
        raise SekishoError(
            "trust.already-issued",
            f"{out} はもうあります。別の名前にしてください。",
            f"{out} exists already: choose another name.",
        )
    write_atomically(out, envelope.sign(payload, desk, TRUST) + "\n", mode=0o644)
