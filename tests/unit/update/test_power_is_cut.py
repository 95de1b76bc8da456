"""The power goes between any two steps of an update, and what was not synced is lost, kept, or half of both: there is
always a version that comes up, and the next try ends well."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.update import core, entries, gpt, kept, make, slots, transfer
from appliance.update.core import Arm, Keep, Kept, Look, Offer, Offered, Restart, Stage, Write, Written
from appliance.update.entries import Entries
from appliance.update.source import FileSource
from tests.unit.update import world

OLD, NEW = world.build("1.0.0"), world.build("1.1.0", changed=5000)


class Cut(BaseException):
    """The power."""


class Fuse:
    def __init__(self) -> None:
        self.left = 10**9
        self.disks: list[CutDisk] = []

    def burn(self) -> None:
        if self.left == 0:
            raise Cut
        self.left -= 1


class CutDisk:
    """What is written may or may not be there after a cut, sector by sector, until it is synced."""

    def __init__(self, content: bytearray, fuse: Fuse) -> None:
        self.content, self._fuse = content, fuse
        self._durable: dict[int, bytes] = {}
        fuse.disks.append(self)

    def read(self, at: int, length: int) -> bytes:
        return bytes(self.content[at : at + length])

    def write(self, at: int, data: bytes) -> None:
        self._fuse.burn()
        for sector in range(at // world.SECTOR, -(-(at + len(data)) // world.SECTOR)):
            self._durable.setdefault(sector, self.read(sector * world.SECTOR, world.SECTOR))
        self.content[at : at + len(data)] = data

    def sync(self) -> None:
        self._fuse.burn()
        self._durable.clear()
        self._fuse.burn()

    def view(self, at: int, length: int) -> memoryview:
        return memoryview(bytes(self.content[at : at + length]))

    def lose(self, chance: random.Random, share: float) -> None:
        for sector, before in self._durable.items():
            if chance.random() < share:
                self.content[sector * world.SECTOR : sector * world.SECTOR + len(before)] = before
        self._durable.clear()


class Machine:
    """What outlives the power, and the update as the daemon and its worker do it, in one hand."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.fuse = folder, Fuse()
        self.esp = folder / "esp"
        self.state = folder / "state.json"
        self.bundle, self.trusted = world.bundle(folder, NEW, 7)
        self.restarted = False
        burn = self.fuse.burn

        @contextmanager
        def opened(path: Path, *, size: int | None = None, writable: bool = True) -> Iterator[CutDisk]:
            content = bytearray(path.read_bytes() if path.exists() else b"")
            if size is not None:
                burn()
                content = content[:size].ljust(size, b"\0")
            found = CutDisk(content, self.fuse)
            try:
                yield found
            finally:
                if writable:
                    found.lose(self.chance, self.share)
                    path.write_bytes(found.content)

        def stepped(name: str) -> None:
            before = getattr(Entries, name)

            def step(*arguments: Any) -> None:
                burn()
                before(*arguments)
                burn()

            monkeypatch.setattr(Entries, name, step)

        monkeypatch.setattr(transfer, "opened", opened)
        for name in ("_rename", "_remove"):
            stepped(name)
        write = kept.write_atomically
        monkeypatch.setattr(kept, "write_atomically", lambda *given: (burn(), write(*given), burn()))

    def fresh(self, share: float) -> None:
        """share: of the sectors that were not synced, how many a cut takes back."""
        self.chance, self.share = random.Random(3), share
        shutil.rmtree(self.esp, ignore_errors=True)
        self.esp.mkdir()
        (self.esp / "sekisho_1.0.0.efi").write_bytes(OLD.uki)
        # What an earlier update left there.
        (self.esp / "sekisho_0.9.0+0-2.efi").write_bytes(b"older")
        self.disk = CutDisk(world.disk(OLD), self.fuse)
        self.state.unlink(missing_ok=True)
        self.restarted = False

    def update(self) -> None:
        """To the restart, from wherever it was broken off."""
        held = kept.read(self.state)
        offer = Offer("1.1.0", 7, str(self.bundle), by_hand=True)
        for event in (Offered(offer), Look(None, ("router",)), Written(), Look(None, ("router",))):
            if isinstance(event, Written) and held.stage is not Stage.WRITING:
                continue
            for command in core.handle(held, event):
                match command:
                    case Keep():
                        kept.write(command.kept, self.state)
                        held = command.kept
                    case Write():
                        self.write()
                    case Arm():
                        Entries(self.esp).arm(command.version)
                    case Restart():
                        self.restarted = True

    def write(self) -> None:
        facts, signed = make.read(self.bundle, self.trusted)
        pair = slots.slots(gpt.read(self.disk.read), OLD.root_uuid).running
        with FileSource(self.bundle) as source:
            transfer.install(facts, source, signed, self.disk, pair, Entries(self.esp), "1.0.0", lambda *_: None)

    def boots(self) -> str:
        return world.boots(self.disk.read, self.esp)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0], ids=["kept", "half", "lost"])
def test_there_is_always_a_version_that_comes_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    machine = Machine(tmp_path, monkeypatch)
    machine.fresh(share)
    machine.update()
    steps = 10**9 - machine.fuse.left
    assert machine.restarted
    assert machine.boots() == "1.1.0"
    assert steps > 35
    for step in range(steps):
        machine.fresh(share)
        machine.fuse.left = step
        with pytest.raises(Cut):
            machine.update()
        machine.disk.lose(machine.chance, share)
        machine.fuse.left = 10**9
        came = machine.boots()
        held = kept.read(machine.state)
        assert came == "1.0.0" or held.stage is Stage.TRIED, step
        if came == "1.0.0" and held.stage is Stage.TRIED:
            # Between the note and the boot loader's entry: told as a version that did not come up, and tried again.
            (command,) = core.handle(held, core.Started(world.NOW, "1.0.0"))
            assert isinstance(command, Keep)
            assert command.kept.stage is Stage.STAGED
            kept.write(command.kept, machine.state)
        if came == "1.0.0":
            machine.update()
            assert machine.boots() == "1.1.0", step


def test_a_second_cut_in_the_next_try_does_no_harm_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, chance = Machine(tmp_path, monkeypatch), random.Random(11)
    for _ in range(40):
        machine.fresh(0.5)
        for _ in range(3):
            machine.fuse.left = chance.randrange(80)
            try:
                machine.update()
                break
            except Cut:
                machine.disk.lose(machine.chance, 0.5)
                machine.fuse.left = 10**9
                if machine.boots() == "1.1.0":
                    break
        machine.fuse.left = 10**9
        assert machine.boots() in ("1.0.0", "1.1.0")


def test_nothing_is_left_that_the_boot_loader_could_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path, monkeypatch)
    machine.fresh(0.0)
    machine.update()
    assert sorted(path.name for path in machine.esp.iterdir()) == ["sekisho_1.0.0.efi", "sekisho_1.1.0+2.efi"]
    assert entries.parse("sekisho_1.1.0.efi.next") is not None
    assert kept.read(machine.state) == Kept(
        stage=Stage.TRIED, offer=Offer("1.1.0", 7, str(machine.bundle), by_hand=True), must=("router",)
    )
