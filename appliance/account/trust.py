"""Trust lists: what the data center says, between two accounts, about pins and certificates that were taken back.

One list is for all clinics, or for one. It is signed like an account, holds no secret, and each replaces the one with
the smaller serial. It takes effect at once: it can close a way, and open one to a new key of the same engine, but it
changes neither names nor addresses nor what else is trusted.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from appliance.account import certificates, revocation, structure
from appliance.account.document import TRUST
from appliance.account.model import (
    CLINIC_ID_PATTERN,
    LARGEST_SERIAL,
    Account,
    HostName,
    Moment,
    Part,
    Pin,
    refused,
    repeated,
)
from appliance.errors import SekishoError


class TrustList(Part):
    """clinic: None for all. pins: by the engine's host name, instead of the account's. revocations: PEM."""

    format: Literal[1]
    serial: Annotated[int, Field(ge=1, le=LARGEST_SERIAL)]
    issuer: Annotated[str, Field(min_length=1)]
    issued_at: Moment
    clinic: Annotated[str, Field(pattern=CLINIC_ID_PATTERN)] | None = None
    pins: dict[HostName, Annotated[tuple[Pin, ...], Field(min_length=2)]] = Field(default_factory=dict)
    revocations: str = ""

    @model_validator(mode="after")
    def _reserve_keys_are_others(self) -> Self:
        for host, pins in self.pins.items():
            if repeated(pins):
                raise refused(
                    f"の pins に、{host} の同じピンが2回あります。予備の鍵のピンを入れてください",
                    f"lists the same pin of {host} twice, where the second must be that of a reserve key",
                )
        return self


def from_json(payload: bytes) -> TrustList:
    """Raises `trust.malformed`, `trust.newer-format`."""
    found = structure.read(TrustList, payload, TRUST)
    try:
        revocation.parse(found.revocations)
    except ValueError:
        raise structure.malformed("revocations", revocation.UNREADABLE, TRUST) from None
    return found


def refuse_older(new: TrustList, payload: bytes, kept: tuple[TrustList, bytes] | None, clinic: str | None) -> None:
    """Raises `trust.other-clinic`, `trust.older-serial`. payload: of `new`; kept: the list in force, and its own.

    clinic: this router's, None before its first account.
    """
    if None not in (new.clinic, clinic) and new.clinic != clinic:
        raise SekishoError(
            "trust.other-clinic",
            f"この信頼リストは医院「{new.clinic}」のもので、このルーターの「{clinic}」のものではありません。",
            f"This trust list is for the clinic {new.clinic}, but this router belongs to {clinic}.",
        )
    if kept is None or new.serial > kept[0].serial or payload == kept[1]:
        return
    raise SekishoError(
        "trust.older-serial",
        f"この信頼リスト（番号 {new.serial}）は、今のもの（番号 {kept[0].serial}）より新しくありません。"
        "最も新しいものを使ってください。",
        f"This trust list (serial {new.serial}) is not newer than the one in force (serial {kept[0].serial}): "
        "use the newest.",
    )


def applied(account: Account, trust: TrustList | None) -> Account:
    """The account as it is to be understood with this list. Lists of CAs that are not the account's are left out."""
    if trust is None or trust.serial <= account.trust_serial or trust.clinic not in (None, account.clinic.id):
        return account
    services = tuple(
        service.model_copy(update={"pins": trust.pins.get(service.host, service.pins)}) for service in account.services
    )
    anchors = certificates.parse(account.trust_anchors) + certificates.parse(account.terminal_anchors)
    added = revocation.only_of(trust.revocations, anchors)
    update = {"services": services, "revocations": account.revocations + added, "trust_serial": trust.serial}
    return account.model_copy(update=update)


def summary(trust: TrustList) -> dict[str, object]:
    """JSON-ready, for people and programs."""
    return {
        "serial": trust.serial,
        "issuer": trust.issuer,
        "issued_at": trust.issued_at.isoformat(),
        "clinic": trust.clinic,
        "pins": {host: list(pins) for host, pins in trust.pins.items()},
        "revocations": revocation.summary(trust.revocations),
    }
