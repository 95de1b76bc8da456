"""LEDs: what is written into the kernel's files, in a directory that stands in for its class."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from appliance.panel.lamps import RHYTHMS, State
from appliance.panel.leds import Leds

OK, FAILED = RHYTHMS[State.OK], RHYTHMS[State.FAILED]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("apu:green:1", "apu:green:2"):
        led = tmp_path / name
        led.mkdir()
        (led / "max_brightness").write_text("1\n")
        for file in ("brightness", "trigger", "pattern", "repeat"):
            (led / file).write_text("")
    return tmp_path


def read(directory: Path, name: str = "apu:green:1") -> dict[str, str]:
    return {file: (directory / name / file).read_text() for file in ("trigger", "pattern", "repeat", "brightness")}


def forget(directory: Path) -> None:
    for file in directory.glob("*/*"):
        if file.name != "max_brightness":
            file.write_text("")


def test_a_rhythm_is_the_kernel_s_to_play_and_ends(directory: Path) -> None:
    Leds(directory).show({"apu:green:1": FAILED}, 0.0)
    written = {"trigger": "pattern", "pattern": "1 250 1 0 0 250 0 0", "repeat": "30", "brightness": ""}
    assert read(directory) == written


def test_dark_is_dark(directory: Path) -> None:
    leds = Leds(directory)
    leds.show({"apu:green:1": OK}, 0.0)
    leds.show({"apu:green:1": None}, 1.0)
    assert (read(directory)["trigger"], read(directory)["brightness"]) == ("none", "0")


def test_only_changes_are_written_and_the_refreshment(directory: Path) -> None:
    leds = Leds(directory)
    leds.show({"apu:green:1": OK, "apu:green:2": None}, 0.0)
    forget(directory)
    leds.show({"apu:green:1": OK, "apu:green:2": None}, 4.9)
    assert set(read(directory).values()) == {""}
    leds.show({"apu:green:1": OK, "apu:green:2": None}, 5.0)
    # Not the pattern: the count alone has it begin anew.
    assert read(directory) == {"trigger": "", "pattern": "", "repeat": "1", "brightness": ""}
    assert set(read(directory, "apu:green:2").values()) == {""}
    leds.show({"apu:green:1": FAILED}, 6.0)
    assert read(directory)["trigger"] == "", "it plays patterns already"
    assert read(directory)["pattern"].startswith("1 250 ")


def test_an_led_that_is_not_there_holds_up_no_other(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    leds = Leds(directory)
    with caplog.at_level(logging.ERROR):
        for now in (0.0, 1.0, 2.0):
            leds.show({"gone": OK, "apu:green:2": OK}, now)
    assert len(caplog.records) == 1
    assert not (directory / "gone").exists()
    assert read(directory, "apu:green:2")["trigger"] == "pattern"
    # When its driver comes, it is told everything.
    (directory / "apu:green:1").rename(directory / "gone")
    forget(directory)
    leds.show({"gone": OK}, 3.0)
    assert read(directory, "gone")["trigger"] == "pattern"
