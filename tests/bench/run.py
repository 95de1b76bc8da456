"""What every benchmark does around its measuring."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.bench import accounting
from tests.bench.bytecode import compile_as_installed
from tests.bench.table import Row, publish
from tests.lab.filesystem import temporary_directory


def run(
    name: str,
    how: str,
    measure: Callable[[Path, int], Sequence[Row]],
    rounds: int,
    programs: Mapping[str, Sequence[str]],
) -> None:
    """Parse ``--rounds``, measure in a folder that is gone at the end, whatever ends it, and publish the rows.

    measure: called with the folder and the number of rounds. programs: see `accounting.machine`.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tests.bench.{name}", description=how)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"how often everything is measured ({rounds})")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    compile_as_installed()
    facts = accounting.machine(programs)
    with temporary_directory() as directory:
        publish(name, how, measure(Path(directory), options.rounds), facts)
