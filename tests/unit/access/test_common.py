"""The list of common passwords: what must be on it, and what it costs."""

from __future__ import annotations

from appliance.access import common
from appliance.access.passwords import SHORTEST, SHORTEST_WITH_SECOND, tidy

ASKED_FOR = 3000
"""By OWASP ASVS 5.0, 6.2.4, of those that the rules of length would let through."""
MOST_BYTES = 60_000


def test_it_has_as_many_as_are_asked_for_of_each_length_as_they_are_compared() -> None:
    listed = common.listed().split()
    assert len(set(listed)) == len(listed)
    assert all(tidy(password).casefold() == password for password in listed)
    assert min(map(len, listed)) >= SHORTEST_WITH_SECOND
    assert sum(len(password) >= SHORTEST for password in listed) >= ASKED_FOR
    assert len(listed) >= 2 * ASKED_FOR - 100
    assert common.FILE.stat().st_size < MOST_BYTES


def test_only_a_whole_one_is_on_it() -> None:
    assert common.is_common("sunshine")
    for other in ("sunshin", "unshine", "sunshine and a roof", ""):
        assert not common.is_common(other)
