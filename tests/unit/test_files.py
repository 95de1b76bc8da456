"""Files that survive a power cut, also where there are no permissions (FAT on a stick), and directories of an owner."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.files import is_directory, make_directory, read_from_others, write_atomically


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


def test_a_directory_is_as_it_is_said(tmp_path: Path) -> None:
    place, ours = tmp_path / "above" / "place", (os.getuid(), os.getgid())
    make_directory(place, 0o710, ours)
    assert is_directory(place, 0o710, ours)
    make_directory(place, 0o750, (65534, 65534))
    assert is_directory(place, 0o750, (65534, 65534))


def test_a_directory_that_is_right_needs_no_right_to_enter_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the walls of a unit others' directories can be neither entered nor given away."""
    ours = (os.getuid(), os.getgid())
    make_directory(tmp_path / "place", 0o750, ours)
    for name in ("open", "fchown", "fchmod"):
        monkeypatch.setattr(os, name, lambda *_: pytest.fail("refused"))
    make_directory(tmp_path / "place", 0o750, ours)


def test_a_new_directory_of_ours_is_not_given_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fchown", lambda *_: pytest.fail("refused"))
    make_directory(tmp_path / "place", 0o700, (os.getuid(), os.getgid()))


def test_a_planted_link_is_no_directory(tmp_path: Path) -> None:
    ours = (os.getuid(), os.getgid())
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "place").symlink_to(tmp_path / "elsewhere")
    assert not is_directory(tmp_path / "place", 0o755, ours)
    with pytest.raises(OSError, match=r"directory|symbolic"):
        make_directory(tmp_path / "place", 0o700, ours)
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755


def test_of_others_files_only_plain_ones_are_read_and_only_so_far(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"what it says")
    assert read_from_others(tmp_path / "plain", 4) == b"what"
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    for name in ("link", "pipe", "directory", "absent"):
        with pytest.raises(OSError, match=name):
            read_from_others(tmp_path / name, 4)
