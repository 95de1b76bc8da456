"""One router is set up and updated for all tests that need one; each of them begins with a copy of its disk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.image.updated import Updated, update


@pytest.fixture(scope="session")
def updated() -> Iterator[Updated]:
    with update() as done:
        yield done
