"""What is made once for all tests that need it: a router that is set up and updated, and the image a second time.

Each test begins with a copy of that router's disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.image import versions
from tests.image.updated import Updated, update


@pytest.fixture(scope="session")
def updated() -> Iterator[Updated]:
    with update() as done:
        yield done


@pytest.fixture(scope="session")
def second_build(_second_build: Future[Path] | None) -> Path:
    """The folder of what was made."""
    assert _second_build
    return _second_build.result()


@pytest.fixture(scope="session", autouse=True)
def _second_build(request: pytest.FixtureRequest) -> Iterator[Future[Path] | None]:
    """It begins before the first test, where one asks for it: the emulated machines leave a processor free."""
    with ThreadPoolExecutor(1) as beside:
        tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
        asked = any("second_build" in test.fixturenames for test in tests)
        yield beside.submit(versions.build, "again", FRESH="1") if asked else None
