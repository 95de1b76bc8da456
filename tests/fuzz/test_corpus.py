"""Every input that is kept, once, without the fuzzer: what was found stays found."""

from __future__ import annotations

import pytest

from tests.fuzz.target import CORPUS, Target, every

TARGETS = every()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_kept_inputs_keep_the_promise(target: Target) -> None:
    kept = sorted(target.corpus.iterdir())
    assert kept, "a target begins with a good example"
    for file in kept:
        try:
            target.run(file.read_bytes())
        except BaseException as error:
            error.add_note(f"input: {file}")
            raise


def test_nothing_is_kept_for_nobody() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == {target.name for target in TARGETS}
