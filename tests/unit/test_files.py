"""Files that survive a power cut, also where there are no permissions (FAT on a stick)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.files import write_atomically


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_has_its_mode(tmp_path: Path, mode: int) -> None:
    write_atomically(tmp_path / "file", "text", mode)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_system_without_permissions_takes_it_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    for mode in (0o600, 0o644):
        write_atomically(tmp_path / "file", f"{mode}", mode)
        assert (tmp_path / "file").read_text() == f"{mode}"
