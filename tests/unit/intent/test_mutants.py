"""No rule is there without a promise that needs it, and none stands where another order would do harm unnoticed.

Each table with one rule left out or two neighbours swapped either breaks a theorem or is proven
to treat every packet the same.
"""

from __future__ import annotations

import pytest

from tests.unit.intent.proof.mutants import difference, mutants
from tests.unit.intent.proof.proving import Court
from tests.unit.intent.proof.theorems import THEOREMS
from tests.unit.intent.test_golden import CLINICS, MANY_SEGMENTS, compiled


@pytest.mark.parametrize("clinic", sorted(CLINICS.keys() - {MANY_SEGMENTS}))
def test_every_mutant_breaks_a_promise_or_changes_nothing(clinic: str) -> None:
    intent = compiled(clinic)
    whole = Court(intent)
    unnoticed = []
    for mutant in mutants(intent.firewall):
        changed = whole.for_mutant(mutant.table, mutant.ways)
        packet = difference(whole, changed)
        if packet and next(changed.refutations(THEOREMS), None) is None:
            unnoticed.append(f"{mutant.what}: breaks no promise, though the fate of a packet changes:\n{packet}")
    assert not unnoticed, "\n".join(unnoticed)
