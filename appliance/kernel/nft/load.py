"""Puts our table into the kernel in one transaction, and notices when somebody else changed it.

Nothing is ever open or empty in between: the kernel runs either the rules of before or those
of after. Base chains are emptied and refilled, not remade (a new base chain filters with its
policy from the moment it is added, before the transaction is complete), and whatever is filled
at run time stays: elements of proofs, counters, connections. What hangs on devices is remade every
time: whatever is on the fast path is judged anew by the rules of now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.intent.firewall import Chain, Hook, NamedMap, NamedSet, Table
from appliance.intent.names import TABLE
from appliance.kernel import tool
from appliance.kernel.changes import Change
from appliance.kernel.memory import FirewallMemory, Memory
from appliance.kernel.nft import fingerprint, syntax
from appliance.kernel.nft.fingerprint import Difference
from appliance.text import Text

Listing = list[dict[str, Any]]
"""The objects of ``nft -j list table`` (libnftables-json(5))."""

_PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
"""nft(8), "Standard priority names"."""
_PRIORITY = re.compile(r"(?P<name>[a-z]+)?\s*(?P<offset>[+-]?\s*\d+)?")


@dataclass(frozen=True, slots=True)
class Load:
    """script: what `nft -f` runs as one transaction."""

    table: Table
    script: str


@dataclass(frozen=True, slots=True)
class Delete:
    pass


def observe() -> Listing | None:
    """None: there is no such table."""
    status, output, complaint = tool.run(["nft", "--json", "list", "table", "inet", TABLE], accepted=(0, 1))
    if status != 0:
        if "No such file" in complaint:
            return None
        raise tool.failed("nft", complaint)
    return parse(output)


def parse(output: str) -> Listing:
    """output: of ``nft --json list table`` (libnftables-json(5)). Raises SekishoError ``kernel.nft-unreadable``."""
    with tool.reading("nft"):
        listing: Listing = json.loads(output)["nftables"]
        return listing


def diff(wanted: Table, observed: Listing | None, remembered: FirewallMemory | None) -> list[Change]:
    """At most one change: the firewall is always loaded as a whole.

    remembered: what was wanted and what the kernel showed when we last loaded it; without it
    (a crash in between) the table is loaded again. Raises SekishoError ``kernel.nft-unreadable``.
    """
    text: Text | None
    if observed is None:
        rules = sum(len(chain.rules) for chain in wanted.chains)
        text = Text(f"ファイアウォールを作ります（規則 {rules} 個）。", f"create the firewall ({rules} rules)")
    elif remembered is None:
        text = Text("ファイアウォールを読み込み直します。", "load the firewall anew")
    else:
        text = _settings(fingerprint.compare(remembered.wanted, fingerprint.of_wanted(wanted)))
        if text is None:
            shown = _shown(observed, wanted)
            text = _foreign_hand(fingerprint.compare(remembered.observed, shown))
    if text is None:
        return []
    return [Change("nft", wanted.name, text, Load(wanted, script(wanted, observed, remembered)))]


def devices_to_come(first: Table, last: Table) -> list[Change]:
    """What a load of `last` over `first` will be called, once the interfaces that it hangs on have come up."""
    text = _settings(fingerprint.compare(fingerprint.of_wanted(first), fingerprint.of_wanted(last)))
    return [Change("nft", last.name, text)] if text else []


def remove(observed: Listing | None) -> list[Change]:
    if observed is None:
        return []
    return [Change("nft", TABLE, Text("ファイアウォールを消します。", "remove the firewall"), Delete())]


def apply(change: Change, memory: Memory) -> None:
    """An invalid table changes nothing: nft checks all of it first and the kernel takes all or nothing."""
    match change.operation:
        case Load(table, script):
            tool.run(["nft", "--file", "-"], script)
            memory.firewall = FirewallMemory(fingerprint.of_wanted(table), _shown(observe() or [], table))
            memory.save()
        case Delete():
            tool.run(["nft", "--file", "-"], f"table inet {TABLE}\ndelete table inet {TABLE}\n")
            memory.firewall = None
            memory.save()
        case _:
            raise TypeError(change.operation)


def script(wanted: Table, observed: Listing | None, remembered: FirewallMemory | None = None) -> str:
    """The transaction from what is there to what is wanted. Raises SekishoError ``kernel.nft-unreadable``."""
    with tool.reading("nft"):
        return _script(wanted, observed, remembered)


def _shown(observed: Listing, table: Table) -> fingerprint.Fingerprint:
    with tool.reading("nft"):
        return fingerprint.of_listing(observed, _static(table))


def _script(wanted: Table, observed: Listing | None, remembered: FirewallMemory | None) -> str:
    table = f"inet {wanted.name}"
    there = _by_kind(observed or [])
    flushed = [f"flush chain {table} {name}" for name in there["chain"]]
    chains = {chain.name: chain for chain in wanted.chains}
    sets = {item.name: item for item in wanted.sets}
    maps = {item.name: item for item in wanted.maps}
    counters = {counter.name for counter in wanted.counters}
    deleted = [
        *(f"delete chain {table} {name}" for name, found in there["chain"].items() if not _keeps(chains, name, found)),
        *(f"delete set {table} {name}" for name, found in there["set"].items() if not _fits(sets.get(name), found)),
        *(f"delete map {table} {name}" for name, found in there["map"].items() if not _fits(maps.get(name), found)),
        *(f"delete counter {table} {name}" for name in there["counter"] if name not in counters),
        *(f"delete flowtable {table} {name}" for name in there["flowtable"]),
    ]
    stale = [
        line
        for name, found in there["set"].items()
        if _fits(sets.get(name), found)
        for line in _stale(f"{table} {name}", sets[name], found, remembered)
    ]
    return "\n".join([*flushed, *deleted, *stale, syntax.render(wanted)])


def _by_kind(listing: Listing) -> dict[str, dict[str, dict[str, Any]]]:
    there: dict[str, dict[str, dict[str, Any]]] = {"chain": {}, "set": {}, "map": {}, "counter": {}, "flowtable": {}}
    for entry in listing:
        for kind, found in entry.items():
            if kind in there:
                there[kind][found["name"]] = found
    return there


def _keeps(wanted: dict[str, Chain], name: str, found: dict[str, Any]) -> bool:
    """Whether a chain may stay as it is hooked; its policy can change in place."""
    if name not in wanted:
        return False
    hook = wanted[name].hook
    if hook is None:
        return "hook" not in found
    return not hook.devices and (found.get("type"), found.get("hook"), found.get("prio")) == (
        hook.type,
        hook.hook,
        _priority(hook),
    )


def _priority(hook: Hook) -> int:
    parts = _PRIORITY.fullmatch(hook.priority.strip())
    if parts is None:
        raise ValueError(f"not a priority: {hook.priority}")
    base = _PRIORITIES[parts["name"]] if parts["name"] else 0
    return base + int((parts["offset"] or "0").replace(" ", ""))


def _fits(wanted: NamedSet | NamedMap | None, found: dict[str, Any]) -> bool:
    """Whether a set or map may stay; the kernel cannot change a type or flags in place."""
    if wanted is None:
        return False
    kind = found["type"] if isinstance(found["type"], list) else [found["type"]]
    flags = {"timeout"} if wanted.timeout else set()
    if isinstance(wanted, NamedSet):
        flags |= {"interval"} if wanted.interval else set()
        value = None
    else:
        value = wanted.value
    # Newer versions of nft tell which sets rules fill, older ones do not.
    standing = set(found.get("flags", [])) - {"dynamic"}
    return (list(wanted.key), flags, value) == (kind, standing, found.get("map"))


def _stale(name: str, wanted: NamedSet, found: dict[str, Any], remembered: FirewallMemory | None) -> Iterator[str]:
    """Takes away what is no longer wanted, or was the settings' and is not any more.

    What stays is not touched: Linux 6.12 does not find an element of an interval set for a moment when one
    transaction takes it away and adds it again, and whoever is looked up in that moment is a stranger.
    """
    if wanted.elements is None:
        # The first part is the set's definition, the others are elements.
        if len((remembered.wanted if remembered else {}).get(f"set {wanted.name}", [])) > 1:
            yield f"flush set {name}"
        return
    texts = {text.replace('"', "") for text in syntax.elements(wanted)}
    surplus = [item for item in found.get("elem", []) if fingerprint.text_of(item) not in texts]
    if surplus:
        gone = f"element {name} {{ {', '.join(_quoted(wanted.key, item) for item in surplus)} }}"
        if not wanted.interval:
            # Whoever fills it at run time may have taken it away since we looked, and what is not there cannot go.
            yield f"add {gone}"
        yield f"delete {gone}"


def _quoted(key: Sequence[str], item: Any) -> str:
    """An element of libnftables-json(5) as nft reads it."""
    parts = item["concat"] if isinstance(item, dict) and "concat" in item else [item]
    texts = (fingerprint.text_of(part) for part in parts)
    return " . ".join(f'"{text}"' if kind == "ifname" else text for kind, text in zip(key, texts, strict=True))


def _static(table: Table) -> set[str]:
    return {item.name for item in table.sets if item.elements is not None}


def _settings(difference: Difference) -> Text | None:
    if not difference:
        return None
    return Text(
        f"ファイアウォールを変えます：{_counts(difference, ('追加', '削除', '変更'))}。",
        f"change the firewall: {_labels(difference, ('add', 'remove', 'change'))}",
    )


def _foreign_hand(difference: Difference) -> Text | None:
    if not difference:
        return None
    return Text(
        f"ファイアウォールが設定と違っているので元に戻します：{_counts(difference, ('余分', '欠け', '改変'))}。",
        f"firewall differs from the settings: restored: {_labels(difference, ('surplus', 'missing', 'altered'))}",
    )


def _counts(difference: Difference, kinds: tuple[str, str, str]) -> str:
    # The labels are the rules' own reasons, which are English: no part of a Japanese sentence.
    return "、".join(f"{kind} {len(labels)} 件" for kind, labels in _by_change(difference, kinds))


def _labels(difference: Difference, kinds: tuple[str, str, str]) -> str:
    return "; ".join(
        f"{kind} {len(labels)} ({', '.join(f'“{label}”' for label in labels)})"
        for kind, labels in _by_change(difference, kinds)
    )


def _by_change(difference: Difference, kinds: tuple[str, str, str]) -> Iterator[tuple[str, list[str]]]:
    lists = (difference.added, difference.removed, difference.changed)
    return ((kind, labels) for kind, labels in zip(kinds, lists, strict=True) if labels)
