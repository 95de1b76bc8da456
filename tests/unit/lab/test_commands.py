"""`python -m tests.lab` for developers."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.filesystem import PROJECT
from tests.lab.traces import traces
from tests.lab.waiting import until

pytestmark = pytest.mark.namespaces

LAB = [sys.executable, "-m", "tests.lab"]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_up_shows_the_machines_and_ends_without_a_trace(end: signal.Signals) -> None:
    with subprocess.Popen([*LAB, "up"], stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout is not None
        shown: list[str] = []
        while not shown or not shown[-1].startswith("Ready."):
            line = process.stdout.readline()
            assert line
            shown.append(line)
        assert any(line.startswith("router ") for line in shown)
        directory = Path(next(line for line in shown if line.startswith("Logs")).split()[-1])
        assert traces(directory)
        process.send_signal(end)
        assert process.wait(30) == 0
    assert traces(directory) == []
    assert not directory.exists()


def test_up_leaves_no_process_even_when_killed() -> None:
    with subprocess.Popen([*LAB, "up"], stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout is not None
        directory = next(Path(line.split()[-1]) for line in process.stdout if line.startswith("Logs"))
        assert traces(directory)
        process.kill()
    until(lambda: traces(directory) == [], "the end of every machine")
    subprocess.run(["rm", "-r", directory], check=True)


def test_a_shell_on_one_machine() -> None:
    shell = subprocess.run(
        [*LAB, "shell", "doctor"],
        input="hostname; ls /sys/class/net\nexit 3\n",
        text=True,
        capture_output=True,
        cwd=PROJECT,
    )
    assert shell.returncode == 3
    assert "doctor" in shell.stdout
    assert "eth0" in shell.stdout
