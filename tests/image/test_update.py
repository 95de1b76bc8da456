"""A version that the data center offers comes by itself at night, and counts only once it has reached the engine."""

from __future__ import annotations

import re
from datetime import datetime

from appliance.text import JAPAN
from tests.image import esp
from tests.image.updated import Updated
from tests.lab import addresses


def test_in_the_evening_it_is_known_and_waits(updated: Updated) -> None:
    assert f"版 {updated.after} があります" in updated.evening
    assert f"{updated.night.astimezone(JAPAN):%Y-%m-%d} 02:00 からの予定です" in updated.evening
    assert '<section id="headline" class="ok"' in updated.evening


def test_it_comes_through_the_tunnel_at_night(updated: Updated) -> None:
    asked = updated.mirror.asked().splitlines()
    assert {line.split()[0] for line in asked} == {str(addresses.CLINIC_INNER)}
    assert sum(" 206 " in line for line in asked) > 1
    found = re.search(r"(\S+ \S+) に版 0\.2\.0 に更新しました", updated.done)
    assert found
    proven = datetime.strptime(found[1], "%Y-%m-%d %H:%M").replace(tzinfo=JAPAN)
    assert updated.night <= proven < updated.night.astimezone(JAPAN).replace(hour=5)


def test_it_is_good_only_when_the_engine_is_reached(updated: Updated) -> None:
    assert '<section id="headline" class="ok"' not in updated.trial
    assert updated.entries == (f"sekisho_{updated.before}.efi", f"sekisho_{updated.after}+1-1.efi")
    assert esp.entries(updated.machine.disk) == (f"sekisho_{updated.before}.efi", f"sekisho_{updated.after}.efi")
