"""What is expected, what is found about it, and the words that all rules share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from appliance.health.causes import CAUSES
from appliance.health.facts import Seen
from appliance.health.model import State
from appliance.health.titles import TITLES
from appliance.text import Text


@dataclass(frozen=True, slots=True)
class Expected:
    """What there should be. tunnels: in order of preference. helpers: the daemons that this router runs.

    lines: interface by the line's name, in order of preference. by_address: those of the services that take terminals
    without certificates. terminals: what staff call them, by name. lists: of revoked certificates, whose.
    listed: the terminals as the wire shows them, ``ADDRESS MAC``. is_direct: there are no tunnels, because the way to
    the engines is the internet.
    """

    lines: Mapping[str, str] = field(default_factory=dict)
    tunnels: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    by_address: frozenset[str] = frozenset()
    lists: tuple[str, ...] = ()
    terminals: Mapping[str, str] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    is_direct: bool = False

    def wants(self, kind: str, subject: str) -> bool:
        """Whether an observation can still matter under these expectations."""
        room, _, what = kind.partition(".")
        if room == "lan":
            return subject not in self.listed
        if room == "wan":
            return subject in self.lines.values()
        if room == "tunnel":
            return subject in self.tunnels
        if room == "engine":
            return subject.partition("@")[0] in self.services
        if room == "certificate":
            whose, _, which = subject.partition(":")
            return which in self.terminals if whose == "terminal" else subject in (*self.certificates, *self.lists)
        if room in ("push", "maintenance"):
            return subject in self.terminals
        return what != "engine" or subject in self.helpers


@dataclass(frozen=True, slots=True)
class Verdict:
    """A light before it is dated. behind: the observations that decided. values: fill the cause's sentences."""

    name: str
    title: Text
    cause: str
    behind: tuple[Seen, ...] = ()
    values: Mapping[str, Text] = field(default_factory=dict)
    parts: tuple[Verdict, ...] = ()

    @property
    def state(self) -> State:
        return CAUSES[self.cause].state


SEVERITY: dict[State, int] = {State.FAILED: 0, State.UNKNOWN: 1, State.WARNING: 2, State.OK: 3}
"""Order in which people should look. Unknown before warning: a warning has at least been proven to work."""


def light(name: str, what: str, *behind: Seen | None, **values: Text) -> Verdict:
    return Verdict(name, TITLES[name], f"{name}.{what}", tuple(seen for seen in behind if seen), values)


def unknown(room: str, title: Text, *last: Seen | None, name: str | None = None) -> Verdict:
    # "Checking" promises that an answer is on its way; once everything had an answer, silence is news by itself.
    known = tuple(seen for seen in last if seen)
    what = "no-news" if known and len(known) == len(last) else "checking"
    return Verdict(name or room, title, f"{room}.{what}", known)


def worst_first(parts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    return tuple(sorted(parts, key=lambda part: SEVERITY[part.state]))


def listed(names: Iterable[Text]) -> Text:
    listed = list(names)
    return Text("、".join(name.ja for name in listed), ", ".join(name.en for name in listed))
