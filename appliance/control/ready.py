"""What a working router knows of its account and its settings, as plain values.

Reading both takes a validator and a reader of certificates, which together weigh more than the rest of the
daemon: that is done in a process of its own (`opening`), and what it found is this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address

from appliance.control.in_force import InForce
from appliance.gate.access import Access, Level
from appliance.gate.config import KeyPair
from appliance.intent.model import RouterIntent
from appliance.text import Language, Text
from appliance.update.window import NIGHT, Hours


@dataclass(frozen=True, slots=True)
class Terms:
    """What the account says of one service. presented: shown to terminals, None where the router speaks no TLS with
    them. protocol: see `gate.config.PROTOCOLS`. access: without what the settings say."""

    name: str
    pins: tuple[str, ...]
    presented: KeyPair | None
    protocol: str = "tls"
    access: Access | None = None


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """The device's own for its page. ends, renew_at: aware. Digests in hexadecimal: of the certificate, and of its
    public key (SubjectPublicKeyInfo), which outlives it."""

    pair: KeyPair
    ends: datetime
    renew_at: datetime
    certificate_sha256: str
    key_sha256: str

    def serves(self, now: datetime) -> bool:
        return now < self.renew_at


@dataclass(frozen=True, slots=True)
class Vouched:
    """The account's certificate for the page, and the names under which the page is to be found by it."""

    pair: KeyPair
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountView:
    """ends: what can run out, and when (aware, UTC); see `account.inspect.expiry_dates`. Anchors are PEM. revoked:
    marks of certificates that their CAs have taken back; see `appliance.pins`. lists: whose lists say so, and when the
    next one of each is due. trust_url: where trust lists are.
    trust_serial: of the newest list whose content is in this, 0 for none. measure_url: where throughput is measured.
    firmware_url: where the newest firmware is. maintainers: name, and what staff call him."""

    clinic_name: Text
    serial: int
    not_before: datetime
    expires: datetime
    ends: tuple[tuple[str, datetime], ...]
    services: tuple[Terms, ...]
    trust_anchors: str
    terminal_anchors: str
    identity: KeyPair
    revoked: frozenset[str] = frozenset()
    lists: tuple[tuple[str, datetime], ...] = ()
    trust_url: str | None = None
    trust_serial: int = 0
    measure_url: str | None = None
    firmware_url: str | None = None
    page: Vouched | None = None
    maintainers: tuple[tuple[str, Text], ...] = ()


@dataclass(frozen=True, slots=True)
class Terminal:
    """As in the settings. internet_minutes None: never. access None: no limit."""

    name: str
    label: str
    mac: str
    address: IPv4Address
    internet_minutes: int | None
    access: Level | None = None


@dataclass(frozen=True, slots=True)
class SiteView:
    """vendor: name and telephone number of whom staff call. by_address: services for terminals without certificates.
    switch_by_page: whoever sees the page may switch terminals.

    update: when the firmware may be updated. maintenance: by name of a terminal that can be opened for it, the minutes
    at most. allowed: by service, names of the terminals that may use it; of those
    that are not in it, all may."""

    language: Language
    vendor: tuple[str, str] | None
    terminals: tuple[Terminal, ...]
    by_address: frozenset[str] = frozenset()
    switch_by_page: bool = False
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    update: Hours = NIGHT
    maintenance: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything that a working router needs."""

    account: AccountView
    site: SiteView
    intent: RouterIntent


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an apply brings into force, and how that is kept for the next start."""

    ready: Ready
    kept: InForce
