"""A change on trial: pure, events in and commands out.

What is in force does not change until somebody confirms: until then a power cut, which empties the kernel,
ends in the settings of before by itself. A crash of the daemon does not: so what is tried, and until when,
is kept before anything changes, and the next daemon goes on from there.

Times are seconds of CLOCK_BOOTTIME, which nobody can set.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from appliance.site import trial_words as words
from appliance.text import Text

SHORTEST, LONGEST = 30.0, 3600.0
"""Seconds that a trial may last."""
CHECK_SECONDS = 60.0
"""How long what was green may take to be green again; half of the trial when that is less."""
STEADY_SECONDS = 2.0
"""How long it must then stay green: a path that has just died looks alive for a moment."""
RETURN_AGAIN_AFTER = 5.0


class Phase(StrEnum):
    """checking: by itself. waiting: for the person. returning: to what was before."""

    CHECKING = "checking"
    WAITING = "waiting"
    RETURNING = "returning"


class Ending(StrEnum):
    """Of a version. applied: without a trial."""

    APPLIED = "applied"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """What must survive the daemon.

    version: its number in the history. boot: `clock.this_boot` at its beginning; another one means that the kernel
    has lost everything since.
    green: names of the lights that were green before. token: SHA-256 of what whoever started it was given.
    reason: why it is being returned.
    """

    version: int
    boot: str
    seconds: float
    deadline: float
    check_until: float
    green: tuple[str, ...]
    token: str
    phase: Phase = Phase.CHECKING
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A light since the change. text: its own words."""

    green: bool
    text: Text


