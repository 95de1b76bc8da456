"""`sekisho panel`: shows the page's lights on the lamps, and hears the reset button. Needs no network and no library.

What is shown is what the daemon says, as on the page. Where it says nothing the lamps say that; where we ourselves end,
the kernel lets them go dark (`lamps.LIFE`).
"""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from appliance.control.client import Client
from appliance.errors import SekishoError
from appliance.hardware.machine import own_profile
from appliance.hardware.model import Button, Profile
from appliance.panel import input_events, lamps
from appliance.panel.button import ResetButton, Wish
from appliance.panel.input_events import Keys
from appliance.panel.lamps import State
from appliance.panel.leds import Leds

LOOK_EVERY = 0.25
LOOK_FOR_DEVICE_EVERY = 10.0
ASK_AGAIN_AFTER = 1.0
SILENCE = 12.0
"""Seconds, all. The daemon promises a status every ten."""
RESET_TIMEOUT = 60.0

_log = logging.getLogger(__name__)


class Listening:
    """The lights as the daemon said them last, from a thread of its own."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.lights = lamps.silent()

    def start(self) -> None:
        threading.Thread(target=self._listen, name="status", daemon=True).start()

    def once(self) -> Iterator[dict[str, State]]:
        """What is to be shown, until the daemon says no more; at last, that it says nothing."""
        with suppress(SekishoError, ValueError, KeyError, TypeError):
            for status in self._client.subscribe(timeout=SILENCE):
                yield lamps.lights_of(status)
        yield lamps.silent()

    def _listen(self) -> NoReturn:
        while True:
            for lights in self.once():
                self.lights = lights
            time.sleep(ASK_AGAIN_AFTER)


class Pressing:
    """The reset button, whose device may come after us and go before us.

    find, claim: see `input_events`. fulfil: what somebody wants.
    """

    def __init__(
        self,
        button: Button,
        fulfil: Callable[[Wish], None],
        find: Callable[[Button], Path | None] = input_events.find,
        claim: Callable[[Path], int] = input_events.claim,
    ) -> None:
        self._button, self._fulfil, self._find, self._claim = button, fulfil, find, claim
        self._keys: Keys | None = None
        self._looked = -LOOK_FOR_DEVICE_EVERY
        self.state = ResetButton()

    def wait(self, seconds: float) -> None:
        """At most so long, or until there was something, which is done then."""
        keys = self._keys = self._keys or self._opened()
        if keys is None:
            time.sleep(seconds)
            return
        if not select.select([keys.descriptor], [], [], seconds)[0]:
            return
        try:
            events = keys.read()
        except OSError as error:
            _log.error("reset button: %s", error)
            os.close(keys.descriptor)
            self._keys, self.state = None, ResetButton()
            return
        for event in events:
            wish = self.state.handle(event)
            if wish is not None:
                self._fulfil(wish)

    def _opened(self) -> Keys | None:
        now = time.monotonic()
        if now - self._looked < LOOK_FOR_DEVICE_EVERY:
            return None
        self._looked = now
        device = self._find(self._button)
        if device is None:
            return None
        try:
            return Keys(self._claim(device), self._button.code)
        except OSError as error:
            _log.error("reset button %s: %s", device, error)
            return None


def fulfil(client: Client, wish: Wish) -> None:
    """By the local API, so that it is refused, done and recorded as for everybody else."""
    _log.warning("reset button: %s", wish)
    try:
        client.call("factory.reset", {"what": wish.value, "by": "button"}, timeout=RESET_TIMEOUT)
    except SekishoError as error:
        _log.error("reset button: %s", error)


def run(profile: Profile, client: Client, leds: Leds) -> NoReturn:
    listening = Listening(client)
    listening.start()
    pressing = Pressing(profile.reset, lambda wish: fulfil(client, wish)) if profile.reset else None
    while True:
        stage = pressing.state.stage(time.monotonic()) if pressing else None
        leds.show(lamps.leds(profile.lamps, listening.lights, stage), time.monotonic())
        if pressing:
            pressing.wait(LOOK_EVERY)
        else:
            time.sleep(LOOK_EVERY)


def main() -> int:
    """Raises SekishoError ``hardware.unknown``, ``hardware.bad-profile``."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    profile = own_profile()
    if not profile.lamps and profile.reset is None:
        _log.info("%s has neither lamps nor a reset button", profile.title)
        return 0
    run(profile, Client(), Leds())
