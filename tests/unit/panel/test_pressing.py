"""The button, with the kernel's own bytes: struct input_event as a real device sends it."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.hardware.model import Button
from appliance.panel.button import Down, Event, Lost, Stage, Up, Wish
from appliance.panel.input_events import Keys, find
from appliance.panel.run import Pressing

RESTART = 408
BUTTON = Button("gpio-keys-polled", RESTART)


def event(seconds: float, kind: int, code: int, value: int) -> bytes:
    return struct.pack("@llHHi", int(seconds), round(seconds % 1 * 1e6), kind, code, value)


def report(seconds: float, value: int, code: int = RESTART) -> bytes:
    """A key and the end of its packet (SYN_REPORT), as evdev sends it."""
    return event(seconds, 1, code, value) + event(seconds, 0, 0, 0)


DROPPED = event(0, 0, 3, 0)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_presses_are_read_with_the_kernel_s_own_times(pipe: tuple[int, int]) -> None:
    keys = Keys(pipe[0], RESTART)
    assert keys.read() == []
    os.write(pipe[1], report(7.25, 1) + report(7.75, 2) + report(8.5, 0) + report(9, 1, code=30) + DROPPED)
    assert keys.read() == [Down(7.25), Up(8.5), Lost()]


def test_a_device_that_is_gone_is_told() -> None:
    reading, ending = os.pipe2(os.O_NONBLOCK)
    os.close(ending)
    with pytest.raises(OSError, match="ended"):
        Keys(reading, RESTART).read()
    os.close(reading)


@given(st.binary(max_size=400), st.lists(st.integers(1, 40), max_size=12))
def test_any_bytes_in_any_pieces_are_the_same_events(noise: bytes, cuts: list[int]) -> None:
    data = report(1.0, 1) + noise[: len(noise) - len(noise) % 24] + report(2.0, 0)
    assert _read(data, cuts) == _read(data, [])


def _read(data: bytes, cuts: list[int]) -> list[Event]:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    try:
        keys, found = Keys(reading, RESTART), list[Event]()
        for cut in [*cuts, len(data)]:
            os.write(writing, data[:cut])
            data = data[cut:]
            if cut:
                found += keys.read()
        return found
    finally:
        os.close(reading)
        os.close(writing)


def test_the_device_is_found_by_its_name(tmp_path: Path) -> None:
    for number, name in ((0, "Power Button"), (3, "gpio-keys-polled")):
        device = tmp_path / f"event{number}/device"
        device.mkdir(parents=True)
        (device / "name").write_text(f"{name}\n")
    (tmp_path / "event9").mkdir()
    assert find(BUTTON, tmp_path, Path("/dev/input")) == Path("/dev/input/event3")
    assert find(Button("other", RESTART), tmp_path) is None


def test_what_somebody_presses_is_done_once(pipe: tuple[int, int]) -> None:
    done: list[Wish] = []
    pressing = Pressing(BUTTON, done.append, lambda _: Path("/dev/input/event3"), lambda _: pipe[0])
    os.write(pipe[1], report(100.0, 1))
    pressing.wait(5)
    assert pressing.state.stage(101.0) is Stage.HELD
    os.write(pipe[1], report(106.0, 0))
    pressing.wait(5)
    assert done == [Wish.LOG_IN]
    os.write(pipe[1], report(200.0, 1) + report(216.0, 0))
    pressing.wait(5)
    assert (done, pressing.state.stage(217.0)) == ([Wish.LOG_IN], Stage.ARMED)
    os.write(pipe[1], report(220.0, 1) + report(220.4, 0))
    pressing.wait(5)
    assert done == [Wish.LOG_IN, Wish.EVERYTHING]


def test_a_device_that_goes_in_the_middle_of_a_press_leaves_nothing_behind() -> None:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    done: list[Wish] = []
    pressing = Pressing(BUTTON, done.append, lambda _: Path("/dev/input/event3"), lambda _: reading)
    threading.Thread(target=lambda: (os.write(writing, report(100.0, 1)), os.close(writing))).start()
    while pressing.state.stage(100.0) is None:
        pressing.wait(1)
    while pressing.state.stage(100.0) is not None:
        pressing.wait(1)
    assert done == []
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(reading)
