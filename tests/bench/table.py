"""The rows that every benchmark prints and writes.

``build/bench/NAME.json`` is a list of rows
``{"what", "ours", "peer", "unit", "ratio", "goal", "reached"}``:

* what: text, in one line, what was measured and how.
* ours, peer: numbers in `unit`; null when it was not measured, or where there is no peer.
* ratio: ours / peer, null without both.
* goal: text, a comparison and a number: in `unit`, that `ours` must meet, as ``<= 90``, or that `ratio` must meet, as
  ``<= 1.02 x``; null where there is no goal.
* reached: whether the goal is met (by a value that could not be measured it is not); null without a goal.

``build/bench/NAME.machine.json`` says how, where and with what the rows of the same run were measured.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.files import write_atomically
from tests.lab.filesystem import PROJECT

DIRECTORY = PROJECT / "build" / "bench"

Written = dict[str, Any]
"""A row as its file has it."""

_DIGITS = 4
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Goal:
    """comparison: ``<=`` or ``>=``. of_ratio: the limit is one of ours / peer."""

    comparison: str
    limit: float
    of_ratio: bool = False

    def __post_init__(self) -> None:
        if self.comparison not in _COMPARISONS:
            raise ValueError(f"not a comparison: {self.comparison}")

    def __str__(self) -> str:
        return f"{self.comparison} {self.limit:g}{' x' if self.of_ratio else ''}"

    def is_met_by(self, value: float) -> bool:
        return _COMPARISONS[self.comparison](value, self.limit)


@dataclass(frozen=True, slots=True)
class Row:
    """See the module."""

    what: str
    unit: str
    ours: float | None
    peer: float | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.ours is not None and self.peer else None

    @property
    def reached(self) -> bool | None:
        if self.goal is None:
            return None
        judged = self.ratio if self.goal.of_ratio else self.ours
        return judged is not None and self.goal.is_met_by(judged)

    def as_json(self) -> Written:
        return {
            "what": self.what,
            "ours": _rounded(self.ours),
            "peer": _rounded(self.peer),
            "unit": self.unit,
            "ratio": _rounded(self.ratio),
            "goal": None if self.goal is None else str(self.goal),
            "reached": self.reached,
        }


def publish(name: str, how: str, rows: Sequence[Row], machine: Mapping[str, str], directory: Path = DIRECTORY) -> None:
    """Print the table of benchmark `name` and write its files. how: one sentence for the reader of the table."""
    _publish(name, how, [row.as_json() for row in rows], machine, directory)


def combine(name: str, how: str, parts: Sequence[str], directory: Path = DIRECTORY) -> list[Written]:
    """Publish the rows that the benchmarks `parts` have written as those of benchmark `name`; returns them.

    Raises FileNotFoundError when a part has not been run.
    """
    rows: list[Written] = []
    machine: dict[str, str] = {}
    for part in parts:
        rows += json.loads((directory / f"{part}.json").read_text())
        its = json.loads((directory / f"{part}.machine.json").read_text())
        machine |= {f"{part}: {key}": text for key, text in its.items()}
    _publish(name, how, rows, machine, directory)
    return rows


def _publish(name: str, how: str, rows: Sequence[Written], machine: Mapping[str, str], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    contents = {f"{name}.json": rows, f"{name}.machine.json": {"how": how, **machine}}
    for file, content in contents.items():
        write_atomically(directory / file, json.dumps(content, ensure_ascii=False, indent=2) + "\n", 0o644)
    print(f"{name}: {how}\n{_table(rows)}\n", flush=True)


def explain(name: str, rows: Sequence[Row], profile: str, directory: Path = DIRECTORY) -> None:
    """Keep `profile` as ``NAME-profile.txt`` when a goal is missed; without one there is no such file."""
    file = directory / f"{name}-profile.txt"
    if any(row.reached is False for row in rows):
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(file, profile, 0o644)
    else:
        file.unlink(missing_ok=True)


def render(rows: Sequence[Row]) -> str:
    """The table for people, one line a row."""
    return _table([row.as_json() for row in rows])


def _table(rows: Sequence[Written]) -> str:
    head = ("ours", "peer", "unit", "ratio", "goal", "reached", "what")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    right = {0, 1, 3}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Written) -> tuple[str, ...]:
    reached = {None: "", True: "yes", False: "NO"}[row["reached"]]
    numbers = {key: _shown(row[key]) for key in ("ours", "peer", "ratio")}
    return numbers["ours"], numbers["peer"], row["unit"], numbers["ratio"], row["goal"] or "", reached, row["what"]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,}"


def _rounded(value: float | None) -> float | None:
    """To four digits that mean something; whole numbers without a point."""
    if value is None:
        return None
    if not math.isfinite(value):
        raise ValueError(f"not a measurement: {value}")
    if value == 0:
        return 0
    rounded = round(value, _DIGITS - 1 - math.floor(math.log10(abs(value))))
    return int(rounded) if rounded == int(rounded) else rounded
