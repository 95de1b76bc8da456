"""A version that does not work is left by itself, which is told, and after a second night it is not tried again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.image import esp, versions
from tests.image.clinic import LONG, PASSWORD, cards, is_green, page_seen_by
from tests.image.emulated import Emulated
from tests.image.nights import night_after
from tests.image.stick import Stick
from tests.image.updated import INSTALL, Updated
from tests.image.visitor import Visitor
from tests.lab import addresses
from tests.lab.machine import Machine

_FILE = "sekisho.firmware"
_DOWN = "reboot: Restarting system"
_LEFT = "から前の版に自動で戻りました"
_TWO_PROOFS = 3600.0
"""Seconds: twice ten minutes, and the starts."""


def test_one_that_does_not_come_up(updated: Updated, tmp_path: Path) -> None:
    """By a memory stick, in the middle of the day, because the vendor says so."""
    bundle = versions.bundle(
        versions.with_broken_root(updated.next / "sekisho.raw"), updated.next / "sekisho.efi", versions.BROKEN, 3
    )
    stick = Stick(tmp_path / "broken.raw", {_FILE: bundle.read_bytes()}, 256 << 20)
    world, notebook = updated.world, updated.world.machines["doctor"]
    updated.clock.set(updated.night + timedelta(hours=10))
    with cards(world) as plugged, updated.another("broken", plugged, updated.machine.disk, [stick]) as machine:
        machine.await_word("the lights are green after ")
        _install_now(machine, notebook)
        machine.await_word(f"Sekisho {updated.after} is running after ", 2, INSTALL)
        _await_page(machine, notebook, f"版 {versions.BROKEN} {_LEFT}")
        page = page_seen_by(notebook, "/lights")
        assert "起動しなかったか、確かめている間に電源が切れました" in page
        assert "今日は一度試して" in page
        assert esp.entries(machine.disk) == (
            f"sekisho_{updated.after}.efi",
            f"sekisho_{versions.BROKEN}+0-2.efi",
        )

        # Nobody may come to look in the second night either; and meanwhile the data center offers it as well.
        updated.mirror.offer(bundle)
        machine.cut_power()
        updated.clock.set(night_after(updated.clock.now()))
        downs = machine.said().count(_DOWN)
        machine.switch_on(updated.clock.now())
        machine.await_word(f"Sekisho {updated.after} is running after ", 4, INSTALL)
        assert machine.said().count(_DOWN) > downs
        asked = updated.mirror.asked().count("GET")
        machine.await_condition(lambda: updated.mirror.asked().count("GET") > asked, "the data center is asked", LONG)
        machine.await_word("the lights are green after ", 4)
        page = page_seen_by(notebook, "/lights")
        assert f"版 {versions.BROKEN} {_LEFT}" in page
        assert "用意ができました" not in page
        assert "があります" not in page


@pytest.mark.long
def test_one_whose_lights_do_not_get_green(updated: Updated) -> None:
    """It comes up, and does not reach the engine as the version before did: here because both tunnels are silent."""
    world, notebook = updated.world, updated.world.machines["doctor"]
    updated.clock.set(updated.night)
    updated.mirror.offer(updated.bundle)
    with cards(world) as plugged, updated.another("not-green", plugged, updated.machine.before) as machine:
        machine.await_word(_DOWN, limit=INSTALL)
        for number in addresses.CONCENTRATORS:
            world.cut_tunnel(number)
        try:
            _await_page(machine, notebook, f"版 {updated.after} {_LEFT}", _TWO_PROOFS)
        finally:
            for number in addresses.CONCENTRATORS:
                world.mend_tunnel(number)
        assert "10分のうちにつながりませんでした" in page_seen_by(notebook, "/lights")
        machine.await_condition(lambda: is_green(notebook), "green lights in the version before", LONG)
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
