"""One router is set up and updated for all tests that need one; each of them begins with a copy of its disk.

They follow each other in one worker, and beside them another has those that need none: an emulated machine waits for
a third of its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.image.updated import Updated, update


@pytest.fixture(scope="session")
def updated() -> Iterator[Updated]:
    with update() as done:
        yield done


# Before xdist looks for the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if "updated" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("updated"))
