"""Reads a profile, strictly: a mistyped key would otherwise leave a lamp dark on a thousand machines. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from appliance.errors import SekishoError
from appliance.hardware.model import Button, Cards, Lamp, Match, PortRule, Profile, Role

LIGHTS = ("router", "line", "tunnel", "engine", "certificates", "push")
"""The page's lights, by name."""
EVERYTHING = "everything"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_MODULE = re.compile(r"[A-Za-z0-9_]{1,55}")
_LED = re.compile(r"[A-Za-z0-9_.:-]{1,63}")
"""What may stand in a path below /sys/class/leds: no slash, so never another place."""
_HIGHEST_CODE = 0x2FF
"""KEY_MAX (linux/input-event-codes.h)."""

_T = TypeVar("_T")


def parse(text: str, name: str) -> Profile:
    """name: of the file, without ``.toml``. Raises SekishoError ``hardware.bad-profile``: which key, and why."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse(name, str(error))
    return _Reader(name).profile(document)


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name

    def profile(self, table: Mapping[str, Any]) -> Profile:
        if _NAME.fullmatch(self._name) is None:
            _refuse(self._name, "the file's name: small letters, digits and dashes")
        self._only(table, "", "title", "match", "ports", "lamps", "reset", "modules", "watchdog")
        ports = self._each(table, "ports", self._port)
        if sum(port.role is Role.LAN for port in ports) != 1:
            _refuse(self._name, 'ports: exactly one has role = "lan"')
        if len({(port.driver, port.number) for port in ports}) < len(ports):
            _refuse(self._name, "ports: the same driver and number twice")
        lamps = self._each(table, "lamps", self._lamp)
        leds = [led for lamp in lamps for led in (lamp.green, lamp.amber, lamp.red) if led]
        if len(set(leds)) < len(leds):
            _refuse(self._name, "lamps: the same LED twice")
        return Profile(
            name=self._name,
            title=self._text(table, "", "title"),
            match=self._match(self._table(table, "match")),
            ports=ports,
            lamps=lamps,
            reset=self._button(self._table(table, "reset")) if "reset" in table else None,
            modules=self._texts(table, "", "modules", _MODULE),
            watchdog=self._text(table, "", "watchdog", _MODULE) if "watchdog" in table else "",
        )

    def _match(self, table: Mapping[str, Any]) -> Match:
        self._only(table, "match", "vendor", "product", "cards")
        cards = None
        if "cards" in table:
            given = self._table(table, "cards", "match.")
            self._only(given, "match.cards", "driver", "count")
            driver = self._text(given, "match.cards", "driver", _MODULE)
            cards = Cards(driver, self._number(given, "match.cards", "count", 16))
        found = Match(self._texts(table, "match", "vendor"), self._texts(table, "match", "product"), cards)
        if found == Match((), (), None):
            _refuse(self._name, "match: vendor, product or cards")
        return found

    def _port(self, table: Mapping[str, Any], where: str) -> PortRule:
        self._only(table, where, "role", "driver", "number", "label")
        role = self._text(table, where, "role")
        if role not in tuple(Role):
            _refuse(self._name, f"{where}.role: lan, wan, spare")
        return PortRule(
            Role(role),
            self._text(table, where, "driver", _MODULE),
            self._number(table, where, "number", 16),
            self._text(table, where, "label"),
        )

    def _lamp(self, table: Mapping[str, Any], where: str) -> Lamp:
        self._only(table, where, "label", "shows", "green", "amber", "red")
        shows = self._texts(table, where, "shows")
        if not shows or not {*shows} <= {*LIGHTS, EVERYTHING} or (EVERYTHING in shows and len(shows) > 1):
            _refuse(self._name, f"{where}.shows: {EVERYTHING}, or some of {', '.join(LIGHTS)}")
        green, amber, red = (
            self._text(table, where, colour, _LED) if colour in table else "" for colour in ("green", "amber", "red")
        )
        if not (green or amber or red):
            _refuse(self._name, f"{where}: green, amber or red")
        return Lamp(self._text(table, where, "label"), shows, green, amber, red)

    def _button(self, table: Mapping[str, Any]) -> Button:
        self._only(table, "reset", "device", "code")
        return Button(self._text(table, "reset", "device"), self._number(table, "reset", "code", _HIGHEST_CODE))

    # ---- values --------------------------------------------------------------------------------------------

    def _only(self, table: Mapping[str, Any], where: str, *keys: str) -> None:
        for unknown in sorted(table.keys() - {*keys}):
            _refuse(self._name, f"{_path(where, unknown)}: {', '.join(keys)}")

    def _table(self, table: Mapping[str, Any], key: str, where: str = "") -> Mapping[str, Any]:
        found = table.get(key)
        if not isinstance(found, dict):
            _refuse(self._name, f"[{where}{key}]")
        return found

    def _each(self, table: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any], str], _T]) -> tuple[_T, ...]:
        found = table.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            _refuse(self._name, f"[[{key}]]")
        return tuple(read(one, f"{key}[{number}]") for number, one in enumerate(found, 1))

    def _text(self, table: Mapping[str, Any], where: str, key: str, form: re.Pattern[str] | None = None) -> str:
        found = table.get(key)
        if not isinstance(found, str) or not found.isprintable() or not 0 < len(found) <= 80:
            _refuse(self._name, f'{_path(where, key)}: "…"')
        if form is not None and form.fullmatch(found) is None:
            _refuse(self._name, f"{_path(where, key)}: {form.pattern}")
        return found

    def _texts(
        self, table: Mapping[str, Any], where: str, key: str, form: re.Pattern[str] | None = None
    ) -> tuple[str, ...]:
        found = table.get(key, [])
        if not isinstance(found, list):
            _refuse(self._name, f'{_path(where, key)}: ["…"]')
        return tuple(self._text({key: one}, where, key, form) for one in found)

    def _number(self, table: Mapping[str, Any], where: str, key: str, most: int) -> int:
        found = table.get(key)
        if type(found) is not int or not 1 <= found <= most:
            _refuse(self._name, f"{_path(where, key)}: 1–{most}")
        return found


def _path(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _refuse(name: str, what: str) -> NoReturn:
    raise SekishoError(
        "hardware.bad-profile",
        f"ハードウェアのプロファイル {name}.toml を読めません（{what}）。docs/hardware.md のとおりに直してください。",
        f"The hardware profile {name}.toml cannot be understood ({what}): write it as in docs/hardware.md.",
    )
