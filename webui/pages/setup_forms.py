"""Pure: between what is typed into the wizard's forms and the sections of the settings.

A field left empty is a setting not written; whether what was typed can be used is the daemon's judgement alone.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Form = Mapping[str, str]
Values = Mapping[str, Any]

LINE_KINDS: Mapping[str, tuple[str, ...]] = {
    "dhcp": (),
    "static": ("address", "gateway", "dns"),
    "pppoe": ("user", "mtu"),
    "ipoe": (),
    "ds-lite": ("aftr",),
    "map-e": ("br", "rule_ipv6", "rule_ipv4", "ea_bits"),
}
"""What is asked for a line of each kind, beside its port and its speed."""
LINE_PASSWORD = "password"  # noqa: S105 - the field's name
"""Typed on the same form, kept apart from the settings."""
UPDATES: Values = {"automatic": True, "hours": "2:00-5:00", "days_off": "1-10"}
"""What holds of the section ``update`` where nothing is written."""
BLANK_ROWS = 3
"""Room on the form for terminals that nobody has found."""
MOST_TERMINALS = 200
"""Rows that a form may have."""
TERMINAL_FIELDS = ("label", "name", "mac", "address", "internet_minutes")

_NUMBERS = frozenset({"upload_mbit", "mtu", "ea_bits", "lease_hours", "internet_minutes"})


def line(form: Form, before: Values) -> dict[str, Any]:
    """The section ``wan``. before: as written now, of which what no form asks for stays when the kind does."""
    kind = form.get("kind", "").strip()
    asked = ("interface", "upload_mbit", *LINE_KINDS.get(kind, ()))
    kept = {key: value for key, value in before.items() if before.get("kind") == kind and key not in asked}
    values = {**kept, "kind": kind, **_filled(form, asked)}
    if "dns" in values:
        values["dns"] = values["dns"].replace(",", " ").replace("、", " ").split()
    return values


def proposed_line(toml: str) -> dict[str, Any] | None:
    """What ``line.find`` says to write below the name of the line's table; None when that is not it."""
    try:
        values = tomllib.loads(toml)
    except tomllib.TOMLDecodeError:
        return None
    # In brackets stands where a person finds it; the field is left for him to fill.
    return {key: value for key, value in values.items() if not (isinstance(value, str) and value.startswith("（"))}


def lan(form: Form, before: Values) -> dict[str, Any]:
    """The section ``lan``; addresses are handed out where the box is ticked."""
    values = {**before, **{key: form.get(key, "").strip() for key in ("interface", "address", "name")}}
    values = {key: value for key, value in values.items() if value not in ("", None)}
    values.pop("dhcp", None)
    if form.get("dhcp"):
        # Left empty it is a mistake that the daemon explains, not a table without its ends.
        values["dhcp"] = {"first": form.get("first", "").strip(), "last": form.get("last", "").strip()}
        values["dhcp"] |= _filled(form, ("lease_hours",))
    return values


def terminals(form: Form, before: Sequence[Values]) -> list[dict[str, Any]]:
    """The section ``terminals``: one for each row in which anything stands, in the rows' order, unless it is to go.

    before: as written now; what the form does not ask about a terminal stays with its name.
    """
    known = {terminal.get("name"): terminal for terminal in before}
    found = []
    for row in range(MOST_TERMINALS):
        if form.get(f"remove-{row}") or (f"found-{row}" in form and not form.get(f"take-{row}")):
            continue
        values = _filled({key: form.get(f"{key}-{row}", "") for key in TERMINAL_FIELDS}, TERMINAL_FIELDS)
        if not values:
            continue
        rest = known.get(form.get(f"was-{row}", ""), {})
        found.append({**{key: value for key, value in rest.items() if key not in TERMINAL_FIELDS}, **values})
    return found


def vendor(form: Form, _: Values) -> dict[str, Any] | None:
    """The section ``vendor``; None when nothing was typed."""
    return _filled(form, ("name", "phone")) or None


def update(form: Form, before: Values) -> dict[str, Any]:
    """The section ``update``. Days left empty are written so: unwritten, those of receipt closing would hold."""
    clocks = [form.get(end, "").strip() for end in ("first", "last")]
    # As they are written by hand in Japanese: full-width figures, 〜 and 、.
    days = unicodedata.normalize("NFKC", form.get("days_off", "")).replace("、", ",").strip()
    values = {
        **before,
        "automatic": bool(form.get("automatic")),
        "hours": "-".join(clocks),
        "days_off": re.sub("[〜~]", "-", days),
    }
    return values if any(clocks) else {key: value for key, value in values.items() if key != "hours"}


def _filled(form: Form, fields: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields:
        text = form.get(field, "").strip()
        if text:
            values[field] = _number(text) if field in _NUMBERS else text
    return values


def _number(text: str) -> int | str:
    """What is no number stays as it was typed, and is refused with the words of the setting."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text


SECTIONS: Mapping[str, Callable[[Form, Any], Any]] = {
    "wan": line,
    "lan": lan,
    "terminals": terminals,
    "vendor": vendor,
    "update": update,
}
"""The sections that have a form; see `setup_view.STEPS` for those that the wizard asks for."""
