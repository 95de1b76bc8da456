"""What one attempt to prove an engine at one address showed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address

from appliance.gate.reasons import NETWORK, Reason


class Outcome(StrEnum):
    """refused: somebody answers who is not our engine, or who will not serve us. unreachable: the network failed."""

    PROVEN = "proven"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Proof:
    """reason: None when proven. detail: for logs, in English, never a secret.

    not_after: the end of the leaf certificate. pin: the leaf's pin as seen, ``sha256/…``. tls_version: as
    ``TLSv1.3``. mark: the leaf's, see `pins`. The last four are None when the handshake did not get that far.
    """

    service: str
    host: str
    address: IPv4Address
    port: int
    reason: Reason | None
    detail: str = ""
    not_after: datetime | None = None
    pin: str | None = None
    tls_version: str | None = None
    mark: str | None = None

    @property
    def outcome(self) -> Outcome:
        if self.reason is None:
            return Outcome.PROVEN
        return Outcome.UNREACHABLE if self.reason in NETWORK else Outcome.REFUSED


@dataclass(frozen=True, slots=True)
class Stapled:
    """What an engine stapled to its certificate. mark: the leaf's, see `pins`. answered: whether there was an answer
    that counts. reason: what speaks against the leaf, None when nothing does.

    Here and not where it is found out: whoever is told of it by another process loads this module, and no cryptography.
    """

    mark: str
    answered: bool
    reason: Reason | None
