"""How many connections may stand at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.admission import Admission


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=80))
def test_admission_counts_right_and_never_exceeds_its_limits(steps: list[tuple[bool, str]]) -> None:
    admission, inside = Admission(total=5, per_terminal=3), {"a": 0, "b": 0, "c": 0}
    for entering, terminal in steps:
        if entering:
            free = sum(inside.values()) < 5 and inside[terminal] < 3
            assert admission.enter(terminal) is free
            inside[terminal] += free
        elif inside[terminal]:
            admission.leave(terminal)
            inside[terminal] -= 1
        assert admission.count == sum(inside.values())
        assert admission.by_terminal == {name: count for name, count in inside.items() if count}
