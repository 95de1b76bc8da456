import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def path() -> Iterator[Path]:
    """Short: a unix socket's path has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="rpc") as directory:
        yield Path(directory) / "api.sock"
