"""The content of a connection account, after its signature has been verified.

Described for other implementers in docs/account.md; the two must agree.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

FORMAT = 1

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,9}$")]
"""Short machine name: becomes part of interface names (15 bytes at most, with our prefix)."""
HostName = Annotated[
    str, Field(pattern=r"^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$")
]
Port = Annotated[int, Field(ge=1, le=65535)]
WireGuardKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$")]
Pin = Annotated[str, Field(pattern=r"^sha256/[A-Za-z0-9+/]{43}=$")]
"""SHA-256 of the SubjectPublicKeyInfo in DER, base64 (RFC 7469 section 2.4)."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ServiceMode(StrEnum):
    PASSTHROUGH = "passthrough"
    TERMINATE = "terminate"


class BilingualName(_Part):
    ja: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Clinic(_Part):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,32}$")]
    name: BilingualName


class Tunnel(_Part):
    """In order of preference. endpoint is host and port apart; keepalive in seconds; mtu of inner packets in bytes."""

    name: Name
    endpoint_host: str
    endpoint_port: Port
    public_key: WireGuardKey
    preshared_key: SecretStr
    inner_address: IPv4Address
    peer_address: IPv4Address
    allowed_prefixes: Annotated[tuple[IPv4Network, ...], Field(min_length=1)]
    keepalive: Annotated[int, Field(ge=1, le=120)] = 15
    mtu: Annotated[int, Field(ge=1280, le=1440)] = 1394


class KeyPair(_Part):
    """PEM: certificate chain, leaf first, and the leaf's private key (PKCS#8)."""

    certificate: str
    key: SecretStr


class Service(_Part):
    """pins: at least two, the first in use now, the others for keys kept in reserve."""

    name: Name
    host: HostName
    port: Port
    mode: ServiceMode
    pins: Annotated[tuple[Pin, ...], Field(min_length=2)]
    presented: KeyPair | None = None
    """terminate only: what the gate shows to terminals; its chain ends in a CA that they trust."""


class Bfd(_Part):
    interval_ms: Annotated[int, Field(ge=10, le=10000)] = 50
    multiplier: Annotated[int, Field(ge=2, le=50)] = 4


class Account(_Part):
    format: Literal[1]
    serial: Annotated[int, Field(ge=1)]
    issuer: Annotated[str, Field(min_length=1)]
    not_before: datetime
    expires: datetime
    clinic: Clinic
    wireguard_private_key: SecretStr
    tunnels: Annotated[tuple[Tunnel, ...], Field(min_length=1, max_length=2)]
    bfd: Bfd = Bfd()
    dns: Annotated[tuple[IPv4Address, ...], Field(min_length=1)]
    """Resolvers inside the tunnels that know the engines' names."""
    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    trust_anchors: str
    """PEM: the CAs that may sign an engine's certificate."""
    terminal_anchors: str
    """PEM: the CAs that sign the terminals' certificates."""
    identity: KeyPair
    """The clinic's certificate: what the router itself shows to an engine."""
    monitoring: tuple[IPv4Network, ...] = ()
    """Addresses inside the tunnels that may scrape /metrics and ping."""
