"""Pure: what slows those who guess, and locks nobody out for ever.

Failures are counted three times: for a name from an address, for an address, and for a name from wherever. From a
browser that has logged in under a name before (it keeps a token of that) they are counted for that browser and
nothing else, so that nobody can do anything against it from elsewhere. Whoever must wait is told for how long;
an attempt during the wait is not looked at, and does not make it longer. A reboot forgets all of it.

Times are seconds on a clock that never goes back.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

FREE = 5
"""Failures in a row that cost nothing, for a name from an address, and for a known browser."""
FREE_FOR_ADDRESS = 20
FREE_FOR_NAME = 10
LONGEST = 900.0
"""No wait is longer; it begins with 2 s and doubles."""
SLOT = 40.0
"""So often a name under attack is looked at: with those that are free at most 100 times in an hour (OWASP ASVS)."""
FORGOTTEN = 86400.0
FORGOTTEN_FOR_NAME = 3600.0
"""After so long without a failure."""
MOST = 4096
"""Counters of each kind; the one that was touched longest ago goes first."""


@dataclass(slots=True)
class _Counter:
    failures: int = 0
    last: float = 0.0


class _Counters:
    def __init__(self, free: int, longest: float, constant: float | None, forgotten: float) -> None:
        self._free = free
        self._longest = longest
        self._constant = constant
        self._forgotten = forgotten
        self._found: OrderedDict[tuple[str, ...], _Counter] = OrderedDict()

    def wait(self, key: tuple[str, ...], now: float) -> float:
        counter = self._found.get(key)
        if counter is None or counter.failures < self._free or now - counter.last >= self._forgotten:
            return 0.0
        doubled = 2.0 ** min(counter.failures - self._free + 1, 20)
        delay = min(doubled, self._longest) if self._constant is None else self._constant
        return max(0.0, counter.last + delay - now)

    def failed(self, key: tuple[str, ...], now: float) -> None:
        counter = self._found.pop(key, None)
        if counter is None or now - counter.last >= self._forgotten:
            counter = _Counter()
        counter.failures += 1
        counter.last = now
        self._found[key] = counter
        while len(self._found) > MOST:
            self._found.popitem(last=False)

    def forget(self, key: tuple[str, ...]) -> None:
        self._found.pop(key, None)

    def forget_name(self, name: str) -> None:
        for key in [key for key in self._found if key[0] == name]:
            del self._found[key]


class LockOut:
    """browser: names a browser that is known to have logged in under `name`, empty for all others."""

    def __init__(self) -> None:
        self._browsers = _Counters(FREE, LONGEST, None, FORGOTTEN)
        self._pairs = _Counters(FREE, LONGEST, None, FORGOTTEN)
        self._addresses = _Counters(FREE_FOR_ADDRESS, LONGEST, None, FORGOTTEN)
        self._names = _Counters(FREE_FOR_NAME, LONGEST, SLOT, FORGOTTEN_FOR_NAME)

    def wait(self, name: str, address: str, browser: str, now: float) -> float:
        """Seconds until an attempt will be looked at; 0: now."""
        if browser:
            return self._browsers.wait((name, browser), now)
        return max(
            self._pairs.wait((name, address), now),
            self._addresses.wait((address,), now),
            self._names.wait((name,), now),
        )

    def failed(self, name: str, address: str, browser: str, now: float) -> None:
        if browser:
            self._browsers.failed((name, browser), now)
            return
        self._pairs.failed((name, address), now)
        self._addresses.failed((address,), now)
        self._names.failed((name,), now)

    def succeeded(self, name: str, address: str, browser: str) -> None:
        """The address keeps its count: who has one log-in shall not guess at another's for it."""
        self._browsers.forget((name, browser))
        self._pairs.forget((name, address))
        self._names.forget((name,))

    def unlock(self, name: str) -> None:
        """The operator says so: of this name nothing is remembered."""
        for counters in (self._browsers, self._pairs, self._names):
            counters.forget_name(name)
