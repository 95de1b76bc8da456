"""What was last applied: what a restart goes back to.

One file for the account and the settings, so that a power cut can never pair an account with
settings that were not applied with it. What was imported or edited since is somewhere else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance import paths
from appliance.errors import SekishoError
from appliance.files import write_atomically


@dataclass(frozen=True, slots=True)
class InForce:
    """account: as the account store keeps it, its secrets sealed. site: the text, as the vendor wrote it."""

    account: str
    site: str


def write(applied: InForce, path: Path = paths.IN_FORCE) -> None:
    write_atomically(path, json.dumps(asdict(applied), ensure_ascii=False) + "\n")


def read(path: Path = paths.IN_FORCE) -> InForce | None:
    """None before the first apply. SekishoError: there is something, but it is not what we wrote."""
    try:
        document = json.loads(path.read_bytes())
        return InForce(str(document["account"]), str(document["site"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        raise SekishoError(
            "control.in-force-damaged",
            f"反映された設定の控え {path} を読めませんので、「sekisho apply」でもう一度反映してください。",
            f'the record {path} of what is in force cannot be read; apply again with "sekisho apply".',
        ) from None
