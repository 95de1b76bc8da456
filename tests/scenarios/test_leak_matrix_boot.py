"""Leak matrix: before the daemon's first breath, and with an apply or a take-down killed after each of its steps."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lab import addresses
from tests.lab.filesystem import PROJECT
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.leaks.matrix import Column, Matrix, State

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

STATIC = f"""\
kind = "static"
address = "{addresses.LINE_DHCP_FIRST}/{addresses.LINE.prefixlen}"
gateway = "{addresses.UPPER_LAN.ip}"
dns = ["{addresses.UPPER_LAN.ip}"]
"""
EVERY = 32
"""After each step only every so manieth canary is sent, others after the next."""


def test_nothing_leaks_before_all_is_done(world: World) -> None:
    matrix, router = Matrix(world), world.router
    router.configure(world.desk.public_keys.read_text(), SITE.replace('kind = "dhcp"\n', STATIC))
    world.fix_terminals()
    matrix.fill(State("before the daemon", answers=False, is_ours=False))
    router.run()
    router.import_account(world.account)
    world.stop_appliance()
    steps = {verb: _step_by_step(world, matrix, verb) for verb in ("apply", "remove")}
    # Or it was not looked at between them.
    assert steps["apply"] > 20 and steps["remove"] > 10
    matrix.fill(State("after the last step", answers=False, is_ours=False))


def _step_by_step(world: World, matrix: Matrix, verb: str) -> int:
    stepper = world.router.machine.start(
        [sys.executable, "-m", "tests.scenarios.leaks.stepping"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        environment={"PYTHONPATH": str(PROJECT)},
    )
    assert stepper.stdin and stepper.stdout
    columns: list[Column] = []
    with stepper.stdin as ask, stepper.stdout as answer:
        while True:
            ask.write(f"{verb}\n")
            ask.flush()
            done = answer.readline().strip()
            if done != "step":
                break
            state = State(f"{verb} half done", answers=False, steady=False, is_ours=False)
            columns.append(matrix.look(state, EVERY, len(columns)))
    assert done == "end"
    matrix.sum_up(columns)
    return len(columns)
