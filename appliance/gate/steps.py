"""What goes into and comes out of `core`: the events and commands of one connection, and the terms it is held to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from appliance.gate.reasons import Reason
from appliance.pins import Identity


class Side(Enum):
    TERMINAL = "terminal"
    ENGINE = "engine"

    @property
    def other(self) -> Side:
        return Side.ENGINE if self is Side.TERMINAL else Side.TERMINAL


@dataclass(frozen=True, slots=True)
class Terms:
    """pins: of which the engine must show one. revoked: marks of certificates that neither side may show.

    by_address: a terminal may show none."""

    pins: Collection[str]
    revoked: Collection[str] = ()
    by_address: bool = False


# ---- events --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TerminalProven:
    """The terminal's handshake is done and OpenSSL has verified its certificate. mark: of its leaf, see `pins`; None:
    it has shown none."""

    mark: str | None


@dataclass(frozen=True, slots=True)
class TerminalFailed:
    """The handshake failed; OpenSSL has written the alert that says so."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Connected:
    """TCP to the engine stands, and its handshake begins."""


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    reason: Reason


@dataclass(frozen=True, slots=True)
class EngineProven:
    """The engine's handshake is done, chain and name are verified. shown: its leaf. had_waited: it was done before
    this terminal's connection came (`reserve`), so the engine may have fallen silent since."""

    shown: Identity
    had_waited: bool = False


@dataclass(frozen=True, slots=True)
class EngineFailed:
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """`side` will send no more and everything it sent has been passed on. clean: by close_notify, not cut."""

    side: Side
    clean: bool


@dataclass(frozen=True, slots=True)
class WriteEnded:
    """The end of the stream has been passed on to `side`, or that side is gone after having said everything."""

    side: Side


@dataclass(frozen=True, slots=True)
class Broken:
    """A connection failed before its end. refusal: the reason, when the engine refuses the clinic's certificate."""

    side: Side
    refusal: Reason | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """The daemon, or a new configuration, wants this connection gone."""


@dataclass(frozen=True, slots=True)
class NewTerms:
    """From now on, and for what was shown before."""

    terms: Terms


@dataclass(frozen=True, slots=True)
class Peeked:
    """The answer to `Peek`."""

    asks_for_push: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to `Seek`: proven engines in the order in which to try them."""

    candidates: tuple[str, ...]


class Delivery(Enum):
    """What an engine's kernel has acknowledged of what it was told."""

    NOTHING_SAID = "nothing was said yet"
    ACKNOWLEDGED = "some of it, or all"
    SILENCE = "nothing"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The answer to `CheckDelivery`. asks_for_push: all that has been said so far is the question for a push channel,
    and is kept: it does no harm when another engine hears it too."""

    delivery: Delivery
    asks_for_push: bool = False


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The time of the last `Within` is over."""


Event = (
    TerminalProven
    | TerminalFailed
    | Connected
    | ConnectFailed
    | EngineProven
    | EngineFailed
    | Ended
    | WriteEnded
    | Broken
    | Ordered
    | NewTerms
    | Delivered
    | Peeked
    | Found
    | TimedOut
)

# ---- commands --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Handshake:
    """With the terminal."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Open TCP to this engine and go on to its handshake, or take a connection that waits (`EngineProven` at once).
    What is under way to another address is given up."""

    address: str


@dataclass(frozen=True, slots=True)
class Relay:
    """Pass bytes on in both directions."""


@dataclass(frozen=True, slots=True)
class CheckDelivery:
    """Say what the engine has got (`Delivered`)."""


@dataclass(frozen=True, slots=True)
class Peek:
    """Read what the terminal says first and keep it for the engine; say what it is (`Peeked`)."""


@dataclass(frozen=True, slots=True)
class Hold:
    """There is no engine now, and the terminal waits for one; tell if it leaves (`Broken`)."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Drop the engine; what the terminal has said is for another one."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Say which engines are proven now (`Found`)."""


@dataclass(frozen=True, slots=True)
class EndWrite:
    """Pass the end of the stream on to `side`: with close_notify when clean, else as cut as it came."""

    side: Side
    clean: bool


@dataclass(frozen=True, slots=True)
class Refuse:
    """Count it, and tell the daemon why."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reset:
    """Close both sides with a TCP reset, at once."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Send FIN to the terminal after the alert and throw away what it still says, so that the alert arrives."""


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class Within:
    """Send `TimedOut` after so many seconds unless another `Within` comes first. None: never."""

    seconds: float | None


Command = (
    Handshake
    | Connect
    | Relay
    | CheckDelivery
    | Peek
    | Hold
    | Leave
    | Seek
    | EndWrite
    | Refuse
    | Reset
    | Drain
    | Close
    | Within
)
