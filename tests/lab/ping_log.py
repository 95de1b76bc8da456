"""Monitoring pings the router's inner address all the time: both directions of the path, as packets see it."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import addresses
from tests.lab.waiting import until
from tests.lab.world import World

INTERVAL = 0.005
"""Seconds from one question to the next."""

_ANSWER = re.compile(r"^\[(\d+\.\d+)\] \d+ bytes from", re.MULTILINE)
_END_OF_ANSWER = "ms\n"


class PingLog:
    """Runs inside its ``with`` block. file: where ping(8) writes; a pipe would stop it when nobody reads."""

    def __init__(self, world: World, file: Path) -> None:
        self._machine = world.machines["core"]
        self._file = file

    def __enter__(self) -> Self:
        command = ["ping", "-D", "-n", "-i", str(INTERVAL), "-I", str(addresses.MONITORING.ip)]
        with self._file.open("wb") as output:
            self._process = self._machine.start([*command, str(addresses.CLINIC_INNER)], stdout=output)
        until(self._answers, "an answer to a ping")
        return self

    def longest_gap(self, since: float) -> float:
        """The longest time without an answer from `since` (Unix time) until now, in seconds."""
        now = time.time()
        answers = [at for at in self._answers() if at > since]
        return max(later - earlier for earlier, later in pairwise([since, *answers, max(now, *answers, since)]))

    def _answers(self) -> list[float]:
        """Unix times. The last line may still be in the writing."""
        text = self._file.read_text()
        return [float(at) for at in _ANSWER.findall(text[: text.rfind(_END_OF_ANSWER)])]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(10)
