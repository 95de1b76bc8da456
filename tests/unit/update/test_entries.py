"""The boot loader's entries get their names durably, on the file system that it reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.errors import SekishoError
from appliance.update.entries import Entries


@pytest.mark.parametrize("step", ["whole", "arm", "keep_only"])
def test_a_file_is_synced_under_its_new_name(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On FAT a new name has a size of 0 on the disk until then: seen on a recorded update (tests/image)."""
    entries = Entries(tmp_path)
    (tmp_path / "sekisho_1.0.0.efi").write_bytes(b"kernel")
    name = {"whole": "sekisho_1.1.0.efi.part"}.get(step, "sekisho_1.1.0.efi.next")
    (tmp_path / name).write_bytes(b"kernel")
    synced, fsync = [], os.fsync

    def record(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    if step == "keep_only":
        entries.keep_only("1.0.0", "1.1.0")
    else:
        getattr(entries, step)("1.1.0")
    new = {"whole": "sekisho_1.1.0.efi.next", "arm": "sekisho_1.1.0+2.efi"}.get(step, "sekisho_1.1.0.efi.part")
    assert synced[:2] == [tmp_path / new, tmp_path]


def test_what_is_empty_is_not_given_to_the_boot_loader(tmp_path: Path) -> None:
    (tmp_path / "sekisho_1.0.0.efi").write_bytes(b"kernel")
    (tmp_path / "sekisho_1.1.0.efi").write_bytes(b"")
    with pytest.raises(SekishoError) as refused:
        Entries(tmp_path).arm("1.1.0")
    assert refused.value.code == "firmware.disk"
    assert (tmp_path / "sekisho_1.1.0.efi").exists()
