"""Leak matrix: a change on trial lets a terminal go to the internet; when it is returned, so is the leave."""

from __future__ import annotations

import pytest

from tests.lab import addresses
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.leaks.matrix import Matrix, State
from tests.scenarios.steps import await_trial

pytestmark = pytest.mark.namespaces

RECEPTION = f'address = "{addresses.TERMINALS["reception"].address.ip}"\n'


def test_nothing_leaks_beside_a_terminal_on_the_internet(clinic: World) -> None:
    matrix, router = Matrix(clinic), clinic.router
    router.machine.write("/etc/sekisho/site.toml", SITE.replace(RECEPTION, f"{RECEPTION}internet_minutes = 30\n"))
    router.try_out(600)
    await_trial(clinic, "waiting")
    matrix.fill(State("on trial", carries=True))
    router.sekisho("terminal", "internet", "reception")
    matrix.fill(State("terminal on the internet", carries=True, on_internet=True))
    router.sekisho("site", "cancel")
    await_trial(clinic, None)
    matrix.fill(State("trial returned", carries=True))
