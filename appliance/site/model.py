"""/etc/sekisho/site.toml: what the vendor decided on site.

Every value that passes here can be configured as it stands; `load` turns refusals into the
vendor's words, and docs/site.md describes each key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from appliance.site import checks, inside
from appliance.site.values import (
    Address,
    AddressInNetwork,
    Domain,
    DomainName,
    HostLabel,
    Interface,
    Label,
    Mac,
    Network,
    Part,
    SegmentName,
    TimeServer,
)
from appliance.site.wan import AnyWan, LineName, WanLine

LAN = checks.LAN


class Dhcp(Part):
    first: Address
    last: Address
    lease_hours: Annotated[int, Field(ge=1, le=168, strict=True)] = 12


class Lan(Part):
    """name: the label under which terminals find the router's page, as ``name.lan``.

    reaches: names of segments to which machines here may open connections.
    """

    interface: Interface
    address: AddressInNetwork
    name: HostLabel = "sekisho"
    dhcp: Dhcp | None = None
    reaches: tuple[SegmentName, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        checks.refuse(checks.lan_problems(self))
        return self


class Segment(Part):
    """Another network in the clinic: on a port of its own, or a VLAN (IEEE 802.1Q) of that port or of the LAN's.

    reaches: as in `Lan`; without it nothing leaves the segment but what every machine may ask of the router.
    """

    name: SegmentName
    interface: Interface | None = None
    vlan: Annotated[int, Field(ge=1, le=4094, strict=True)] | None = None
    address: AddressInNetwork
    dhcp: Dhcp | None = None
    reaches: tuple[SegmentName, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        checks.refuse(checks.lan_problems(self))
        return self


class InnerRoute(Part):
    """A network of the clinic behind another router, which stands in one of our segments."""

    to: Network
    via: Address


class Forward(Part):
    """Names that other DNS servers of the clinic answer, such as those of the insurers' network.

    ipv6: the terminals have a way there by IPv6; otherwise they are not told IPv6 addresses.
    """

    domains: Annotated[tuple[Domain, ...], Field(min_length=1)]
    servers: Annotated[tuple[Address, ...], Field(min_length=1)]
    ipv6: Annotated[bool, Field(strict=True)] = False


MAINTENANCE_SERVICES: Mapping[str, int] = {"ssh": 22, "telnet": 23, "rdp": 3389, "vnc": 5900}
"""Their TCP ports (IANA's registry of service names and port numbers)."""
MaintenanceService = Literal["ssh", "telnet", "rdp", "vnc"] | Annotated[int, Field(ge=1, le=65535, strict=True)]


class Terminal(Part):
    """A machine that may reach the engines. label: what the staff call it.

    The address may lie inside the dynamic range: the DHCP server never gives a reserved
    address to another machine (dnsmasq(8), --dhcp-host). internet_minutes: the longest time for which staff may switch
    it from the receipt engine to the internet; None: never. access: what it may call of an API at most, whatever the
    account grants; None: all of that.
    """

    name: HostLabel
    label: Annotated[Label, Field(min_length=1, max_length=40)]
    mac: Mac
    address: Address
    internet_minutes: Annotated[int, Field(ge=1, le=480, strict=True)] | None = None
    access: Literal["none", "reference", "read-write"] | None = None


class Maintenance(Part):
    """What staff may open for remote maintenance: of the terminal `terminal` (its name) these services, for `minutes`.

    services: names of `MAINTENANCE_SERVICES`, or TCP ports.
    """

    terminal: HostLabel
    services: Annotated[tuple[MaintenanceService, ...], Field(min_length=1, max_length=8)]
    minutes: Annotated[int, Field(ge=1, le=480, strict=True)] = 60

    @property
    def ports(self) -> tuple[int, ...]:
        """TCP, in the order in which they are written."""
        return tuple(dict.fromkeys(one if isinstance(one, int) else MAINTENANCE_SERVICES[one] for one in self.services))


class Time(Part):
    """Time servers on the internet, beside those that the account names inside the tunnels."""

    ntp: tuple[TimeServer, ...] = ()
    nts: tuple[DomainName, ...] = ()


class TunnelChoice(Part):
    """line: the only line that the account's tunnel `name` may use."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,9}$")]
    line: LineName


class ServiceChoice(Part):
    """by_address: terminals without certificates may use the account's service `name`, each from its own address.

    terminals: names of those that may use it; empty: all.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
    by_address: Annotated[bool, Field(strict=True)] = False
    terminals: tuple[HostLabel, ...] = ()


class StatusPage(Part):
    """switch_terminals: whoever sees the status page may switch the terminals that have `internet_minutes`."""

    switch_terminals: Annotated[bool, Field(strict=True)] = False


def _hours(value: str) -> str:
    first, last = value.split("-")
    if 0 <= _minutes(last) - _minutes(first) < SHORTEST_HOURS:
        checks.refuse_value(
            f"{value} では短すぎますので、{SHORTEST_HOURS} 分以上になるように書いてください。",
            f"{value} is too short; leave {SHORTEST_HOURS} minutes at least.",
        )
    return value


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _days(value: str) -> str:
    for part in value.split(",") if value else ():
        first, _, last = part.strip().partition("-")
        if last and int(last) < int(first):
            checks.refuse_value(
                f"{part.strip()} は逆ですので、小さい日から書いてください。",
                f"{part.strip()} is the wrong way round; write the smaller day first.",
            )
    return value


SHORTEST_HOURS = 60
"""Minutes: a restart, a version that does not hold, the way back, and some room."""
_CLOCK = r"([01]?[0-9]|2[0-3]):[0-5][0-9]"
_DAY = r"([1-9]|[12][0-9]|3[01])"
_DAYS = rf"{_DAY}(-{_DAY})?"


class Update(Part):
    """When the firmware may be updated, in the clinics' time. days_off: of each month, those of receipt closing."""

    automatic: Annotated[bool, Field(strict=True)] = True
    hours: Annotated[str, Field(pattern=rf"^{_CLOCK}-{_CLOCK}$"), AfterValidator(_hours)] = "2:00-5:00"
    days_off: Annotated[str, Field(pattern=rf"^({_DAYS}( *, *{_DAYS})*)?$"), AfterValidator(_days)] = "1-10"

    @property
    def first(self) -> time:
        return time(*divmod(_minutes(self.hours.split("-")[0]), 60))

    @property
    def last(self) -> time:
        return time(*divmod(_minutes(self.hours.split("-")[1]), 60))

    @property
    def days(self) -> frozenset[int]:
        """Of `days_off`."""
        found: set[int] = set()
        for part in self.days_off.split(",") if self.days_off else ():
            first, _, last = part.strip().partition("-")
            found.update(range(int(first), int(last or first) + 1))
        return frozenset(found)


class Vendor(Part):
    """Whom staff call."""

    name: Annotated[Label, Field(min_length=1, max_length=60)]
    phone: Annotated[str, Field(pattern=r"^[0-9+() -]{3,20}$")]


class Site(Part):
    language: Literal["ja", "en"] = "ja"
    wan: WanLine
    backup_wan: WanLine | None = None
    lan: Lan
    tunnels: tuple[TunnelChoice, ...] = ()
    services: tuple[ServiceChoice, ...] = ()
    segments: tuple[Segment, ...] = ()
    routes: tuple[InnerRoute, ...] = ()
    forwards: tuple[Forward, ...] = ()
    terminals: tuple[Terminal, ...] = ()
    maintenance: Annotated[tuple[Maintenance, ...], Field(max_length=64)] = ()
    time: Time = Time()
    vendor: Vendor | None = None
    page: StatusPage = StatusPage()
    update: Update = Update()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        checks.refuse([*checks.site_problems(self), *inside.problems(self)])
        return self

    @property
    def lines(self) -> dict[LineName, AnyWan]:
        """In order of preference."""
        return {"wan": self.wan} if self.backup_wan is None else {"wan": self.wan, "backup_wan": self.backup_wan}
