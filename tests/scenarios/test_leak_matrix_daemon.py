"""Leak matrix: the daemon killed, rule sets one after the other, everybody dead, the service stopped, taken down."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from appliance.gate.permissions import PERMISSION_SECONDS
from tests.lab import observe
from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.leaks.matrix import Matrix, State
from tests.scenarios.steps import has_proofs, processes

pytestmark = [pytest.mark.namespaces, pytest.mark.long]


def test_nothing_leaks_whoever_is_dead(clinic: World) -> None:
    matrix, router = Matrix(clinic), clinic.machines["router"]
    clinic.kill_appliance()
    matrix.fill(State("daemon killed", carries=True))
    with _reloads(router):
        matrix.fill(State("between rule sets", carries=True))
    doomed = [pid for pid, args in processes(router).items() if pid != 1 and "wireguard-go" not in args]
    router.run("kill", "-KILL", *map(str, doomed), check=False)
    until(lambda: not has_proofs(clinic), "the proofs have lapsed", 2 * PERMISSION_SECONDS, pause=1)
    matrix.fill(State("everybody dead"))

    clinic.router.run()
    observe.await_green(clinic, but={"router.strangers"})
    clinic.stop_appliance()
    matrix.fill(State("service stopped", carries=True))
    clinic.router.run()
    clinic.router.sekisho("down", timeout=120)
    # A plain Linux that forwards nothing: see docs/design.md.
    matrix.fill(State("taken down", answers=False, steady=False, is_ours=False))


@contextmanager
def _reloads(router: Machine) -> Iterator[None]:
    """Inside the ``with`` block the router changes between two rule sets without a pause."""
    reloading = router.start(
        [sys.executable, "-m", "tests.scenarios.leaks.reloading"],
        stdout=subprocess.PIPE,
        environment={"PYTHONPATH": str(PROJECT)},
    )
    assert reloading.stdout
    with reloading.stdout as dots:
        assert dots.readline() == ".\n"
        yield
        reloading.terminate()
        assert len(dots.readlines()) > 10
    reloading.wait(20)
