"""The documents show pictures that a browser's story takes, and none that nobody takes any more."""

from __future__ import annotations

import pytest

from tests.browser.guide import IMAGES, PICTURES, REPOSITORY, shown_in, words

MOST_BYTES = 100_000


def test_every_picture_is_one_that_a_story_takes() -> None:
    documents = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
    shown = set().union(*map(shown_in, documents))
    assert shown == set(PICTURES)
    assert {path.stem for path in IMAGES.glob("*.png")} == set(PICTURES)
    stories = "".join(path.read_text() for path in (REPOSITORY / "tests" / "browser").glob("test_*.py"))
    assert [name for name in PICTURES if f'"{name}"' not in stories] == []


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_and_has_its_words_beside_it(name: str) -> None:
    assert (IMAGES / f"{name}.png").stat().st_size <= MOST_BYTES
    assert (IMAGES / f"{name}.txt").read_text().strip()


def test_figures_and_spaces_are_no_words() -> None:
    assert words("  あと 12 秒\n\n\t192.0.2.1 を\n 開く ") == "あと # 秒\n#.#.#.# を\n開く\n"
