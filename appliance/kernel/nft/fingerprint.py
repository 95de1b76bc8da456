"""A firewall table boiled down to labels and digests: enough to notice any difference and to say it in words."""

from __future__ import annotations

import hashlib
import json
from collections import Counter as Multiset
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.intent.firewall import Table
from appliance.kernel.nft import syntax

_RUNNING = frozenset({"handle", "packets", "bytes", "count"})
"""What changes by itself: numbers that the kernel gives or counts (`count`: elements, in newer versions of nft)."""

Fingerprint = dict[str, list[list[str]]]
"""Object (``chain forward``, ``set terminals``) → [label, digest] of each part, in order.

The label is a rule's comment or an element's text; empty for the object's own definition."""


@dataclass(frozen=True, slots=True)
class Difference:
    """In labels. Empty lists: no difference."""

    added: list[str]
    removed: list[str]
    changed: list[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def of_wanted(table: Table) -> Fingerprint:
    prints: Fingerprint = {"table": [["", _digest(table.name)]]}
    for counter in table.counters:
        prints[f"counter {counter.name}"] = [["", _digest(syntax.counter_lines(counter))]]
    for wanted in table.sets:
        elements = [[text, _digest(text)] for text in sorted(syntax.elements(wanted))]
        prints[f"set {wanted.name}"] = [["", _digest([wanted.elements is None, *syntax.set_lines(wanted)])], *elements]
    for mapping in table.maps:
        prints[f"map {mapping.name}"] = [["", _digest(syntax.map_lines(mapping))]]
    for flows in table.flow_tables:
        prints[f"flowtable {flows.name}"] = [["", _digest(syntax.flow_table_lines(flows))]]
    for chain in table.chains:
        lines = [(rule.why, line) for rule in chain.rules for line in syntax.rule_lines(rule)]
        rules = [[syntax.comment(why).strip('"'), _digest(line)] for why, line in lines]
        prints[f"chain {chain.name}"] = [["", _digest(syntax.hook_lines(chain.hook))], *rules]
    return prints


def of_listing(listing: list[dict[str, Any]], static: Collection[str]) -> Fingerprint:
    """listing: the objects of ``nft -j list table`` (libnftables-json(5)).

    static: the sets whose elements count; those of the others come and go by themselves, as
    do counters' values and all handles.
    """
    prints: Fingerprint = {}
    for entry in listing:
        for kind, found in entry.items():
            definition = {key: value for key, value in found.items() if key not in _RUNNING}
            if kind == "rule":
                label = found.get("comment") or f"{found['chain']}: a rule without comment"
                prints[f"chain {found['chain']}"].append([label, _digest(found["expr"])])
            elif kind == "table":
                prints["table"] = [["", _digest(definition)]]
            elif kind in ("set", "map", "chain", "counter"):
                elements = definition.pop("elem", []) if kind in ("set", "map") else []
                texts = sorted(text_of(item) for item in elements) if found["name"] in static else []
                own = [["", _digest(definition)]]
                prints[f"{kind} {found['name']}"] = own + [[text, _digest(text)] for text in texts]
            elif kind != "metainfo":
                prints[f"{kind} {found.get('name', found.get('handle'))}"] = [["", _digest(definition)]]
    return prints


def text_of(item: Any) -> str:
    """An element of libnftables-json(5) as nft's text would have it."""
    match item:
        case {"concat": parts}:
            return " . ".join(text_of(part) for part in parts)
        case {"prefix": {"addr": address, "len": length}}:
            return f"{address}/{length}"
        case {"range": [first, last]}:
            return f"{first}-{last}"
        case {"elem": {"val": value}}:
            return text_of(value)
        case [key, _]:
            return text_of(key)
        case _:
            return str(item)


def compare(before: Mapping[str, list[list[str]]], after: Mapping[str, list[list[str]]]) -> Difference:
    added: list[str] = []
    removed: list[str] = []
    changed: list[str] = []
    for subject in sorted(before.keys() | after.keys()):
        old, new = before.get(subject), after.get(subject)
        if old == new:
            continue
        gone = Multiset(_label(subject, part) for part in old or ())
        come = Multiset(_label(subject, part) for part in new or ())
        same = Multiset(tuple(part) for part in old or ()) & Multiset(tuple(part) for part in new or ())
        kept = Multiset(_label(subject, part) for part in same.elements())
        gone, come = gone - kept, come - kept
        both = gone & come
        added += (come - both).elements()
        removed += (gone - both).elements()
        changed += both.elements()
        if not gone and not come:
            changed.append(f"{subject} (order)")
    return Difference(_unique(added), _unique(removed), _unique(changed))


def _label(subject: str, part: Collection[str]) -> str:
    label, _ = part
    if not label:
        return subject
    return label if subject.startswith("chain ") else f"{subject}: {label}"


def _unique(labels: list[str]) -> list[str]:
    return list(dict.fromkeys(labels))


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
