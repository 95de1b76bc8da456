"""Elements that come and go at run time: permissions by proof, addresses as resolved; and what was counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import SekishoError
from appliance.intent.firewall import Value
from appliance.intent.names import TABLE
from appliance.kernel import tool
from appliance.kernel.nft import syntax


@dataclass(frozen=True, slots=True)
class Grant:
    """One element of a set with time-outs, or of a map (`value` given).

    set_name: of the set or map. timeout: whole seconds from now until the kernel removes it by
    itself; of no meaning to `revoke`.
    """

    set_name: str
    key: tuple[Value, ...]
    timeout: int = 0
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """key and value as nft prints them. expires: seconds left, None when it stays."""

    key: tuple[str, ...]
    value: str | None = None
    expires: int | None = field(default=None, compare=False)


def grant(updates: Sequence[Grant]) -> None:
    """Add the elements, or start their time anew, all in one transaction.

    Adding alone does not refresh a time-out on kernels before 6.12, and deleting alone fails
    for an element that is not there: so add, delete, add. The kernel shows only the outcome.
    """
    if any(update.timeout < 1 for update in updates):
        raise ValueError("a grant ends by itself, after one second at least")
    _renew(updates, [_add(update, f" timeout {update.timeout}s") for update in updates])


def revoke(updates: Sequence[Grant]) -> None:
    """Remove the elements now, all in one transaction; absent ones are fine."""
    _renew(updates, [])


def replace_elements(set_name: str, elements: Iterable[tuple[Value, ...]]) -> None:
    """Make these the whole content of a run-time set without time-outs, in one transaction."""
    own = syntax.name(set_name)
    rows = [_key(element) for element in elements]
    added = [f"add element inet {TABLE} {own} {{ {', '.join(rows)} }}"] if rows else []
    _transaction([f"flush set inet {TABLE} {own}", *added])


def elements(set_name: str, kind: str = "set") -> list[Element]:
    """kind: ``set`` or ``map``."""
    _, output, _ = tool.run(["nft", "--json", "list", kind, "inet", TABLE, syntax.name(set_name)])
    return parse_elements(output, kind)


def counters() -> dict[str, tuple[int, int]]:
    """Packets and bytes of each named counter since the table was created."""
    _, output, _ = tool.run(["nft", "--json", "list", "counters", "table", "inet", TABLE])
    return parse_counters(output)


def parse_elements(output: str, kind: str) -> list[Element]:
    """output: of ``nft --json list set`` or ``… map`` (libnftables-json(5)). Raises SekishoError
    ``kernel.nft-unreadable``."""
    with tool.reading("nft"):
        listed = (entry[kind] for entry in json.loads(output)["nftables"] if kind in entry)
        return [_parse(item) for found in listed for item in found.get("elem", [])]


def parse_counters(output: str) -> dict[str, tuple[int, int]]:
    """output: of ``nft --json list counters``. Raises SekishoError ``kernel.nft-unreadable``."""
    with tool.reading("nft"):
        found = (entry["counter"] for entry in json.loads(output)["nftables"] if "counter" in entry)
        return {counter["name"]: (int(counter["packets"]), int(counter["bytes"])) for counter in found}


def _renew(updates: Sequence[Grant], added: Sequence[str]) -> None:
    removed = [line for update in updates for line in (_add(update), _delete(update))]
    try:
        _transaction([*removed, *added])
    except SekishoError:
        for last in (False, True):
            # A map refuses a second value for a key that it has; what stands there must then be named exactly.
            standing = {name: {item.key for item in elements(name, kind)} for name, kind in _kinds(updates)}
            there = [update for update in updates if tuple(map(str, update.key)) in standing[update.set_name]]
            try:
                _transaction([*(_delete(update) for update in there), *added])
            except SekishoError:
                # Its time may have run out between the look and the deed; then it is not there at the next.
                if last:
                    raise
            else:
                break


def _kinds(updates: Iterable[Grant]) -> set[tuple[str, str]]:
    return {(update.set_name, "set" if update.value is None else "map") for update in updates}


def _transaction(lines: Sequence[str]) -> None:
    if lines:
        tool.run(["nft", "--file", "-"], "\n".join(lines) + "\n")


def _add(update: Grant, timeout: str = "") -> str:
    value = "" if update.value is None else f" : {update.value}"
    return f"add element inet {TABLE} {syntax.name(update.set_name)} {{ {_key(update.key)}{timeout}{value} }}"


def _delete(update: Grant) -> str:
    return f"delete element inet {TABLE} {syntax.name(update.set_name)} {{ {_key(update.key)} }}"


def _key(key: Sequence[Value]) -> str:
    return syntax.element([""] * len(key), key)


def _parse(item: Any) -> Element:
    value = None
    if isinstance(item, list):
        item, value = item[0], str(item[1])
    expires = None
    if isinstance(item, dict) and "elem" in item:
        expires = item["elem"].get("expires")
        item = item["elem"]["val"]
    parts = item["concat"] if isinstance(item, dict) and "concat" in item else [item]
    return Element(tuple(str(part) for part in parts), value, expires)
