"""/etc/sekisho/site.toml: what the vendor decided on site.

Every value that passes here can be configured as it stands; `load` turns refusals into the
vendor's words, and docs/site.md describes each key.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import time
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from appliance.site import checks, inside

RESERVED_INTERFACES = frozenset({".", "..", "lo", "all", "default"})
"""The kernel's own: not names of ports (dev_valid_name, net.ipv4.conf.all and .default)."""
OUR_INTERFACES = "sk-"
"""Prefix of the interfaces that the router makes itself."""
SESSIONS = "ppp-"
"""Prefix of the interfaces that pppd makes for us; they go with it."""


LAN = checks.LAN

_DOMAIN = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_BYTE = r"(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_ADDRESS = rf"({_BYTE}\.){{3}}{_BYTE}"


def _port(value: str) -> str:
    if value in RESERVED_INTERFACES or value.startswith(("-", OUR_INTERFACES, SESSIONS)):
        checks.refuse_value(
            f"{value} は機器のポートの名前ではありませんので、「eth0」のような名前を書いてください。",
            f'{value} is not the name of a port of this machine; write one like "eth0".',
        )
    return value


def _colons(value: object) -> object:
    # Windows prints 02-00-00-00-02-10, stickers print capitals: both are what a vendor has at hand.
    return value.strip().lower().replace("-", ":") if isinstance(value, str) else value


def _one_card(value: str) -> str:
    if int(value[:2], 16) & 1 or value == "00:00:00:00:00:00":
        checks.refuse_value(
            f"{value} は 1 台の機器を指す MAC アドレスではありませんので、端末に表示される値を書いてください。",
            f"{value} is not the MAC address of one machine; write what the terminal itself shows.",
        )
    return value


def _visible(value: str) -> str:
    # Shown on terminals, pages and reports: an escape or a direction override must not get there.
    if any(unicodedata.category(character)[0] == "C" or character in "\u2028\u2029" for character in value):
        checks.refuse_value(
            "目に見えない文字が含まれていますので、消して書き直してください。",
            "it contains an invisible character; delete it and write it again.",
        )
    return value


def _domain(value: object) -> object:
    # Written as the insurers' papers do: the star stands for what dnsmasq matches anyway.
    return value.strip().lower().removeprefix("*.").removesuffix(".") if isinstance(value, str) else value


def _as_text(value: object) -> object:
    # ipaddress also takes numbers, bytes and pairs: a TOML 42 would quietly become 0.0.0.42.
    if isinstance(value, (str, IPv4Address, IPv6Address)):
        return value
    raise PydanticCustomError("address_text", "an address is written as text")


def _of_the_internet(value: IPv6Address) -> IPv6Address:
    if value.scope_id or not checks.is_host6(value):
        checks.refuse_value(
            f"{value} は回線の向こうの機器のアドレスではありませんので、書類にあるアドレスを書いてください。",
            f"{value} is not the address of a machine beyond the line; write the one in the papers.",
        )
    return value


Interface = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,15}$"), AfterValidator(_port)]
Mac = Annotated[
    str, Field(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$"), BeforeValidator(_colons), AfterValidator(_one_card)
]
"""Lower case with colons; capitals and hyphens are accepted and normalised."""
HostLabel = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
DomainName = Annotated[str, Field(pattern=rf"^{_DOMAIN}$", max_length=253)]
"""Two labels at least, the last not a number: an address is not a name (RFC 1123 section 2.1)."""
Domain = Annotated[DomainName, BeforeValidator(_domain)]
"""With all names below it; ``*.name`` is accepted and normalised."""
SegmentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
TimeServer = Annotated[str, Field(pattern=rf"^({_DOMAIN}|{_ADDRESS})$", max_length=253)]
Address = Annotated[IPv4Address, BeforeValidator(_as_text)]
Network = Annotated[IPv4Network, BeforeValidator(_as_text)]
Address6 = Annotated[IPv6Address, BeforeValidator(_as_text), AfterValidator(_of_the_internet)]
Network6 = Annotated[IPv6Network, BeforeValidator(_as_text)]
AddressInNetwork = Annotated[IPv4Interface, BeforeValidator(_as_text)]
"""An address with the size of its network, ``192.0.2.1/26``."""
Label = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_visible)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Line(_Part):
    """upload_mbit: megabits a second that the line carries from the clinic, as a speed test shows; None: not known."""

    upload_mbit: Annotated[int, Field(ge=1, le=10_000, strict=True)] | None = None


