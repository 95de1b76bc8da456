"""Settings written by a page instead of a person: one section at a time, the rest of the file left as it is.

A draft may be unfinished; what it still lacks is told section by section. Comments of people stay where they are.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from appliance.errors import SekishoError
from appliance.site import keys, load
from appliance.site.checks import Problem
from appliance.site.model import Site

SECTIONS = tuple(Site.model_fields)
"""What can be written by itself: the top of site.toml."""


@dataclass(frozen=True, slots=True)
class Draft:
    """values: the settings as plain values, JSON-ready. problems: what keeps them from being tried, with whole keys."""

    text: str
    values: Mapping[str, Any]
    problems: tuple[Problem, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "toml": self.text,
            "values": self.values,
            "problems": [
                {"section": str(problem.key[0]), "key": keys.written(problem.key), "text": problem.text.as_dict()}
                for problem in self.problems
            ],
        }


def judged(text: str) -> Draft:
    """What a settings file says and lacks. Raises SiteError when it is no TOML."""
    document = load.document(text)
    # Through JSON: what came out of a date is no setting, and its problem says so.
    values = json.loads(json.dumps(document, default=str))
    return Draft(text, values, tuple(load.problems(document)))


def edited(text: str, section: str, value: Any) -> Draft:
    """`text` with this section replaced (None: taken out).

    Raises SekishoError ``site.no-such-section``, ``site.not-written`` (a value that TOML has no form for), or SiteError
    when `text` is no TOML. A value that is merely wrong is written all the same, and its problem told: whether a
    section with problems is kept is the caller's decision.
    """
    if section not in SECTIONS:
        raise SekishoError(
            "site.no-such-section",
            f"{keys.shown(section)} という設定の部分はありませんので、"
            f"{'、'.join(SECTIONS)} のどれかを指定してください。",
            f"there is no part {keys.shown(section)} of the settings; name one of {', '.join(SECTIONS)}.",
        )
    load.document(text)
    try:
        document = tomlkit.parse(text)
        if value is None:
            document.pop(section, None)
        else:
            _put(document, section, value)
        written = tomlkit.dumps(document)
        # What is written must be what was meant, or nothing is changed.
        if tomllib.loads(written).get(section) != value:
            raise ValueError(section)
    except (TOMLKitError, ValueError, TypeError, RecursionError):
        raise SekishoError(
            "site.not-written",
            f"{section} の値を設定ファイルに書けませんので、値を確かめてください。",
            f"the value of {section} cannot be written into the settings; check it.",
        ) from None
    return judged(written)


def _put(document: tomlkit.TOMLDocument, section: str, value: Any) -> None:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        tables = tomlkit.aot()
        for item in value:
            tables.append(_table(item))
        document[section] = tables
        return
    before = document.get(section)
    if isinstance(value, dict) and isinstance(before, tomlkit.items.Table):
        # Key by key, so that what people wrote beside the others stays.
        for key in [key for key in before if key not in value]:
            del before[key]
        for key, inner in value.items():
            if before.get(key) != inner:
                before[key] = _table(inner) if isinstance(inner, dict) else inner
        return
    if isinstance(value, dict):
        document[section] = _table(value)
    else:
        document[section] = value


def _table(values: Mapping[str, Any]) -> tomlkit.items.Table:
    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, _table(value) if isinstance(value, dict) else value)
    return table
