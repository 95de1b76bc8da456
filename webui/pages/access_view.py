"""Pure: what the local API says of log-ins → what the templates print, in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from appliance.text import Language
from webui.times import full, moment
from webui.words.access import PASSWORD_HINT, ROLES, WORDS


def role(name: str, language: Language) -> str:
    return ROLES[name].in_language(language) if name in ROLES else name


def person(role_name: str, name: str, language: Language) -> str:
    """Whoever did something. name: of the log-in, empty where there was none."""
    return " ".join(part for part in (role(role_name, language), name) if part)


def hint(second: Mapping[str, Any], language: Language) -> str:
    return PASSWORD_HINT[_has_second(second)].in_language(language)


def factors(second: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """what: how the local API calls it."""
    found = [{"what": "totp", "title": WORDS["totp"].in_language(language), "about": ""}] if second["totp"] else []
    return found + [
        {"what": key["id"], "title": key["label"], "about": f"{key['host']} · {full(moment(key['added']), language)}"}
        for key in second["keys"]
    ]


def sessions(listed: Sequence[Mapping[str, Any]], language: Language) -> tuple[str, list[dict[str, str]]]:
    """The one that asks, in words, and all others; id: how the local API calls one."""

    def about(one: Mapping[str, Any]) -> str:
        words = WORDS["session_here" if one["here"] else "session_elsewhere"].in_language(language)
        began, seen = (full(moment(one[name]), language) for name in ("began", "seen"))
        return words.format(address=one["address"], began=began, seen=seen)

    here = [about(one) for one in listed if one["here"]]
    return "".join(here), [{"id": one["id"], "about": about(one)} for one in listed if not one["here"]]


def people(accounts: Sequence[Mapping[str, Any]], language: Language) -> list[dict[str, str]]:
    def about(one: Mapping[str, Any]) -> str:
        second = WORDS["second_there" if _has_second(one["second"]) else "second_missing"]
        made = WORDS["made"].in_language(language).format(time=full(moment(one["made"]), language))
        first = [WORDS["first_still"].in_language(language)] if one["first"] else []
        return " · ".join([role(one["role"], language), *first, second.in_language(language), made])

    return [{"name": one["name"], "about": about(one)} for one in accounts]


def until(iso: str, language: Language) -> str:
    return WORDS["until"].in_language(language).format(time=full(moment(iso), language)) if iso else ""


def in_groups(secret: str) -> str:
    """As people type it."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _has_second(second: Mapping[str, Any]) -> bool:
    return bool(second["totp"] or second["keys"])
