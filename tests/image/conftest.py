"""One router is set up and updated for all tests that need one; each of them begins with a copy of its disk.

They follow each other in one worker, and beside them another has those that need none: an emulated machine waits for
a third of its time.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.image.updated import Updated, update

_NEED_NONE = ("test_boot.py", "test_same_bits.py", "test_tpm_holds_the_account.py")


@pytest.fixture(scope="session")
def updated() -> Iterator[Updated]:
    with update() as done:
        yield done


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc] # it tells no types
    """By what they need, in the place of by class or file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return file if file.endswith(_NEED_NONE) else "updated"


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _Scheduling:
    return _Scheduling(config, log)
