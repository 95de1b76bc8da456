"""The factory's stick: a real file system, read-only but for the moment in which the label is written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from appliance.errors import SekishoError
from appliance.factory import stick
from appliance.factory.label import file_name


def marked(directory: Path, text: str = "") -> Path:
    folder = directory / "sda1"
    folder.mkdir(parents=True)
    (folder / stick.MARK).write_text(text)
    return folder


def test_only_a_marked_stick_is_the_factory_s(tmp_path: Path) -> None:
    assert stick.found(tmp_path) is None
    (tmp_path / "sdb1").mkdir()
    assert stick.found(tmp_path) is None
    folder = marked(tmp_path, 'serials = ["SK-1", "SK-2"]')
    found = stick.found(tmp_path)
    assert found == stick.Stick(folder, ("SK-1", "SK-2"))
    (folder / file_name("SK-1")).write_bytes(b"%PDF-")
    assert found.used == ("SK-1",)


@pytest.mark.parametrize("text", ["serials = 3", "serials = [1]", "serials", "\x00"])
def test_a_mark_that_says_something_else_is_told(tmp_path: Path, text: str) -> None:
    marked(tmp_path, text)
    with pytest.raises(SekishoError, match=r"^factory\.bad-stick: "):
        stick.found(tmp_path)


@pytest.mark.isolated
def test_a_label_is_written_on_what_is_read_only_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "sda1"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], check=True)
    (folder / stick.MARK).touch()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    found = stick.found(tmp_path)
    assert found is not None
    found.take("label-SK-1.pdf", b"%PDF-1")
    found.take("label-SK-1.pdf", b"%PDF-2")
    assert sorted(path.name for path in folder.iterdir()) == ["label-SK-1.pdf", stick.MARK]
    assert (folder / "label-SK-1.pdf").read_bytes() == b"%PDF-2"
    assert os.statvfs(folder).f_flag & os.ST_RDONLY


@pytest.mark.isolated
def test_a_full_stick_is_told_and_is_read_only_again(tmp_path: Path) -> None:
    folder = tmp_path / "sda1"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(folder)], check=True)
    (folder / stick.MARK).touch()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    with pytest.raises(SekishoError, match=r"^factory\.cannot-write: "):
        stick.Stick(folder, ()).take("label-SK-1.pdf", bytes(100_000))
    assert os.statvfs(folder).f_flag & os.ST_RDONLY
