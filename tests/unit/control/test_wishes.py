"""What the operator wants of the tunnels is remembered, and what makes no sense is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.control import wishes
from appliance.control.wishes import Wishes, drain, pin
from appliance.errors import SekishoError

NAMES = ["dc1", "dc2"]


def test_wishes_outlast_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state" / "wishes.json"
    assert wishes.read(file) == Wishes()
    wished = Wishes("dc1", frozenset({"dc2"}))
    wishes.write(wished, file)
    assert wishes.read(file) == wished


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pinned": null}', '{"pinned": 1, "drained": 2}', "\xff"])
def test_a_damaged_file_wishes_nothing(tmp_path: Path, content: str) -> None:
    file = tmp_path / "wishes.json"
    file.write_bytes(content.encode("latin-1"))
    assert wishes.read(file) == Wishes()


def test_wishes_about_tunnels_of_another_account_mean_nothing() -> None:
    assert Wishes("old", frozenset({"old", "dc2"})).of(NAMES) == Wishes(None, frozenset({"dc2"}))


def test_a_wish_is_taken_back() -> None:
    assert pin(pin(Wishes(), "dc2", NAMES), None, NAMES) == Wishes()
    assert drain(drain(Wishes(), "dc2", False, NAMES), "dc2", True, NAMES) == Wishes()
    assert drain(Wishes(), "dc2", True, NAMES) == Wishes()


def test_unknown_tunnels_and_the_last_one_are_refused() -> None:
    for wish in (lambda: pin(Wishes(), "dc3", NAMES), lambda: drain(Wishes(), "dc3", False, NAMES)):
        with pytest.raises(SekishoError) as refused:
            wish()
        assert refused.value.code == "control.no-such-tunnel"
    for before, names in ((Wishes(drained=frozenset({"dc1"})), NAMES), (Wishes(), ["dc2"])):
        with pytest.raises(SekishoError) as refused:
            drain(before, "dc2", False, names)
        assert refused.value.code == "control.last-tunnel"
