"""Each refusal has its own word, and a wrong clock is not taken for an old file."""

from dataclasses import replace
from datetime import timedelta

import pytest

from appliance.errors import SekishoError
from appliance.update.acceptance import CLOCK, Clock, Device, check
from appliance.update.facts import Facts
from tests.unit.update.world import NOW

FACTS = Facts("1.10.0", 7, NOW, NOW + timedelta(days=60), ("mini-pc", "qemu"), 2, (), {})
DEVICE = Device("1.9.0", "mini-pc", 6, 2)
CLOCK_NOW = Clock(NOW + timedelta(days=1), sure=True)


def test_a_newer_version_is_taken() -> None:
    check(FACTS, DEVICE, CLOCK_NOW)
    # Nobody vouches for the clock, but what it shows can be.
    check(FACTS, DEVICE, replace(CLOCK_NOW, sure=False))


@pytest.mark.parametrize(
    ("device", "clock", "code"),
    [
        (replace(DEVICE, hardware="router"), CLOCK_NOW, "other-hardware"),
        (replace(DEVICE, version="1.10.0"), CLOCK_NOW, "up-to-date"),
        (replace(DEVICE, floor=7), CLOCK_NOW, "replayed"),
        (replace(DEVICE, floor=8), CLOCK_NOW, "replayed"),
        (replace(DEVICE, version="1.11.0"), CLOCK_NOW, "older"),
        (replace(DEVICE, settings=3), CLOCK_NOW, "older-settings"),
        (DEVICE, Clock(NOW + timedelta(days=60), sure=True), "expired"),
        (DEVICE, Clock(NOW + timedelta(days=60), sure=False), "clock-unsure"),
        (DEVICE, Clock(NOW - timedelta(seconds=1), sure=True), "clock-behind"),
        (DEVICE, Clock(NOW - timedelta(days=20_000), sure=False), "clock-behind"),
    ],
)
def test_refusals(device: Device, clock: Clock, code: str) -> None:
    with pytest.raises(SekishoError) as refused:
        check(FACTS, device, clock)
    assert refused.value.code == f"firmware.{code}"
    assert (refused.value.code in CLOCK) == code.startswith("clock")
    assert refused.value.text.ja.endswith("。")
