"""A key of the kernel's (evdev): struct input_event of linux/input.h, read without a library."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from appliance.hardware.model import Button
from appliance.panel.button import Down, Event, Lost, Up

SYS = Path("/sys/class/input")
DEV = Path("/dev/input")

_EVENT = struct.Struct("@llHHi")
"""Seconds and microseconds, type, code, value; two longs as this machine has them."""
_EV_SYN, _EV_KEY = 0, 1
_SYN_DROPPED = 3
_RELEASED, _PRESSED = 0, 1
"""2 is the keyboard's repetition, which is no new press."""
_EVIOCGRAB, _EVIOCSCLOCKID = 0x40044590, 0x400445A0
_CLOCK_MONOTONIC = 1
_MOST = 64
"""Events of one read."""


def find(button: Button, sys: Path = SYS, dev: Path = DEV) -> Path | None:
    """The button's device; None where it is not there (yet)."""
    for entry in sorted(sys.glob("event*")):
        try:
            if (entry / "device/name").read_text().strip() == button.device:
                return dev / entry.name
        except OSError:
            continue
    return None


def claim(device: Path) -> int:
    """A descriptor from which `Keys` reads: for us alone, and dated by CLOCK_MONOTONIC. Raises OSError.

    For us alone, because logind takes the same key for an order to reboot (HandleRebootKey= of logind.conf(5)).
    """
    descriptor = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _EVIOCSCLOCKID, struct.pack("@i", _CLOCK_MONOTONIC))
        fcntl.ioctl(descriptor, _EVIOCGRAB, 1)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class Keys:
    """What happens to the key `code` of the device behind `descriptor`, which does not block."""

    def __init__(self, descriptor: int, code: int) -> None:
        self.descriptor = descriptor
        self._code = code
        self._rest = b""

    def read(self) -> list[Event]:
        """Since the last time; nothing while there is nothing. Raises OSError: the device is gone."""
        try:
            data = os.read(self.descriptor, _EVENT.size * _MOST)
        except BlockingIOError:
            return []
        if not data:
            raise OSError("the input device has ended")
        data = self._rest + data
        whole = len(data) - len(data) % _EVENT.size
        self._rest = data[whole:]
        return [event for found in _EVENT.iter_unpack(data[:whole]) if (event := self._event(*found)) is not None]

    def _event(self, seconds: int, micros: int, kind: int, code: int, value: int) -> Event | None:
        if (kind, code) == (_EV_SYN, _SYN_DROPPED):
            return Lost()
        if (kind, code) != (_EV_KEY, self._code):
            return None
        at = seconds + micros / 1e6
        if value == _PRESSED:
            return Down(at)
        return Up(at) if value == _RELEASED else None
