"""Reads accounts and settings: for `apart`, in whose process alone their validators and parsers are imported."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.account import kept, revocation, trust
from appliance.account.inspect import expiry_dates, list_dates, redacted
from appliance.account.model import Access as AccountAccess
from appliance.account.model import Account
from appliance.account.model import KeyPair as AccountKeyPair
from appliance.account.seal import SystemdCreds
from appliance.account.store import AccountStore
from appliance.account.trust_store import TrustStore
from appliance.control.in_force import InForce
from appliance.control.ready import AccountView, Ready, SiteView, Terminal, Terms, Vouched, Wanted
from appliance.errors import SekishoError
from appliance.gate.access import LEVELS, Access, Rule
from appliance.gate.config import KeyPair
from appliance.intent.compile import compile as compile_intent
from appliance.site import edit, load
from appliance.site.model import Site
from appliance.text import Text
from appliance.update.window import Hours


def wanted(account: str, site_file: Path) -> Wanted:
    """account: as kept. SekishoError: one of the two is bad."""
    return opened(InForce(account, load.read(site_file)))


def opened(what: InForce) -> Wanted:
    """SekishoError: it cannot be opened any more, or was never right."""
    account = trust.applied(_accounts().open(what.account), _trust().load())
    return Wanted(ready(account, load.parse(what.site)), what)


def ready(account: Account, site: Site) -> Ready:
    return Ready(_account_view(account), _site_view(site), compile_intent(account, site))


def import_account(data: bytes, code: str) -> dict[str, Any]:
    """The redacted account. SekishoError: refused, and the previous account stays."""
    now = datetime.now(UTC)
    return redacted(_accounts().import_sealed(data, code, now), now)


def take_trust(signed: bytes) -> tuple[dict[str, Any], bool]:
    """The list without its signature, and whether it is another than before. SekishoError: the one before stays."""
    text = kept.read(paths.ACCOUNT)
    found, is_other = _trust().take(signed, kept.decode(text).mark.clinic if text else None)
    return trust.summary(found), is_other


def trust_shown() -> dict[str, Any] | None:
    """The newest list, None before the first."""
    found = _trust().load()
    return None if found is None else trust.summary(found)


def account_shown() -> dict[str, Any] | None:
    """The account that was imported last without its secrets; None before the first."""
    account = _accounts().load()
    return None if account is None else redacted(account, datetime.now(UTC))


def draft(site_file: Path) -> dict[str, Any]:
    """The settings as edited, see `site.edit.Draft`; empty where there is no file. SekishoError: unreadable."""
    return edit.judged(_site_text(site_file)).as_dict()


def edited_draft(site_file: Path, section: str, value: Any) -> tuple[dict[str, Any], str]:
    """The draft with this section replaced, and the text before; nothing is written. SekishoError: refused."""
    before = _site_text(site_file)
    return edit.edited(before, section, value).as_dict(), before


def _site_text(site_file: Path) -> str:
    return load.read(site_file) if site_file.exists() else ""


def edited_line() -> tuple[str, tuple[IPv4Network, ...]] | None:
    """The first line's port and the clinic's networks in the settings as edited, which may be missing or unfinished
    (None)."""
    try:
        site = load.load(paths.SITE)
    except SekishoError:
        return None
    segments = (segment.address.network for segment in site.segments)
    behind = (route.to for route in site.routes)
    return site.wan.interface, (site.lan.address.network, *segments, *behind)


def planned_lan() -> tuple[str, IPv4Interface] | None:
    """The LAN's port and address in the settings as edited, which may be missing or unfinished (None)."""
    try:
        lan = load.load(paths.SITE).lan
    except SekishoError:
        return None
    return lan.interface, lan.address


def _trust() -> TrustStore:
    return TrustStore(paths.TRUST, paths.DESK_KEYS)


def _accounts() -> AccountStore:
    return AccountStore(paths.ACCOUNT, SystemdCreds(), paths.DESK_KEYS)


def _account_view(account: Account) -> AccountView:
    return AccountView(
        clinic_name=Text(account.clinic.name.ja, account.clinic.name.en),
        serial=account.serial,
        not_before=account.not_before,
        expires=account.expires,
        ends=tuple(expiry_dates(account)),
        services=tuple(
            Terms(
                service.name,
                service.pins,
                _pair(service.presented) if service.presented else None,
                service.protocol,
                _access(service.access) if service.access else None,
            )
            for service in account.services
        ),
        trust_anchors=account.trust_anchors,
        terminal_anchors=account.terminal_anchors,
        identity=_pair(account.identity),
        revoked=revocation.marks(account.revocations),
        lists=tuple(list_dates(account)),
        trust_url=account.trust_url,
        measure_url=account.measure_url,
        firmware_url=account.firmware_url,
        trust_serial=account.trust_serial,
        maintainers=tuple((one.name, Text(one.title.ja, one.title.en)) for one in account.maintainers),
        page=Vouched(_pair(account.page), account.page.names) if account.page else None,
    )


def _site_view(site: Site) -> SiteView:
    return SiteView(
        language=site.language,
        vendor=(site.vendor.name, site.vendor.phone) if site.vendor else None,
        terminals=tuple(
            Terminal(
                terminal.name,
                terminal.label,
                terminal.mac,
                terminal.address,
                terminal.internet_minutes,
                LEVELS[terminal.access] if terminal.access else None,
            )
            for terminal in site.terminals
        ),
        switch_by_page=site.page.switch_terminals,
        by_address=frozenset(choice.name for choice in site.services if choice.by_address),
        update=Hours(site.update.automatic, site.update.first, site.update.last, site.update.days),
        maintenance={choice.terminal: choice.minutes for choice in site.maintenance},
        allowed={choice.name: frozenset(choice.terminals) for choice in site.services if choice.terminals},
    )


def _access(granted: AccountAccess) -> Access:
    return Access(
        LEVELS[granted.default],
        {name: LEVELS[word] for name, word in granted.certificates.items()},
        {},
        tuple(Rule(frozenset(rule.methods), rule.path) for rule in granted.reference),
    )


def _pair(pair: AccountKeyPair) -> KeyPair:
    return KeyPair(pair.certificate, pair.key.get_secret_value())