class DhcpWan(_Line):
    kind: Literal["dhcp"]
    interface: Interface


class StaticWan(_Line):
    kind: Literal["static"]
    interface: Interface
    address: AddressInNetwork
    gateway: Address
    dns: Annotated[tuple[Address, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        checks.refuse(checks.static_wan_problems(self))
        return self


class IpoeWan(_Line):
    """IPv6 as the line's routers advertise it (RFC 4861), with a delegated prefix (RFC 8415) where they name none."""

    kind: Literal["ipoe"]
    interface: Interface


class PppoeWan(_Line):
    """A PPPoE session (RFC 2516). The password is no setting: it is kept sealed, apart from them.

    user: as the provider's papers give it. mtu: bytes of an IP packet in the session; FLET'S carries 1454.
    """

    kind: Literal["pppoe"]
    interface: Interface
    user: Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
    mtu: Annotated[int, Field(ge=1280, le=1492, strict=True)] = 1454


class DsLiteWan(_Line):
    """IPv4 inside IPv6, with one NAT for all at the far end (RFC 6333). aftr: that end, by name or address."""

    kind: Literal["ds-lite"]
    interface: Interface
    aftr: Annotated[DomainName | Address6, Field(union_mode="left_to_right")]


class MapEWan(_Line):
    """IPv4 inside IPv6, with some ports of an address (RFC 7597, as draft-ietf-softwire-map-03 has it).

    br: the far end. rule_ipv6, rule_ipv4, ea_bits: the Basic Mapping Rule; see `intent.map_e`.
    """

    kind: Literal["map-e"]
    interface: Interface
    br: Address6
    rule_ipv6: Network6
    rule_ipv4: Network
    ea_bits: Annotated[int, Field(ge=0, le=48, strict=True)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        checks.refuse(checks.map_e_problems(self))
        return self


AnyWan = DhcpWan | StaticWan | IpoeWan | PppoeWan | DsLiteWan | MapEWan
WanLine = Annotated[AnyWan, Field(discriminator="kind")]
LineName = Literal["wan", "backup_wan"]
"""The access lines by the names of their tables, the preferred one first."""


class Dhcp(_Part):
    first: Address
    last: Address
    lease_hours: Annotated[int, Field(ge=1, le=168, strict=True)] = 12


class Lan(_Part):
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


class Segment(_Part):
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


class InnerRoute(_Part):
    """A network of the clinic behind another router, which stands in one of our segments."""

    to: Network
    via: Address


class Forward(_Part):
    """Names that other DNS servers of the clinic answer, such as those of the insurers' network.

    ipv6: the terminals have a way there by IPv6; otherwise they are not told IPv6 addresses.
    """

    domains: Annotated[tuple[Domain, ...], Field(min_length=1)]
    servers: Annotated[tuple[Address, ...], Field(min_length=1)]
    ipv6: Annotated[bool, Field(strict=True)] = False


MAINTENANCE_SERVICES: Mapping[str, int] = {"ssh": 22, "telnet": 23, "rdp": 3389, "vnc": 5900}
"""Their TCP ports (IANA's registry of service names and port numbers)."""
MaintenanceService = Literal["ssh", "telnet", "rdp", "vnc"] | Annotated[int, Field(ge=1, le=65535, strict=True)]


class Terminal(_Part):
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


class Maintenance(_Part):
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


class Time(_Part):
    """Time servers on the internet, beside those that the account names inside the tunnels."""

    ntp: tuple[TimeServer, ...] = ()
    nts: tuple[DomainName, ...] = ()


class TunnelChoice(_Part):
    """line: the only line that the account's tunnel `name` may use."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,9}$")]
    line: LineName


class ServiceChoice(_Part):
    """by_address: terminals without certificates may use the account's service `name`, each from its own address.

    terminals: names of those that may use it; empty: all.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
    by_address: Annotated[bool, Field(strict=True)] = False
    terminals: tuple[HostLabel, ...] = ()


class StatusPage(_Part):
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


class Update(_Part):
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


class Vendor(_Part):
    """Whom staff call."""

    name: Annotated[Label, Field(min_length=1, max_length=60)]
    phone: Annotated[str, Field(pattern=r"^[0-9+() -]{3,20}$")]


class Site(_Part):
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
