"""What a power cut leaves of the writes that QEMU put on record."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from tests.image.recording import SECTOR, Kind, Replay, requests

_WRITE, _FLUSH, _FUA, _DISCARD = 0, 1, 2, 4


def log_of(file: Path, *entries: tuple[int, int, bytes], cut: int = 0) -> Path:
    """Flag, first sector and content of each; of a discard, bytes of its length. cut: bytes that are missing."""
    data = struct.pack("<QQQI", 0x6A736677736872, 1, 0, SECTOR).ljust(SECTOR, b"\0")
    for flag, sector, content in entries:
        data += struct.pack("<QQQQ", sector, len(content) // SECTOR, flag, 0).ljust(SECTOR, b"\0")
        data += content if flag in (_WRITE, _FUA) else b""
    file.write_bytes(data[: len(data) - cut])
    return file


def sector(letter: str, count: int = 1) -> bytes:
    return letter.encode() * SECTOR * count


@pytest.fixture
def before(tmp_path: Path) -> Path:
    disk = tmp_path / "before.raw"
    disk.write_bytes(sector("o", 8))
    return disk


def letters(disk: Path) -> str:
    data = disk.read_bytes()
    found = [set(data[at : at + SECTOR]) for at in range(0, len(data), SECTOR)]
    assert all(len(one) == 1 for one in found)
    return "".join(chr(one.pop()) for one in found)


def test_what_was_flushed_is_there_and_the_rest_may_be(before: Path, tmp_path: Path) -> None:
    log = log_of(
        tmp_path / "log", (_WRITE, 1, sector("a", 2)), (_FLUSH, 0, b""), (_WRITE, 2, sector("b", 3)), (_FLUSH, 0, b"")
    )
    made, left, seen = requests(log), tmp_path / "left.raw", set()
    for seed in range(60):
        replay = Replay(before, log, made, tmp_path)
        assert replay.cut(1, random.Random(seed), left) == 1
        assert letters(left) in {"oooooooo", "oaoooooo", "ooaooooo", "oaaooooo"}
        assert replay.cut(3, random.Random(seed), left) == 1
        seen.add(letters(left))
        assert replay.cut(4, random.Random(seed), left) == 0
        assert letters(left) == "oabbbooo"
    # All of it, nothing, and each of its sectors without the others.
    assert seen == {f"oa{one}{two}{three}ooo" for one in "ab" for two in "ob" for three in "ob"}


def test_what_is_discarded_is_empty(before: Path, tmp_path: Path) -> None:
    log = log_of(tmp_path / "log", (_DISCARD, 3, sector("x", 2)), (_FLUSH, 0, b""))
    left = tmp_path / "left.raw"
    assert Replay(before, log, requests(log), tmp_path).cut(2, random.Random(1), left) == 0
    assert letters(left) == "ooo\0\0ooo"


def test_the_log_s_own_end_may_be_torn(tmp_path: Path) -> None:
    log = log_of(tmp_path / "log", (_WRITE, 1, sector("a")), (_WRITE, 5, sector("b", 2)), cut=1)
    assert [(request.kind, request.at, request.size) for request in requests(log)] == [(Kind.WRITE, SECTOR, SECTOR)]


def test_what_it_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="flushed by itself"):
        requests(log_of(tmp_path / "log", (_FUA, 1, sector("a"))))
    (tmp_path / "log").write_bytes(bytes(4096))
    with pytest.raises(ValueError, match="no log of writes"):
        requests(tmp_path / "log")
