"""Stories of the scenarios' world that last half an hour and more.

A guest's virtual clock keeps a busy machine out of them, but makes them no shorter: with BFD every 20 ms somebody has
always something to do.
"""

from __future__ import annotations

from tests.scenarios.conftest import clinic, lines, owns_clock, pytest_runtest_makereport, world

__all__ = ["clinic", "lines", "owns_clock", "pytest_runtest_makereport", "world"]
