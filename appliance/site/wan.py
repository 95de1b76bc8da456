"""The kinds of access lines that site.toml knows."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from appliance.site import checks
from appliance.site.values import Address, Address6, AddressInNetwork, DomainName, Interface, Network, Network6, Part


class _Line(Part):
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
