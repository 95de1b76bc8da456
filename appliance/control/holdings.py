"""What this router has been given: the account, the settings, and the intent that follows from both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance import paths
from appliance.account.model import Account
from appliance.account.seal import SystemdCreds
from appliance.account.store import AccountStore
from appliance.control import in_force
from appliance.control.in_force import InForce
from appliance.errors import SekishoError
from appliance.intent.compile import compile as compile_intent
from appliance.intent.model import RouterIntent
from appliance.site import load
from appliance.site.model import Site


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything that a working router needs."""

    account: Account
    site: Site
    intent: RouterIntent


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an apply brings into force, and how that is kept for the next start."""

    ready: Ready
    kept: InForce


def accounts() -> AccountStore:
    return AccountStore(paths.ACCOUNT, SystemdCreds(), paths.DESK_KEYS)


def resumed() -> Ready | None:
    """What was applied last, None before the first apply. SekishoError: it cannot be gone on with."""
    kept = in_force.read()
    return None if kept is None else opened(kept).ready


def wanted(site_file: Path = paths.SITE) -> Wanted:
    """What was imported and edited last. SekishoError: something is missing or bad."""
    account = accounts().kept()
    if account is None:
        raise no_account()
    return opened(InForce(account, load.read(site_file)))


def opened(kept: InForce) -> Wanted:
    """What was kept, now or earlier. SekishoError: it cannot be opened any more."""
    account, site = accounts().open(kept.account), load.parse(kept.site)
    return Wanted(Ready(account, site, compile_intent(account, site)), kept)


def no_account() -> SekishoError:
    return SekishoError(
        "control.no-account",
        "接続アカウントがまだありません。「sekisho account import ファイル名」で取り込んでください。",
        'there is no connection account yet; bring it in with "sekisho account import FILE".',
    )
