"""A second attempt for few, and for nobody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.again import FEW

_PROJECT = Path(__file__).parents[2]

_TESTS = """
from pathlib import Path
import pytest

HERE = Path(__file__).parent

@pytest.mark.parametrize("number", range({tests}))
def test_counts(number):
    with (HERE / f"attempts-{{number}}").open("a") as file:
        file.write("x")
    assert len((HERE / f"attempts-{{number}}").read_text()) >= {needed} or number >= {failing}
"""


def run(folder: Path, *more: str, failing: int, needed: int) -> tuple[int, str, list[int]]:
    """Exit status, what was said, and how often each of six tests ran, of which the first ones need some attempts."""
    (folder / "test_it.py").write_text(_TESTS.format(tests=6, failing=failing, needed=needed))
    done = subprocess.run(
        [sys.executable, "-m", "tests.again", "-q", "--rootdir", folder, folder / "test_it.py", *more],
        cwd=_PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    attempts = [folder / f"attempts-{number}" for number in range(6)]
    return done.returncode, done.stdout, [len(file.read_text()) if file.exists() else 0 for file in attempts]


@pytest.mark.parametrize("more", [(), ("-n", "2", "--maxschedchunk", "1"), ("-n", "2", "--dist", "loadfile")], ids=str)
def test_one_that_failed_runs_again_and_is_named(tmp_path: Path, more: tuple[str, ...]) -> None:
    status, said, attempts = run(tmp_path, *more, failing=1, needed=2)
    assert (status, attempts) == (0, [2, 1, 1, 1, 1, 1])
    assert said.splitlines()[-1].startswith("== UNSTEADY")
    assert "test_counts[0]" in said.splitlines()[-1]


def test_one_that_fails_twice_fails(tmp_path: Path) -> None:
    status, said, attempts = run(tmp_path, failing=1, needed=3)
    assert (status, attempts) == (1, [2, 1, 1, 1, 1, 1])
    assert "UNSTEADY" not in said


def test_many_have_no_second_attempt(tmp_path: Path) -> None:
    status, _, attempts = run(tmp_path, failing=FEW + 1, needed=2)
    assert (status, attempts) == (1, [1] * 6)


def test_where_all_pass_nothing_runs_again(tmp_path: Path) -> None:
    status, said, attempts = run(tmp_path, failing=0, needed=1)
    assert (status, attempts) == (0, [1] * 6)
    assert "UNSTEADY" not in said


def test_what_cannot_run_has_its_own_status(tmp_path: Path) -> None:
    status, _, attempts = run(tmp_path, "--no-such-option", failing=0, needed=1)
    assert (status, attempts) == (4, [0] * 6)
