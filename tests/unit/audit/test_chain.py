"""A chain of entries: whatever is done to it afterwards is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.chain import MOST_FAULTS, Head, Kind, Known, Verdict, verify
from appliance.audit.entry import BEGINNING, Actor, Deed, Entry, decode, digest, encode

TEXT = st.text(max_size=30)
DEEDS = st.builds(
    Deed,
    st.builds(Actor, TEXT, TEXT, TEXT),
    TEXT,
    st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT, max_size=3),
    TEXT,
)
CHAINS = st.lists(DEEDS, min_size=2, max_size=8)


def chain(deeds: Sequence[Deed]) -> tuple[list[bytes], Head]:
    lines: list[bytes] = []
    head = Head()
    for deed in deeds:
        line = encode(Entry(head.last + 1, "2026-11-28T08:00:00.000Z", deed, head.hash))
        lines.append(line)
        head = head.after(head.last + 1, line)
    return lines, head


def looked_at(lines: Sequence[bytes], head: Head | None, known: Known | None = None) -> Verdict:
    return verify([("000001-2026-11.jsonl", line) for line in lines], head, known)


def kinds(verdict: Verdict) -> list[tuple[Kind, int, int]]:
    return [(fault.kind, fault.number, fault.until) for fault in verdict.faults]


@given(DEEDS, st.integers(1, 10**12))
def test_what_is_written_is_read_again(deed: Deed, number: int) -> None:
    entry = Entry(number, "2026-11-28T08:00:00.000Z", deed, BEGINNING)
    line = encode(entry)
    assert b"\n" not in line
    assert line.isascii()
    assert encode(decode(line)) == line


@given(CHAINS)
def test_a_whole_chain_is_whole(deeds: list[Deed]) -> None:
    lines, head = chain(deeds)
    verdict = looked_at(lines, head)
    assert verdict.whole
    assert (verdict.entries, verdict.first, verdict.last, verdict.hash) == (len(deeds), 1, head.last, head.hash)


@given(CHAINS, st.data())
def test_any_changed_byte_is_found(deeds: list[Deed], data: st.DataObject) -> None:
    lines, head = chain(deeds)
    which = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[which]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != lines[which][place]))
    lines[which] = lines[which][:place] + bytes([byte]) + lines[which][place + 1 :]
    assert not looked_at(lines, head).whole


@given(CHAINS, DEEDS, st.data())
def test_a_well_written_other_entry_is_found_and_named(deeds: list[Deed], other: Deed, data: st.DataObject) -> None:
    lines, head = chain(deeds)
    which = data.draw(st.integers(0, len(lines) - 1))
    entry = replace(decode(lines[which]), deed=other)
    if encode(entry) != lines[which]:
        lines[which] = encode(entry)
        assert kinds(looked_at(lines, head)) == [(Kind.CHANGED, which + 1, which + 1)]


@given(CHAINS, st.data())
def test_missing_entries_are_found_wherever_they_were(deeds: list[Deed], data: st.DataObject) -> None:
    lines, head = chain(deeds)
    start = data.draw(st.integers(0, len(lines) - 1))
    end = data.draw(st.integers(start + 1, len(lines)))
    del lines[start:end]
    assert kinds(looked_at(lines, head)) == [(Kind.MISSING, start + 1, end)]


@given(CHAINS, st.data())
def test_another_order_is_found(deeds: list[Deed], data: st.DataObject) -> None:
    lines, head = chain(deeds)
    other = data.draw(st.permutations(lines))
    assert looked_at(other, head).whole == (other == lines)


@given(CHAINS, st.data())
def test_a_repeated_entry_is_found(deeds: list[Deed], data: st.DataObject) -> None:
    lines, head = chain(deeds)
    again = data.draw(st.sampled_from(lines))
    lines.insert(data.draw(st.integers(0, len(lines))), again)
    assert not looked_at(lines, head).whole


@given(CHAINS, CHAINS)
def test_a_record_written_anew_as_a_whole_is_found_by_what_was_noted_down(one: list[Deed], two: list[Deed]) -> None:
    lines, head = chain(one)
    known = Known(head.last, head.hash)
    assert looked_at(lines, head, known).whole
    others, other_head = chain(two)
    if other_head != head:
        found = looked_at(others, other_head, known)
        same = len(others) >= head.last and digest(others[head.last - 1]) == head.hash
        assert found.whole == same
        assert same or {fault.kind for fault in found.faults} == {Kind.OTHER_RECORD}


def test_entries_beyond_the_head_are_the_ones_that_are_being_written() -> None:
    deed = Deed(Actor("operator"), "apply", {}, "done")
    lines, head = chain([deed] * 3)
    _, earlier = chain([deed] * 2)
    assert looked_at(lines, earlier).whole
    assert looked_at(lines, head).last == 3


def test_without_a_head_or_with_nonsense() -> None:
    lines, head = chain([Deed(Actor("operator"), "apply", {}, "done")] * 3)
    assert kinds(looked_at(lines, None)) == [(Kind.NO_HEAD, 0, 0)]
    assert len(looked_at([b"nonsense"] * 100, head).faults) == MOST_FAULTS
    assert kinds(looked_at([], head)) == [(Kind.MISSING, 1, 3)]
    assert looked_at([], Head()).whole


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"number":1}', b'{"number":1e999,"at":"","actor":{}}']
)
def test_what_is_no_entry_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="no entry"):
        decode(line)
