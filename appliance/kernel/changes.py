"""What an apply would do, as values that can be printed before anything happens."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.text import Text


@dataclass(frozen=True, slots=True)
class Change:
    """One small, described change.

    subsystem: ``link``, ``address``, ``wireguard``, ``route``, ``rule``, ``qdisc``, ``sysctl``, ``nft``, ``engine``.
    subject: the thing changed, for example ``sk-dc1``. text: a sentence for people.
    operation: what the subsystem's `apply` needs; opaque to everybody else, never printed
    (it may hold a key).
    """

    subsystem: str
    subject: str
    text: Text
    operation: object = field(repr=False, default=None)
