"""/etc/sekisho/site.toml: what the vendor decided on site."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Interface = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,15}$")]
Mac = Annotated[str, Field(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]
HostLabel = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DhcpWan(_Part):
    kind: Literal["dhcp"]
    interface: Interface


class StaticWan(_Part):
    kind: Literal["static"]
    interface: Interface
    address: IPv4Interface
    gateway: IPv4Address
    dns: Annotated[tuple[IPv4Address, ...], Field(min_length=1)]


class Dhcp(_Part):
    first: IPv4Address
    last: IPv4Address
    lease_hours: Annotated[int, Field(ge=1, le=168)] = 12


class Lan(_Part):
    """name: the label under which terminals find the router's page, as ``name.lan``."""

    interface: Interface
    address: IPv4Interface
    name: HostLabel = "sekisho"
    dhcp: Dhcp | None = None


class Terminal(_Part):
    """A machine that may reach the engines. label: what the staff call it."""

    name: HostLabel
    label: Annotated[str, Field(min_length=1, max_length=40)]
    mac: Mac
    address: IPv4Address


class Vendor(_Part):
    """Whom staff call."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    phone: Annotated[str, Field(pattern=r"^[0-9+() -]{3,20}$")]


class Site(_Part):
    language: Literal["ja", "en"] = "ja"
    wan: Annotated[DhcpWan | StaticWan, Field(discriminator="kind")]
    lan: Lan
    terminals: tuple[Terminal, ...] = ()
    vendor: Vendor | None = None
