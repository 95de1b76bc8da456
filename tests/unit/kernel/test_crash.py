"""Cut off between any two steps, the router converges at the next apply, and `remove` leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from appliance.kernel import apply as kernel
from appliance.kernel.apply import Memory
from tests.unit.kernel.namespace import in_namespace, sh
from tests.unit.kernel.worlds import build, intent, snapshot, wireguard_processes


class Cut(BaseException):
    """Stands for a power cut or kill -9: nobody handles it."""


class Fuse:
    """Lets so many steps happen, then cuts: before a step, or right after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        do: Callable[..., None] = kernel._do
        save = Memory.save

        def counted(step: Callable[..., None]) -> Callable[..., None]:
            def run(*arguments: Any) -> None:
                self._burn()
                step(*arguments)
                self._burn()

            return run

        monkeypatch.setattr(kernel, "_do", counted(do))
        monkeypatch.setattr(Memory, "save", counted(save))

    def _burn(self) -> None:
        if self.left is not None:
            if self.left == 0:
                self.left = None
                raise Cut
            self.left -= 1


def _steps(fuse: Fuse, act: Callable[[], object]) -> int:
    fuse.left = 100_000
    act()
    assert fuse.left is not None
    used = 100_000 - fuse.left
    fuse.left = None
    return used


@in_namespace
def test_a_cut_in_apply_is_healed_by_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    before = snapshot()
    fuse = Fuse(monkeypatch)
    steps = _steps(fuse, lambda: kernel.apply(intent(), Memory.load()))
    complete = snapshot_of_settled()
    kernel.remove(Memory.load())
    for step in range(1, steps, 2):
        fuse.left = step
        with pytest.raises(Cut):
            kernel.apply(intent(), Memory.load())
        kernel.apply(intent(), Memory.load())
        assert kernel.apply(intent(), Memory.load()) == [], step
        assert snapshot_of_settled() == complete, step
        kernel.remove(Memory.load())
        assert snapshot() == before, step


@in_namespace
def test_a_cut_in_apply_leaves_nothing_that_remove_does_not_find(monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    before = snapshot()
    fuse = Fuse(monkeypatch)
    steps = _steps(fuse, lambda: kernel.apply(intent(), Memory.load()))
    kernel.remove(Memory.load())
    for step in range(0, steps, 2):
        fuse.left = step
        with pytest.raises(Cut):
            kernel.apply(intent(), Memory.load())
        kernel.remove(Memory.load())
        assert snapshot() == before, step
        assert wireguard_processes() == [], step


@in_namespace
def test_a_cut_in_remove_is_finished_by_remove(monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    before = snapshot()
    fuse = Fuse(monkeypatch)
    kernel.apply(intent(), Memory.load())
    steps = _steps(fuse, lambda: kernel.remove(Memory.load()))
    for step in range(0, steps, 2):
        kernel.apply(intent(), Memory.load())
        fuse.left = step
        with pytest.raises(Cut):
            kernel.remove(Memory.load())
        kernel.remove(Memory.load())
        assert snapshot() == before, step


def snapshot_of_settled() -> dict[str, str]:
    """Without the source ports, which are random."""
    shown = snapshot()
    shown["wireguard"] = sh("wg show all dump | cut -f 1-3 | sort")
    return shown
