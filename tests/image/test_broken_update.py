"""A version that does not work is left by itself, which is told, and after a second night it is not tried again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.update.entries import TRIES
from tests.image import esp, versions
from tests.image.clinic import LONG, PASSWORD, await_page, cards, is_green
from tests.image.emulated import Emulated
from tests.image.nights import night_after
from tests.image.recording import Replay, requests
from tests.image.stick import Stick
from tests.image.updated import INSTALL, Updated, silent_tunnels
from tests.image.visitor import Visitor
from tests.lab import addresses
from tests.lab.machine import Machine

_FILE = "sekisho.firmware"
_DOWN = "reboot: Restarting system"
_LEFT = "から前の版に自動で戻りました"
_PROOF = 2400.0
"""Seconds: the ten minutes that a version has, and two starts."""


def test_one_that_does_not_come_up(updated: Updated) -> None:
    """Its slot has gone bad between the last look at it and the restart."""
    disk = _recorded(updated, updated.restart)
    versions.break_root(disk, f"sekisho_{updated.after}")
    updated.clock.set(updated.night + timedelta(minutes=30))
    with cards(updated.world) as plugged, updated.another("broken", plugged, disk) as machine:
        machine.await_word("the lights are green after ", limit=INSTALL)
        # Why it waits is the clock at first, which is not known to be right yet.
        page = await_page(machine, updated.world.machines["doctor"], "今日は一度試して", LONG)
        assert f"版 {updated.after} {_LEFT}" in page
        assert "起動しなかったか、確かめている間に電源が切れました" in page
        assert machine.said().count(_DOWN) == TRIES
        assert esp.entries(machine.disk) == _left(updated)


@pytest.mark.long
def test_one_that_does_not_come_up_in_a_second_night_either(updated: Updated) -> None:
    """It comes by a memory stick, in the middle of the day, because the vendor says so. A bundle whose root is not the
    one that its kernel was made with is in order as far as anybody can see before the start."""
    world, notebook = updated.world, updated.world.machines["doctor"]
    image = versions.with_broken_root(updated.next / "sekisho.raw")
    bundle = versions.bundle(image, updated.next / "sekisho.efi", updated.after, 3)
    updated.mirror.offer(bundle)
    stick = Stick(world.directory / "broken-stick.raw", {_FILE: bundle.read_bytes()}, 256 << 20)
    updated.clock.set(updated.night + timedelta(hours=10))
    with cards(world) as plugged, updated.another("by-stick", plugged, updated.machine.before, [stick]) as machine:
        machine.await_word("the lights are green after ")
        _install_now(machine, notebook)
        await_page(machine, notebook, f"版 {updated.after} {_LEFT}", INSTALL)
        assert machine.said().count(_DOWN) == 1 + TRIES
        page = await_page(machine, notebook, "今日は一度試して", LONG)
        assert "起動しなかったか、確かめている間に電源が切れました" in page
        assert esp.entries(machine.disk) == _left(updated)
        machine.cut_power()

        updated.clock.set(night_after(updated.clock.now()))
        machine.switch_on(updated.clock.now())
        machine.await_word(_DOWN, 2 * (1 + TRIES), INSTALL)
        asked = updated.mirror.asked().count("GET")
        machine.await_condition(lambda: is_green(notebook), "green lights in the version before", LONG)
        # The data center has it, too: there it is seen, and not taken any more.
        machine.await_condition(lambda: updated.mirror.asked().count("GET") > asked, "the data center is asked", LONG)
        page = await_page(machine, notebook, f"版 {updated.after} {_LEFT}")
        assert "用意ができました" not in page
        assert "があります" not in page
        assert esp.entries(machine.disk) == _left(updated)


@pytest.mark.long
def test_one_whose_lights_do_not_get_green(updated: Updated) -> None:
    """The power has gone in the first of its two starts; in the second it does not reach the engine as the version
    before did, here because both tunnels are silent."""
    world, notebook = updated.world, updated.world.machines["doctor"]
    disk = _recorded(updated, updated.on_trial)
    updated.clock.set(updated.night + timedelta(minutes=30))
    with cards(world) as plugged, updated.another("not-green", plugged, disk) as machine:
        with silent_tunnels(world):
            await_page(machine, notebook, "確かめています")
            assert esp.entries(machine.disk) == _left(updated)
            page = await_page(machine, notebook, f"版 {updated.after} {_LEFT}", _PROOF)
            assert "10分のうちにつながりませんでした" in page
        machine.await_word("the lights are green after ")
        assert f"Sekisho {updated.before} is running after " in machine.said()
        assert f"Sekisho {updated.after} is running after " not in machine.said()
        assert esp.entries(machine.disk) == _left(updated)


def _recorded(updated: Updated, length: int) -> Path:
    """The disk of that night when its record was so long, in bytes; the power has gone then."""
    made, folder = requests(updated.machine.log), updated.world.directory
    disk, point = folder / f"{length}.raw", sum(request.end <= length for request in made)
    Replay(updated.machine.before, updated.machine.log, made, folder).cut(point, None, disk)
    return disk


def _left(updated: Updated) -> tuple[str, str]:
    """The boot loader's entries, where the new version has had all its starts."""
    return f"sekisho_{updated.before}.efi", f"sekisho_{updated.after}+0-{TRIES}.efi"


def _install_now(machine: Emulated, notebook: Machine) -> None:
    visitor = Visitor(notebook, str(addresses.ROUTER_LAN.ip))
    visitor.open("/firmware")
    visitor.send("/login", {"name": "vendor", "password": PASSWORD})
    machine.await_condition(lambda: _FILE in visitor.open("/firmware").page, "the file on the stick", LONG)
    visitor.send("/firmware", {"when": "now"})
    assert visitor.path == "/firmware"