# ---- events ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begin:
    now: float
    boot: str
    version: int
    seconds: float
    green: tuple[str, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Found:
    """A daemon that has just started finds a trial. committed: what is in force is what was tried."""

    now: float
    boot: str
    trial: Trial
    committed: bool


@dataclass(frozen=True, slots=True)
class NotTried:
    """What was to be tried could not be brought into the kernel."""

    reason: Text


@dataclass(frozen=True, slots=True)
class Look:
    """lights: by name, from what was seen since the change alone."""

    now: float
    lights: Mapping[str, Seen]


@dataclass(frozen=True, slots=True)
class Confirm:
    """By whoever was told the token when the trial began: he has been at the router's console all the time."""

    now: float
    token: str


@dataclass(frozen=True, slots=True)
class ConfirmAfterLogIn:
    """By somebody on the page, who logged in at `since`: a log-in during the trial came over the new settings."""

    now: float
    since: float


@dataclass(frozen=True, slots=True)
class Committed:
    """What was tried is in force."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Somebody does not want it."""

    reason: Text


@dataclass(frozen=True, slots=True)
class Abandon:
    """The whole router is being taken down."""

    reason: Text


@dataclass(frozen=True, slots=True)
class Returned:
    """What was before is in the kernel again."""


@dataclass(frozen=True, slots=True)
class NotReturned:
    now: float


Event = (
    Begin
    | Found
    | NotTried
    | Look
    | Confirm
    | ConfirmAfterLogIn
    | Committed
    | Cancel
    | Abandon
    | Returned
    | NotReturned
)

# ---- commands ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keep:
    """Durably, before the next command."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class Try:
    """Bring the version into the kernel; a failure is answered with `NotTried`."""

    version: int


@dataclass(frozen=True, slots=True)
class Commit:
    """Make the version what is in force, durably; answered with `Committed`."""

    version: int


@dataclass(frozen=True, slots=True)
class Return:
    """Bring what is in force into the kernel again; answered with `Returned` or `NotReturned`."""


@dataclass(frozen=True, slots=True)
class End:
    """Note in the history how it ended."""

    version: int
    ending: Ending
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Forget:
    """The trial is over."""


Command = Keep | Try | Commit | Return | End | Forget


def digest_of(token: str) -> str:
    """What is kept of a token. Capitals, spaces and hyphens do not matter: a person types it."""
    plain = "".join(character for character in token.lower() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


class Trials:
    """At most one trial at a time."""

    def __init__(self) -> None:
        self.trial: Trial | None = None
        self._green_since: float | None = None
        self._return_at = 0.0

    def handle(self, event: Event) -> tuple[Command, ...]:
        """What to do now, in this order. SekishoError: the event is refused and changes nothing."""
        match event:
            case Begin():
                return self._begin(event)
            case Found():
                return self._found(event)
        trial = self.trial
        if trial is None:
            if isinstance(event, Confirm | ConfirmAfterLogIn | Cancel):
                raise words.none()
            return ()
        match event:
            case NotTried(reason) | Cancel(reason):
                return self._give_up(trial, reason)
            case Look(now, lights):
                return self._look(trial, now, lights)
            case Confirm(now, token):
                _refuse_another_token(trial, token)
                _refuse_moment(trial, now)
                return (Commit(trial.version),)
            case ConfirmAfterLogIn(now, since):
                _refuse_log_in_from_before(trial, since)
                _refuse_moment(trial, now)
                return (Commit(trial.version),)
            case Committed():
                self.trial = None
                return (End(trial.version, Ending.CONFIRMED), Forget())
            case Abandon(reason):
                self.trial = None
                return (End(trial.version, Ending.RETURNED, reason), Forget())
            case Returned():
                self.trial = None
                return (End(trial.version, Ending.RETURNED, trial.reason), Forget())
            case NotReturned(now):
                self._return_at = now + RETURN_AGAIN_AFTER
                return ()

    def _begin(self, event: Begin) -> tuple[Command, ...]:
        self.refuse_another()
        refuse_length(event.seconds)
        deadline = event.now + event.seconds
        trial = Trial(
            event.version,
            event.boot,
            event.seconds,
            deadline,
            _check_until(event.now, event.seconds, deadline),
            event.green,
            event.token,
        )
        return self._try(trial)

    def refuse_another(self) -> None:
        """SekishoError while a trial runs."""
        if self.trial is not None:
            raise words.running()

    def _found(self, event: Found) -> tuple[Command, ...]:
        trial = event.trial
        if event.committed:
            return (End(trial.version, Ending.CONFIRMED), Forget())
        if trial.boot != event.boot:
            return (End(trial.version, Ending.RETURNED, trial.reason or words.POWER_CUT), Forget())
        if trial.phase is Phase.RETURNING:
            self.trial = trial
            return (Return(),)
        if event.now >= trial.deadline:
            return self._give_up(trial, words.NOT_CONFIRMED)
        check_until = _check_until(event.now, trial.seconds, trial.deadline)
        return self._try(replace(trial, phase=Phase.CHECKING, check_until=check_until))

    def _try(self, trial: Trial) -> tuple[Command, ...]:
        self.trial, self._green_since = trial, None
        return (Keep(trial), Try(trial.version))

    def _give_up(self, trial: Trial, reason: Text) -> tuple[Command, ...]:
        if trial.phase is Phase.RETURNING:
            return ()
        self.trial, self._return_at = replace(trial, phase=Phase.RETURNING, reason=reason), 0.0
        return (Keep(self.trial), Return())

    def _look(self, trial: Trial, now: float, lights: Mapping[str, Seen]) -> tuple[Command, ...]:
        if trial.phase is Phase.RETURNING:
            return (Return(),) if now >= self._return_at else ()
        if now >= trial.deadline:
            return self._give_up(trial, words.NOT_CONFIRMED)
        if trial.phase is Phase.WAITING:
            return ()
        missing = [lights.get(name) for name in trial.green if name not in lights or not lights[name].green]
        if missing:
            self._green_since = None
            if now < trial.check_until:
                return ()
            return self._give_up(trial, words.not_green(seen.text for seen in missing if seen))
        if self._green_since is None:
            self._green_since = now
        if now - self._green_since < STEADY_SECONDS:
            return ()
        self.trial = replace(trial, phase=Phase.WAITING)
        return (Keep(self.trial),)


def refuse_length(seconds: float) -> None:
    """SekishoError for a trial that would be too short to be checked, or longer than anybody waits."""
    if not SHORTEST <= seconds <= LONGEST:
        raise words.length(SHORTEST, LONGEST)


def _check_until(now: float, seconds: float, deadline: float) -> float:
    return min(now + min(CHECK_SECONDS, seconds / 2), deadline)


def _refuse_another_token(trial: Trial, token: str) -> None:
    if not hmac.compare_digest(trial.token, digest_of(token)):
        raise words.wrong_token()


def _refuse_log_in_from_before(trial: Trial, since: float) -> None:
    if since < trial.deadline - trial.seconds:
        raise words.log_in_again()


def _refuse_moment(trial: Trial, now: float) -> None:
    if trial.phase is Phase.CHECKING:
        raise words.still_checking()
    if trial.phase is Phase.RETURNING or now >= trial.deadline:
        raise words.over()
