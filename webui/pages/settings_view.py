"""Pure: ``site.history`` → what the templates print, in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appliance.text import Language
from webui.pages import access_view
from webui.times import full, moment, short
from webui.words.settings import ENDINGS, ON_TRIAL, WORDS


@dataclass(frozen=True, slots=True)
class Version:
    """when: as people say it now, at: in full. how: what became of it. why: the router's own reason, if any."""

    number: int
    title: str
    when: str
    at: str
    who: str
    how: str
    why: str
    account: str
    in_force: bool


def versions(document: Mapping[str, Any], now: datetime, language: Language) -> tuple[Version, ...]:
    """Newest first."""
    return tuple(_version(one, now, language) for one in document["versions"])


def chosen(found: Sequence[Version], number: int) -> Version | None:
    return next((version for version in found if version.number == number), None)


def before(found: Sequence[Version], number: int) -> int | None:
    """The number of the version that came before."""
    return next((version.number for version in found if version.number < number), None)


def _version(one: Mapping[str, Any], now: datetime, language: Language) -> Version:
    ending = ON_TRIAL if one["trial"] and one["ending"] is None else ENDINGS[one["ending"]]
    how = ending.in_language(language)
    if one["copy_of"] is not None:
        copy = WORDS["back_to"].in_language(language).format(number=one["copy_of"])
        how = f"{how}（{copy}）" if language == "ja" else f"{how} ({copy})"
    began, account = moment(one["began"]), one["account"]
    return Version(
        number=one["number"],
        title=WORDS["version"].in_language(language).format(number=one["number"]),
        when=short(began, now, language),
        at=full(began, language),
        who=access_view.person(one["role"], one["name"], language),
        how=how,
        why=one["reason"][language] if one["reason"] else "",
        account=WORDS["account_number"]
        .in_language(language)
        .format(serial=account["serial"], fingerprint=account["fingerprint"][:8]),
        in_force=one["in_force"],
    )
