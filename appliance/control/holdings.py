"""What this router has been given: the account, the settings, and the intent that follows from both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance import paths
from appliance.account.model import Account
from appliance.account.seal import SystemdCreds
from appliance.account.store import AccountStore
from appliance.errors import SekishoError
from appliance.intent.compile import compile as compile_intent
from appliance.intent.model import RouterIntent
from appliance.site import load, store
from appliance.site.model import Site


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything that a working router needs."""

    account: Account
    site: Site
    intent: RouterIntent


@dataclass(frozen=True, slots=True)
class Holdings:
    """What there is so far."""

    account: Account | None = None
    site: Site | None = None

    def ready(self) -> Ready | None:
        """None until there is both. SekishoError (``intent.*``): they cannot work together."""
        if self.account is None or self.site is None:
            return None
        return Ready(self.account, self.site, compile_intent(self.account, self.site))


def accounts() -> AccountStore:
    return AccountStore(paths.ACCOUNT, SystemdCreds(), paths.DESK_KEYS)


def in_force() -> Holdings:
    """What a restart goes back to: the account and the settings last applied."""
    text = store.in_force()
    return Holdings(accounts().load(), None if text is None else load.parse(text))


def wanted(site_file: Path = paths.SITE) -> tuple[Ready, str]:
    """What an apply would bring into force, and the text of its settings. SekishoError: something is missing or bad."""
    account = accounts().load()
    if account is None:
        raise no_account()
    text = load.read(site_file)
    site = load.parse(text)
    return Ready(account, site, compile_intent(account, site)), text


def no_account() -> SekishoError:
    return SekishoError(
        "control.no-account",
        "接続アカウントがまだありません。「sekisho account import ファイル名」で取り込んでください。",
        'there is no connection account yet; bring it in with "sekisho account import FILE".',
    )


def import_account(data: bytes, code: str) -> Account:
    """Blocking (key derivation, systemd-creds). SekishoError: refused, and the previous account stays."""
    return accounts().import_sealed(data, code, datetime.now(UTC))
