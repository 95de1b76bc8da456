"""Pure: is the record whole? Each entry names the digest of the line before, and the head names the last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from appliance.audit.entry import BEGINNING, decode, digest

MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Head:
    """first: number of the oldest entry that is kept; before: what it names as the line before.

    last and hash: of the newest line; 0 and `BEGINNING` while there is none.
    """

    first: int = 1
    before: str = BEGINNING
    last: int = 0
    hash: str = BEGINNING

    def after(self, number: int, line: bytes) -> Head:
        return replace(self, last=number, hash=digest(line))


class Kind(StrEnum):
    CHANGED = "changed"
    MISSING = "missing"
    OUT_OF_ORDER = "out-of-order"
    UNREADABLE = "unreadable"
    NO_HEAD = "no-head"
    OTHER_RECORD = "other-record"


@dataclass(frozen=True, slots=True)
class Fault:
    """number: of the entry that is not as it was (unreadable: that would stand there). until: of the last missing."""

    kind: Kind
    number: int
    until: int
    file: str


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody noted down earlier: that entry `number` has the digest `hash`."""

    number: int
    hash: str


@dataclass(slots=True)
class Verdict:
    """entries: how many were read. last, hash: of the newest line, to be noted down elsewhere."""

    entries: int = 0
    first: int = 0
    last: int = 0
    hash: str = BEGINNING
    faults: list[Fault] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return not self.faults


def verify(lines: Iterable[tuple[str, bytes]], head: Head | None, known: Known | None = None) -> Verdict:
    """lines: all that are kept, oldest first, each with its file's name. head: as it was **before** they were read,
    None where there is none; lines beyond it may be there already. The first `MOST_FAULTS` are told.
    """
    walk = _Walk(head or Head(), known)
    if head is None:
        walk.fault(Kind.NO_HEAD, 0, "")
    for file, line in lines:
        walk.take(file, line)
    return walk.end()


class _Walk:
    def __init__(self, head: Head, known: Known | None) -> None:
        self._head = head
        self._known = known
        self._verdict = Verdict(first=head.first, last=head.first - 1, hash=head.before)
        self._file = ""
        self._met = known is None

    def fault(self, kind: Kind, number: int, file: str, until: int | None = None) -> None:
        if len(self._verdict.faults) < MOST_FAULTS:
            self._verdict.faults.append(Fault(kind, number, number if until is None else until, file))

    def take(self, file: str, line: bytes) -> None:
        self._file = file
        expected = self._verdict.last + 1
        try:
            entry = decode(line)
        except ValueError:
            self.fault(Kind.UNREADABLE, expected, file)
            self._went(expected, line)
            return
        if entry.number < self._head.first and expected == self._head.first:
            return  # its month is being dropped
        if entry.number > expected:
            self.fault(Kind.MISSING, expected, file, entry.number - 1)
        elif entry.number < expected:
            self.fault(Kind.OUT_OF_ORDER, entry.number, file)
        elif entry.before != self._verdict.hash:
            self.fault(Kind.CHANGED, entry.number - 1, file)
        self._went(entry.number, line)

    def _went(self, number: int, line: bytes) -> None:
        found = self._verdict
        found.entries, found.last, found.hash = found.entries + 1, number, digest(line)
        if number == self._head.last and found.hash != self._head.hash:
            self.fault(Kind.CHANGED, number, self._file)
        if self._known is not None and number == self._known.number:
            self._met = True
            if found.hash != self._known.hash:
                self.fault(Kind.OTHER_RECORD, number, self._file)

    def end(self) -> Verdict:
        found = self._verdict
        if found.last < self._head.last:
            self.fault(Kind.MISSING, found.last + 1, self._file, self._head.last)
        if self._known is not None and not self._met and self._known.number >= self._head.first:
            self.fault(Kind.OTHER_RECORD, self._known.number, self._file)
        return found
