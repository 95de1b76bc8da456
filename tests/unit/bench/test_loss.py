from __future__ import annotations

from tests.bench.loss import changes

UP = {"router's with 203.0.113.1": ("Up", 100.0)}


def test_a_session_that_stayed_up_has_not_changed() -> None:
    assert not changes(UP, {"router's with 203.0.113.1": ("Up", 100.001)})


def test_whatever_else_a_session_did_is_a_change() -> None:
    for later in (("Up", 140.0), ("Down", 100.0)):
        (change,) = changes(UP, {"router's with 203.0.113.1": later})
        assert "router's with 203.0.113.1" in change
    assert len(changes(UP, {})) == len(changes({}, UP)) == 1
