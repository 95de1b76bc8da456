"""LEDs of the kernel (/sys/class/leds): only what changed is written, and the refreshment that keeps them going."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from appliance.panel.lamps import AGAIN_EVERY, Rhythm

LEDS = Path("/sys/class/leds")

_log = logging.getLogger(__name__)


class Leds:
    """directory: the kernel's class of LEDs."""

    def __init__(self, directory: Path = LEDS) -> None:
        self._directory = directory
        self._told: dict[str, Rhythm | None] = {}
        self._refreshed: dict[str, float] = {}
        self._failed: set[str] = set()

    def show(self, wanted: Mapping[str, Rhythm | None], now: float) -> None:
        """now: seconds of a clock that does not jump. An LED that cannot be written is logged once, and tried again."""
        for name, rhythm in wanted.items():
            is_new = name not in self._told or self._told[name] != rhythm
            is_old = rhythm is not None and now - self._refreshed.get(name, now) >= AGAIN_EVERY
            if not (is_new or is_old):
                continue
            try:
                self._tell(name, rhythm, is_new)
            except (OSError, ValueError) as error:
                if name not in self._failed:
                    _log.error("LED %s: %s", name, error)
                self._failed.add(name)
                self._told.pop(name, None)
                continue
            self._failed.discard(name)
            self._told[name], self._refreshed[name] = rhythm, now

    def _tell(self, name: str, rhythm: Rhythm | None, is_new: bool) -> None:
        led = self._directory / name
        if rhythm is None:
            _write(led / "trigger", "none")
            _write(led / "brightness", "0")
            return
        if name not in self._told or self._told[name] is None:
            # With the LED's own brightness, another would be refused.
            _write(led / "trigger", "pattern")
        # The count first: from the first moment the rhythm ends by itself. Written anew, it begins anew.
        _write(led / "repeat", str(rhythm.repeat))
        if is_new:
            _write(led / "pattern", rhythm.text(int((led / "max_brightness").read_text())))


def _write(file: Path, text: str) -> None:
    # Not made where it is missing: there are no files in sysfs but the kernel's.
    with file.open("r+") as stream:
        stream.truncate()
        stream.write(text)
