"""What a hardware profile says. One TOML file for each kind of machine; the keys are in docs/hardware.md."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Of a network port. SPARE: nothing is connected there unless the settings name it."""

    LAN = "lan"
    WAN = "wan"
    SPARE = "spare"


@dataclass(frozen=True, slots=True)
class Cards:
    """driver: of the kernel. count: how many ports it has on this machine, exactly."""

    driver: str
    count: int


@dataclass(frozen=True, slots=True)
class Match:
    """vendor, product: patterns (fnmatch, capitals count) of which one fits SMBIOS's system vendor and product name;
    empty: whatever they are. cards: None: whatever they are."""

    vendor: tuple[str, ...]
    product: tuple[str, ...]
    cards: Cards | None


@dataclass(frozen=True, slots=True)
class PortRule:
    """The number-th port (from 1) of `driver`, in the order of the places on the buses. label: what stands beside the
    socket."""

    role: Role
    driver: str
    number: int
    label: str


@dataclass(frozen=True, slots=True)
class Lamp:
    """shows: the page's lights, of which the lamp shows the worst; ``everything`` for all of them. green, amber, red:
    names below /sys/class/leds, empty where the lamp has no such colour. label: what stands beside it."""

    label: str
    shows: tuple[str, ...]
    green: str
    amber: str
    red: str


@dataclass(frozen=True, slots=True)
class Button:
    """device: the input device's name as the kernel says it. code: of the key (linux/input-event-codes.h)."""

    device: str
    code: int


@dataclass(frozen=True, slots=True)
class Profile:
    """modules: of the kernel, wanted beyond what every router has. watchdog: the module that drives it, empty where
    there is none."""

    name: str
    title: str
    match: Match
    ports: tuple[PortRule, ...]
    lamps: tuple[Lamp, ...]
    reset: Button | None
    modules: tuple[str, ...]
    watchdog: str


@dataclass(frozen=True, slots=True)
class Port:
    """A network port that is there. place: where it sits, a path below /sys/devices."""

    name: str
    driver: str
    place: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What can be seen of a machine. vendor, product, serial: as its maker wrote them, empty where he wrote nothing.
    ports: in the order of their places."""

    vendor: str
    product: str
    serial: str
    ports: tuple[Port, ...]
