import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.control.access_desk import Clock, Desk, opened


@pytest.fixture
def path() -> Iterator[Path]:
    """Short: a unix socket's path has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="rpc") as directory:
        yield Path(directory) / "api.sock"


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, Clock]:
    return opened(tmp_path, monkeypatch)


@pytest.fixture
def desk(both: tuple[Desk, Clock]) -> Desk:
    return both[0]


@pytest.fixture
def clock(both: tuple[Desk, Clock]) -> Clock:
    return both[1]
