"""Leak matrix: the clock years behind and years ahead, when no certificate and no handshake can be judged by it.

Only where the kernel is the test's own: its clock is set for all machines of the world.
"""

from __future__ import annotations

import pytest

from appliance.gate.permissions import PERMISSION_SECONDS
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.leaks.matrix import Matrix, State
from tests.scenarios.steps import has_proofs

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]


@pytest.fixture
def owns_clock(clock: None) -> bool:
    return True


def test_nothing_leaks_whatever_the_clock_shows(clinic: World) -> None:
    matrix = Matrix(clinic)
    for name, date in (("clock years behind", "1970-01-02"), ("clock years ahead", "2059-01-02")):
        clinic.machines["router"].run("date", "--utc", "--set", date)
        until(lambda: not has_proofs(clinic), "the proofs have lapsed", 3 * PERMISSION_SECONDS, pause=1)
        matrix.fill(State(name))
