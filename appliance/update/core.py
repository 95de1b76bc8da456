"""An update from the offer to the proof: pure, events in and commands out.

Until the restart nothing that runs is touched. From the restart on the boot loader counts: a version that is not said
to be good comes up twice at most, then the one before comes back by itself. What is kept tells the version that finds
it, whichever that is, what happened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from appliance.text import Text
from appliance.update.window import Wait

PROVING_SECONDS = 600.0
"""How long a version may take until the lights prove it."""
STEADY_SECONDS = 10.0
"""How long they must then stay so."""
ATTEMPTS = 2
"""How often a version is tried by itself: the night in which the line was down, or the power, is not its fault."""


class Stage(StrEnum):
    """idle: nothing is on its way. writing: into the other slot. staged: whole, waits for the restart. tried: restarted
    into it, and not known to be good."""

    IDLE = "idle"
    WRITING = "writing"
    STAGED = "staged"
    TRIED = "tried"


class Ended(StrEnum):
    INSTALLED = "installed"
    RETURNED = "returned"


class Again(StrEnum):
    """Who may try a version that came back another time."""

    BY_ITSELF = "by-itself"
    BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True)
class Offer:
    """source: a file, or empty for the data center's. by_hand: no hours for writing. at_once: nor for the restart."""

    version: str
    generation: int
    source: str
    by_hand: bool = False
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Last:
    """How the newest attempt ended. at: aware."""

    version: str
    ended: Ended
    at: datetime
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What survives every cut.

    floor: generation of the newest version that was good here. must: what was green before the restart. complaint: what
    the version on trial said of itself, for the one that comes back. blocked: generation that is not tried by itself
    any more.
    """

    floor: int = 0
    stage: Stage = Stage.IDLE
    offer: Offer | None = None
    must: tuple[str, ...] = ()
    attempts: int = 0
    complaint: Text | None = None
    last: Last | None = None
    blocked: int = 0


# ---- events ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """A daemon begins. version: of the system that runs."""

    now: datetime
    version: str


@dataclass(frozen=True, slots=True)
class Offered:
    """A manifest was accepted."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Written:
    """The slot holds it, to the last byte, and the boot loader's entry is there, not yet to be started."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """It cannot be had: what there is of it is worth nothing."""


@dataclass(frozen=True, slots=True)
class Look:
    """waits: what keeps the next step from being done, None for nothing. green: by name, now."""

    waits: Wait | None
    green: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blessed:
    """The boot loader counts no more: the version is there to stay."""

    now: datetime


@dataclass(frozen=True, slots=True)
class Failed:
    """The version on trial has had its time."""

    reason: Text


@dataclass(frozen=True, slots=True)
class NotArmed:
    """The entry could not be given to the boot loader: what the slot holds is looked through once more."""


Event = Started | Offered | Written | Dropped | Look | NotArmed | Blessed | Failed

# ---- commands ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keep:
    """Durably, before the next command."""

    kept: Kept


@dataclass(frozen=True, slots=True)
class Write:
    """Into the other slot, from wherever it was broken off."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Arm:
    """Let the boot loader try the version, with its full count."""

    version: str


@dataclass(frozen=True, slots=True)
class Restart:
    pass


Command = Keep | Write | Arm | Restart


def handle(kept: Kept, event: Event) -> tuple[Command, ...]:
    """What follows from `event`; the newest `Keep` holds what is to be kept, none: nothing changed."""
    match event:
        case Started() if kept.stage is Stage.TRIED and kept.offer is not None:
            return () if event.version == kept.offer.version else (Keep(_returned(kept, kept.offer, event.now)),)
        case Offered():
            # What is on trial decides first; a file that a person names goes before what the data center offers.
            if kept.stage is Stage.TRIED or _is_on_its_way(kept, event.offer) or _is_blocked(kept, event.offer):
                return ()
            return (Keep(replace(kept, stage=Stage.WRITING, offer=event.offer, attempts=0, complaint=None)),)
        case Dropped() if kept.stage is Stage.WRITING:
            return (Keep(replace(kept, stage=Stage.IDLE, offer=None)),)
        case Written() if kept.stage is Stage.WRITING:
            return (Keep(replace(kept, stage=Stage.STAGED)),)
        case Look() if event.waits is None and kept.offer is not None:
            if kept.stage is Stage.WRITING:
                return (Write(kept.offer),)
            if kept.stage is Stage.STAGED:
                # First it is written down: if the power goes now, this version comes up and says that it returned.
                tried = replace(kept, stage=Stage.TRIED, must=event.green, complaint=None)
                return Keep(tried), Arm(kept.offer.version), Restart()
            return ()
        case NotArmed() if kept.stage is Stage.TRIED:
            return (Keep(replace(kept, stage=Stage.WRITING, must=())),)
        case Failed() if kept.stage is Stage.TRIED:
            return (Keep(replace(kept, complaint=event.reason)),)
        case Blessed() if kept.stage is Stage.TRIED and kept.offer is not None:
            good = Last(kept.offer.version, Ended.INSTALLED, event.now)
            floor = max(kept.floor, kept.offer.generation)
            return (Keep(Kept(floor=floor, last=good, blocked=kept.blocked)),)
        case _:
            return ()


def _returned(kept: Kept, offer: Offer, now: datetime) -> Kept:
    reason = kept.complaint or Text(
        "起動しなかったか、確かめている間に電源が切れました。",
        "it did not come up, or the power went while it was being proven.",
    )
    last = Last(offer.version, Ended.RETURNED, now, reason)
    attempts = kept.attempts + 1
    if attempts < ATTEMPTS:
        # Its slot is whole still. From here on it is no longer a matter of "now".
        again = replace(offer, at_once=False)
        return replace(kept, stage=Stage.STAGED, offer=again, attempts=attempts, must=(), complaint=None, last=last)
    return Kept(floor=kept.floor, last=last, blocked=max(kept.blocked, offer.generation))


def _is_on_its_way(kept: Kept, offer: Offer) -> bool:
    """The same, and nothing that a person now wants otherwise; or something by hand before what comes by itself."""
    if kept.offer is None:
        return False
    if kept.offer.by_hand and not offer.by_hand:
        return True
    return kept.offer == offer


def _is_blocked(kept: Kept, offer: Offer) -> bool:
    return offer.generation <= kept.blocked and not offer.by_hand


def again(kept: Kept) -> Again | None:
    """Of the version that came back last; None where that is not the question, or not any more."""
    last, offer = kept.last, kept.offer
    if last is None or last.ended is not Ended.RETURNED:
        return None
    if offer is None:
        # Dropped between its two tries, it is taken as if it were new.
        return Again.BY_HAND if kept.blocked > kept.floor and not kept.attempts else None
    return Again.BY_ITSELF if kept.attempts and kept.stage is not Stage.TRIED else None


def is_proven(must: tuple[str, ...], green: tuple[str, ...]) -> bool:
    return set(must) <= set(green)
