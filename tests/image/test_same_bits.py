"""Whoever builds the image again from the same tree gets the same, but for signatures."""

from __future__ import annotations

from pathlib import Path

from tests.image import same_bits
from tests.image.emulated import OUTPUT


def test_second_build_is_the_same(second_build: Path) -> None:
    assert list(same_bits.compare(OUTPUT, second_build)) == []
