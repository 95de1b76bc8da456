"""The partition table: what is changed is changed in both copies, and either of them is enough."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.update import gpt
from appliance.update.slots import slots
from tests.unit.update import world

BUILD = world.build("1.0.0")
DISK = bytes(world.disk(BUILD))
NEW = {4: (UUID(int=77), "sekisho_1.1.0"), 5: (UUID(int=78), "sekisho_1.1.0")}


def reading(disk: bytes | bytearray) -> gpt.Read:
    return lambda at, length: bytes(disk[at : at + length])


def test_two_entries_are_changed_and_nothing_else() -> None:
    before, disk = gpt.read(reading(DISK)), bytearray(DISK)
    pieces = gpt.changed(before, NEW)
    # The backup goes first.
    assert min(piece.offset for piece in pieces[0]) > len(DISK) // 2 > max(piece.offset for piece in pieces[1])
    for piece in (*pieces[0], *pieces[1]):
        disk[piece.offset : piece.offset + len(piece.data)] = piece.data
    after = gpt.read(reading(disk))
    assert after.whole
    for old, new in zip(before.partitions(), after.partitions(), strict=True):
        uuid, name = NEW.get(old.number, (old.uuid, old.name))
        assert (new.uuid, new.name, new.type, new.offset, new.size) == (uuid, name, old.type, old.offset, old.size)
    back = {number: (before.partitions()[number - 1].uuid, "_empty") for number in NEW}
    for pieces_back in gpt.changed(after, back):
        for piece in pieces_back:
            disk[piece.offset : piece.offset + len(piece.data)] = piece.data
    assert disk == DISK


@given(st.integers(2, 33), st.integers(0, world.SECTOR - 1))
def test_one_copy_is_enough_and_the_next_writing_mends_the_other(sector: int, place: int) -> None:
    disk = bytearray(DISK)
    disk[sector * world.SECTOR + place] ^= 0x40
    found = gpt.read(reading(disk))
    assert found.partitions() == gpt.read(reading(DISK)).partitions()
    assert not found.whole
    for pieces in gpt.changed(found, {}):
        for piece in pieces:
            disk[piece.offset : piece.offset + len(piece.data)] = piece.data
    assert disk == DISK


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(SekishoError) as refused:
        gpt.read(reading(bytes(100_000)))
    assert refused.value.code == "firmware.no-partitions"


def test_the_other_slot_is_the_one_that_does_not_run() -> None:
    found = slots(gpt.read(reading(DISK)), BUILD.root_uuid)
    assert (found.running.root.number, found.running.verity.number) == (2, 3)
    assert (found.other.root.number, found.other.verity.number) == (4, 5)
    with pytest.raises(SekishoError) as refused:
        slots(gpt.read(reading(DISK)), UUID(int=999))
    assert refused.value.code == "firmware.no-slots"
