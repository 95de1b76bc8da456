"""Which profile a machine has, and which of its ports is which. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from appliance.hardware.model import Machine, Match, Port, Profile, Role


def chosen(machine: Machine, profiles: Iterable[Profile]) -> Profile | None:
    """The first that fits, in the order of their names; None where no one does."""
    ordered = sorted(profiles, key=lambda profile: profile.name)
    return next((profile for profile in ordered if fits(machine, profile.match)), None)


def fits(machine: Machine, match: Match) -> bool:
    named = _one_of(machine.vendor, match.vendor) and _one_of(machine.product, match.product)
    if match.cards is None:
        return named
    return named and sum(port.driver == match.cards.driver for port in machine.ports) == match.cards.count


def assigned(machine: Machine, profile: Profile) -> Mapping[str, Port]:
    """Port by the label beside its socket, as far as it is there."""
    found: dict[str, Port] = {}
    for rule in profile.ports:
        same = [port for port in machine.ports if port.driver == rule.driver]
        if rule.number <= len(same):
            found[rule.label] = same[rule.number - 1]
    return found


def lan(machine: Machine, profile: Profile) -> str | None:
    """The name of the LAN's port; None where the machine has not that many."""
    label = next(rule.label for rule in profile.ports if rule.role is Role.LAN)
    port = assigned(machine, profile).get(label)
    return None if port is None else port.name


def _one_of(text: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)
