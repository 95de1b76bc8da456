"""A version that does not work is left by itself, which is told, and after a second night it is not tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance.update.entries import TRIES
from tests.image import esp, versions
from tests.image.clinic import LONG, PASSWORD, cards, is_green, page_seen_by
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
    """By a memory stick, in the middle of the day, because the vendor says so; and once more in the night after."""
    world, notebook = updated.world, updated.world.machines["doctor"]
    image = versions.with_broken_root(updated.next / "sekisho.raw")
    bundle = versions.bundle(image, updated.next / "sekisho.efi", updated.after, 3)
    updated.mirror.offer(bundle)
    stick = Stick(world.directory / "broken-stick.raw", {_FILE: bundle.read_bytes()}, 256 << 20)
    updated.clock.set(updated.night + timedelta(hours=10))
    with cards(world) as plugged, updated.another("broken", plugged, updated.machine.before, [stick]) as machine:
        machine.await_word("the lights are green after ")
        _install_now(machine, notebook)
        _await_page(machine, notebook, f"版 {updated.after} {_LEFT}", INSTALL)
        assert machine.said().count(_DOWN) == 1 + TRIES
        page = page_seen_by(notebook, "/lights")
        assert "起動しなかったか、確かめている間に電源が切れました" in page
        assert "今日は一度試して" in page
        left = f"sekisho_{updated.before}.efi", f"sekisho_{updated.after}+0-{TRIES}.efi"
        assert esp.entries(machine.disk) == left
        machine.cut_power()

        updated.clock.set(night_after(updated.clock.now()))
        machine.switch_on(updated.clock.now())
        machine.await_word(_DOWN, 2 * (1 + TRIES), INSTALL)
        asked = updated.mirror.asked().count("GET")
        machine.await_condition(lambda: is_green(notebook), "green lights in the version before", LONG)
        # The data center has it, too: there it is seen, and not taken any more.
        machine.await_condition(lambda: updated.mirror.asked().count("GET") > asked, "the data center is asked", LONG)
        page = page_seen_by(notebook, "/lights")
        assert f"版 {updated.after} {_LEFT}" in page
        assert "用意ができました" not in page
        assert "があります" not in page
        assert esp.entries(machine.disk) == left


@pytest.mark.long
def test_one_whose_lights_do_not_get_green(updated: Updated) -> None:
    """The power has gone in the first of its two starts; in the second it does not reach the engine as the version
    before did, here because both tunnels are silent."""
    world, notebook = updated.world, updated.world.machines["doctor"]
    made = requests(updated.machine.log)
    disk, point = world.directory / "on-trial.raw", sum(request.end <= updated.on_trial for request in made)
    Replay(updated.machine.before, updated.machine.log, made, world.directory).cut(point, None, disk)
    updated.clock.set(updated.night + timedelta(minutes=30))
    with cards(world) as plugged, updated.another("not-green", plugged, disk) as machine:
        with silent_tunnels(world):
            _await_page(machine, notebook, "確かめています")
            assert esp.entries(machine.disk) == (f"sekisho_{updated.before}.efi", f"sekisho_{updated.after}+0-2.efi")
            _await_page(machine, notebook, f"版 {updated.after} {_LEFT}", _PROOF)
            assert "10分のうちにつながりませんでした" in page_seen_by(notebook, "/lights")
        machine.await_word("the lights are green after ")
        assert f"Sekisho {updated.before} is running after " in machine.said()
        assert f"Sekisho {updated.after} is running after " not in machine.said()
        assert esp.entries(machine.disk) == (f"sekisho_{updated.before}.efi", f"sekisho_{updated.after}+0-2.efi")


def _install_now(machine: Emulated, notebook: Machine) -> None:
    visitor = Visitor(notebook, str(addresses.ROUTER_LAN.ip))
    visitor.open("/firmware")
    visitor.send("/login", {"name": "vendor", "password": PASSWORD})
    machine.await_condition(lambda: _FILE in visitor.open("/firmware").page, "the file on the stick", LONG)
    visitor.send("/firmware", {"when": "now"})
    assert visitor.path == "/firmware"


def _await_page(machine: Emulated, notebook: Machine, word: str, limit: float = LONG) -> None:
    machine.await_condition(lambda: word in page_seen_by(notebook, "/lights"), word, limit)
