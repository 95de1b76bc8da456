"""What a target is, and how it is found by its name, ``ROOM.WHAT``: the function WHAT of tests/fuzz/rooms/ROOM.py.

A target is called with bytes that anybody may have sent. It returns, whatever they are: it catches the errors that
the reader's docstring documents, and raises for everything else. Beside that, each input is held to what is true
everywhere: a bound on the processor's time, and no word in the log of an error of our own.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Never

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
CPU_SECONDS = 5.0
"""For one input, under instrumentation; the processor's time, because a busy machine proves nothing."""


class TooSlow(BaseException):
    """An input took more than `CPU_SECONDS`. No reader shall take it for an error that it may catch."""


@dataclass(frozen=True, slots=True)
class Target:
    """longest: bytes of an input that are worth trying. words: what a mutation may put in, beside what it learns."""

    name: str
    check: Callable[[bytes], None]
    longest: int
    words: tuple[str, ...]

    @property
    def corpus(self) -> Path:
        """The inputs that are kept: good examples, and what was once found."""
        return CORPUS / self.name

    def run(self, data: bytes) -> None:
        """Raises whatever breaks the promise."""
        _ERRORS.clear()
        signal.signal(signal.SIGPROF, _too_slow)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        try:
            self.check(data)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if _ERRORS:
            raise AssertionError(f"an error was logged: {_ERRORS[0].getMessage()}") from _cause(_ERRORS[0])


def target(*, longest: int = 2048, words: tuple[str, ...] = ()) -> Callable[[Callable[[bytes], None]], Target]:
    """Make a function of a room a target."""

    def register(check: Callable[[bytes], None]) -> Target:
        return Target(f"{check.__module__.rpartition('.')[2]}.{check.__name__}", check, longest, words)

    return register


def named(name: str) -> Target:
    """Raises LookupError. Nothing but its room is imported."""
    room, _, what = name.partition(".")
    if (HERE / "rooms" / f"{room}.py").exists():
        found = getattr(import_module(f"tests.fuzz.rooms.{room}"), what, None)
        if isinstance(found, Target):
            return found
    raise LookupError(name)


def every() -> list[Target]:
    rooms = sorted(path.stem for path in (HERE / "rooms").glob("[a-z]*.py"))
    modules = [import_module(f"tests.fuzz.rooms.{room}") for room in rooms]
    return [found for module in modules for found in vars(module).values() if isinstance(found, Target)]


class _Listener(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _ERRORS.append(record)


_ERRORS: list[logging.LogRecord] = []
logging.getLogger().addHandler(_Listener(logging.ERROR))


def _cause(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _too_slow(_number: int, _frame: FrameType | None) -> Never:
    raise TooSlow(f"more than {CPU_SECONDS:g} s of the processor's time")
