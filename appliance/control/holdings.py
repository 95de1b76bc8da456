"""What this router has been given: the account, the settings, and the intent that follows from both."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any, cast

from appliance import paths
from appliance.account import kept
from appliance.control import apart, in_force
from appliance.control.in_force import InForce
from appliance.control.ready import Ready, Wanted
from appliance.errors import SekishoError

_OPENING = "appliance.control.opening"


def resumed() -> Ready | None:
    """What was applied last, None before the first apply. SekishoError: it cannot be gone on with."""
    found = in_force.read()
    return None if found is None else opened(found).ready


def wanted(site_file: Path = paths.SITE) -> Wanted:
    """What was imported and edited last. SekishoError: something is missing or bad."""
    account = kept.read(paths.ACCOUNT)
    if account is None:
        raise no_account()
    return cast(Wanted, apart.call(_OPENING, "wanted", account, site_file))


def opened(what: InForce) -> Wanted:
    """What was kept, now or earlier. SekishoError: it cannot be opened any more."""
    return cast(Wanted, apart.call(_OPENING, "opened", what))


def has_account() -> bool:
    """Whether one was ever imported."""
    return kept.read(paths.ACCOUNT) is not None


def import_account(data: bytes, code: str) -> dict[str, Any]:
    """The account of the file `data` without its secrets. SekishoError: refused, and the previous account stays."""
    return cast(dict[str, Any], apart.call(_OPENING, "import_account", data, code))


def take_trust(signed: bytes) -> tuple[dict[str, Any], bool]:
    """See `opening.take_trust`. SekishoError: refused, and the list before stays."""
    return cast(tuple[dict[str, Any], bool], apart.call(_OPENING, "take_trust", signed))


def trust_shown() -> dict[str, Any] | None:
    """The newest trust list, None before the first."""
    return cast(dict[str, Any] | None, apart.call(_OPENING, "trust_shown"))


def account_shown() -> dict[str, Any]:
    """The account that was imported last without its secrets. SekishoError: there is none, or it is damaged."""
    shown = apart.call(_OPENING, "account_shown")
    if shown is None:
        raise no_account()
    return cast(dict[str, Any], shown)


def edited_line() -> tuple[str, tuple[IPv4Network, ...]] | None:
    """The first line's port and the clinic's networks in the settings as edited; None: missing or unfinished."""
    return cast(tuple[str, tuple[IPv4Network, ...]] | None, apart.call(_OPENING, "edited_line"))


def planned_lan() -> tuple[str, IPv4Interface] | None:
    """The LAN's port and address in the settings as edited; None: missing or unfinished."""
    return cast(tuple[str, IPv4Interface] | None, apart.call(_OPENING, "planned_lan"))


def no_account() -> SekishoError:
    return SekishoError(
        "control.no-account",
        "接続アカウントがまだありません。「sekisho account import ファイル名」で取り込んでください。",
        'there is no connection account yet; bring it in with "sekisho account import FILE".',
    )
