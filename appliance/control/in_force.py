"""What was last applied: what a restart goes back to.

One file for the account and the settings, so that a power cut can never pair an account with
settings that were not applied with it. What was imported or edited since is somewhere else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from appliance import paths
from appliance.errors import SekishoError
from appliance.files import write_atomically
from appliance.site import schema


@dataclass(frozen=True, slots=True)
class InForce:
    """account: as the account store keeps it, its secrets sealed. site: the text, as the vendor wrote it."""

    account: str
    site: str


def write(applied: InForce, path: Path = paths.IN_FORCE) -> None:
    """In every form that the settings have had: what the version before this one comes back to is among them."""
    document = {
        "account": applied.account,
        # Where the first form's readers look.
        "site": schema.lowered(applied.site, 1),
        "sites": {str(number): schema.lowered(applied.site, number) for number in range(2, schema.SCHEMA + 1)},
    }
    write_atomically(path, json.dumps(document, ensure_ascii=False) + "\n")


def read(path: Path = paths.IN_FORCE) -> InForce | None:
    """None before the first apply. SekishoError: there is something, but it is not what we wrote."""
    try:
        document = json.loads(path.read_bytes())
        forms = {1: document["site"]} | {int(number): text for number, text in document.get("sites", {}).items()}
        newest = max(number for number in forms if number <= schema.SCHEMA)
        return InForce(str(document["account"]), schema.raised(str(forms[newest]), newest))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise SekishoError(
            "control.in-force-damaged",
            f"反映された設定の控え {path} を読めませんので、「sekisho apply」でもう一度反映してください。",
            f'the record {path} of what is in force cannot be read; apply again with "sekisho apply".',
        ) from None
