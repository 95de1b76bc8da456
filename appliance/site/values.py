"""The kinds of single values in site.toml: what a port, a card, a name or an address may be, as it is written."""

from __future__ import annotations

import unicodedata
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from appliance.site import checks

RESERVED_INTERFACES = frozenset({".", "..", "lo", "all", "default"})
"""The kernel's own: not names of ports (dev_valid_name, net.ipv4.conf.all and .default)."""
OUR_INTERFACES = "sk-"
"""Prefix of the interfaces that the router makes itself."""
SESSIONS = "ppp-"
"""Prefix of the interfaces that pppd makes for us; they go with it."""

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


class Part(BaseModel):
    """One table of the file: complete, and without a key that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")
