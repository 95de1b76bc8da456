"""What is found on a stick, and what is not even looked at: a stick is anybody's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from appliance.account import armour
from appliance.control.dispatch import BadParams
from appliance.control.methods import account_file
from appliance.control.sticks import account, listing
from appliance.errors import SekishoError


def test_files_are_told_by_what_is_in_them(tmp_path: Path) -> None:
    stick = tmp_path / "sda1"
    stick.mkdir()
    account = armour.wrap("abc")
    (stick / "holiday.jpg").write_bytes(account)
    (stick / "b.bin").write_bytes(b"SEKISHO FIRMWARE 1 " + bytes(100))
    (stick / "clinic-0042-7.sekisho-account").write_bytes(b"nothing of the kind")
    (stick / "empty").touch()
    assert listing(tmp_path) == [
        {"kind": "firmware", "path": str(stick / "b.bin"), "size": 119, "stick": "sda1"},
        {"kind": "account", "path": str(stick / "holiday.jpg"), "size": len(account), "stick": "sda1"},
    ]


def test_links_pipes_and_folders_are_none_of_ours(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(armour.wrap("abc"))
    stick = tmp_path / "sticks/sda1"
    (stick / "folder").mkdir(parents=True)
    (stick / "folder/account").write_bytes(outside.read_bytes())
    (stick / "link").symlink_to(outside)
    os.mkfifo(stick / "pipe")
    assert listing(tmp_path / "sticks") == []


def test_no_stick_is_nothing(tmp_path: Path) -> None:
    assert listing(tmp_path / "sticks") == []
    (tmp_path / "sticks/sda1").mkdir(parents=True)
    (tmp_path / "sticks/file").touch()
    assert listing(tmp_path / "sticks") == []


@pytest.mark.parametrize("name", [b"\xff.sekisho-account", b"a\x1b[2Jb", "a\u202eb".encode()])
def test_a_name_that_cannot_be_shown_is_none_of_ours(tmp_path: Path, name: bytes) -> None:
    (tmp_path / "sda1").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "sda1") + b"/" + name)).write_bytes(armour.wrap("abc"))
    assert listing(tmp_path) == []


def test_only_an_account_of_the_list_is_read(tmp_path: Path) -> None:
    sealed = armour.wrap("abc")
    sticks, stick, outside = tmp_path / "sticks", tmp_path / "sticks/sda1", tmp_path / "outside"
    (stick / "folder").mkdir(parents=True)
    for file in (outside, stick / "コピー 1　.sekisho-account", stick / "folder/account"):
        file.write_bytes(sealed)
    (stick / "link").symlink_to(outside)
    (stick / "b.bin").write_bytes(b"SEKISHO FIRMWARE 1 ")
    assert account(str(stick / "コピー 1　.sekisho-account"), sticks) == sealed
    others = (outside, stick / "link", stick / "b.bin", stick / "folder/account", stick / "gone", f"{stick}/../outside")
    for path in others:
        with pytest.raises(SekishoError, match=r"sticks\.gone"):
            account(str(path), sticks)


def test_no_more_is_read_than_shows_that_it_is_too_much(tmp_path: Path) -> None:
    (tmp_path / "sda1").mkdir()
    large = tmp_path / "sda1/large"
    large.write_bytes(armour.wrap("a" * 2 * armour.MAX_FILE))
    assert len(account(str(large), tmp_path)) == armour.MAX_FILE + 1


@pytest.mark.parametrize("given", [{}, {"file": "", "path": ""}, {"path": 1}, {"file": None, "path": None}])
def test_an_account_is_sent_or_on_a_stick_and_never_both(given: dict[str, Any]) -> None:
    with pytest.raises(BadParams):
        account_file({**given, "code": "ABCDE"})
