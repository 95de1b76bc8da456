"""Stories of the scenarios' world that last an hour: a guest's virtual clock makes minutes of it."""

from __future__ import annotations

from tests.scenarios.conftest import clinic, lines, owns_clock, pytest_runtest_makereport, world

__all__ = ["clinic", "lines", "owns_clock", "pytest_runtest_makereport", "world"]
