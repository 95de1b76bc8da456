"""The power goes in the middle of an update, once in each of its phases: three of the fifty of ``make soak-image``."""

from __future__ import annotations

from tests.image import power_cuts, soak
from tests.image.power_cuts import PHASES
from tests.image.updated import Updated

_SEED = 3


def test_there_is_always_a_version_that_comes_up(updated: Updated) -> None:
    outcomes = []
    for outcome in power_cuts.play(updated, len(PHASES), len(PHASES), _SEED):
        print(soak.line(outcome))
        outcomes.append(outcome)
    assert [outcome.cut.phase for outcome in outcomes] == list(PHASES)
    assert outcomes[0].found.version == updated.before
