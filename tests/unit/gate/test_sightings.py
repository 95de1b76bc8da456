"""Which terminal's certificate was shown from where."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.sightings import MEMORY_SECONDS, Sightings

FIRST, SECOND = "192.0.2.10", "192.0.2.11"


def met(book: Sightings, now: float, mark: str, address: str) -> None:
    if not book.note(now, mark, address):
        book.introduce(mark, f"name of {mark}", 4_000_000_000)
        assert book.note(now, mark, address)


def test_a_certificate_that_is_copied_is_seen_at_both_addresses() -> None:
    book = Sightings()
    met(book, 0, "a", FIRST)
    met(book, 10, "a", SECOND)
    met(book, 20, "b", SECOND)
    assert book.report(30) == [
        {"mark": "a", "name": "name of a", "ends": 4_000_000_000, "seen": {FIRST: 30, SECOND: 20}},
        {"mark": "b", "name": "name of b", "ends": 4_000_000_000, "seen": {SECOND: 10}},
    ]


def test_a_machine_that_was_replaced_is_forgotten_after_a_day() -> None:
    book = Sightings()
    met(book, 0, "a", FIRST)
    met(book, 100, "a", SECOND)
    assert [item["seen"] for item in book.report(MEMORY_SECONDS + 50)] == [{SECOND: MEMORY_SECONDS - 50}]
    assert book.report(MEMORY_SECONDS + 100) == []


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from([FIRST, SECOND]))))
def test_it_does_not_grow_for_ever_and_keeps_the_newest(meetings: list[tuple[int, str]]) -> None:
    book = Sightings(most=5)
    for now, (number, address) in enumerate(meetings):
        met(book, now, f"{number}", address)
    newest = list(dict.fromkeys(f"{number}" for number, _ in reversed(meetings)))[:5]
    assert [item["mark"] for item in reversed(book.report(len(meetings)))] == newest
