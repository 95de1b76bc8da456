"""Benchmarks of several parts, each a benchmark of its own name, put together in one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Mapping

from tests.bench.table import DIRECTORY, combine


def add_to(parser: argparse.ArgumentParser) -> None:
    """The option with which `measure` is told what to measure."""
    parser.add_argument("parts", nargs="*", help="parts to measure anew; of the others, the rows of their last run")


def check(parser: argparse.ArgumentParser, chosen: Collection[str], known: Collection[str]) -> None:
    """Exits when there are no such parts."""
    if unknown := set(chosen) - set(known):
        parser.error(f"no such parts: {', '.join(sorted(unknown))}")


def measure(name: str, how: str, parts: Mapping[str, Callable[[], int]], chosen: Collection[str]) -> int:
    """Measure the parts `chosen` (none: all), one after another, and publish the rows of all parts as those of `name`.

    parts: by its name, what measures it and returns an exit status. Returns the first that is not 0, else 0.
    """
    for part, run in parts.items():
        if chosen and part not in chosen:
            continue
        print(f"== {part}", flush=True)
        status = run()
        if status != 0:
            print(f"{part} could not be measured: status {status}", file=sys.stderr)
            return status
    rows = combine(name, how, [part for part in parts if (DIRECTORY / f"{part}.json").exists()])
    print(f"goals: {sum(row['reached'] is True for row in rows)} reached", end=", ")
    print(f"{sum(row['reached'] is False for row in rows)} missed (profiles: build/bench/*-profile.txt)")
    return 0
