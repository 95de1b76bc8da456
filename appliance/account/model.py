"""The content of a connection account, after its signature has been verified.

Described for other implementers in docs/account.md; the two must agree. What needs the
certificates opened is checked in `certificates`, so that this module stays light.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from appliance.account.service_mode import ServiceMode

_Hashable = TypeVar("_Hashable", bound=Hashable)

FORMAT = 1
LARGEST_SERIAL = 2**53 - 1
"""What every JSON implementation reads exactly (RFC 8259 section 6)."""

NAME_PATTERN = r"^[a-z][a-z0-9-]{0,9}$"
SERVICE_NAME_PATTERN = r"^[a-z][a-z0-9-]{0,19}$"
HOST_NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$"
CLINIC_ID_PATTERN = r"^[A-Za-z0-9-]{1,32}$"
WIREGUARD_KEY_PATTERN = r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"
PIN_PATTERN = r"^sha256/[A-Za-z0-9+/]{43}=$"
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
INSIDE_URL_PATTERN = (
    r"^http://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{1,63}(:" + _PORT + r")?/[A-Za-z0-9._~/-]*$"
)


def refused(ja: str, en: str) -> PydanticCustomError:
    """What `structure` turns into a sentence with the key in front."""
    return PydanticCustomError("account", "{en}", {"ja": ja, "en": en})


def _endpoint_host(value: str) -> str:
    try:
        ip_address(value)
    except ValueError:
        # A name that ends in digits is a mistyped address (RFC 1123 section 2.1).
        if not re.fullmatch(HOST_NAME_PATTERN, value) or len(value) > 253 or value.rsplit(".", 1)[-1].isdigit():
            raise refused(
                "は、接続先の名前（例: vpn1.dc.example）または IP アドレスの形ではありません",
                "is neither a host name (such as vpn1.dc.example) nor an IP address",
            ) from None
    return value


def _moment(value: datetime) -> datetime:
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise refused("は暦の終わりを越えています", "is beyond the end of the calendar") from None
    return value


def _wireguard_secret(value: SecretStr) -> SecretStr:
    if not re.fullmatch(WIREGUARD_KEY_PATTERN, value.get_secret_value()):
        raise refused(
            "は WireGuard の鍵（Base64 で44文字）ではありません", "is not a WireGuard key (44 characters of Base64)"
        )
    return value


Name = Annotated[str, Field(pattern=NAME_PATTERN)]
"""Short machine name: becomes part of interface names (15 bytes at most, with our prefix)."""
ServiceName = Annotated[str, Field(pattern=SERVICE_NAME_PATTERN)]
"""Shown to people and in metrics; becomes no interface, so it may be longer."""
HostName = Annotated[str, Field(pattern=HOST_NAME_PATTERN, max_length=253)]
EndpointHost = Annotated[str, AfterValidator(_endpoint_host)]
Port = Annotated[int, Field(ge=1, le=65535)]
Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
"""With its offset; there is such a moment in UTC, too."""
WireGuardKey = Annotated[str, Field(pattern=WIREGUARD_KEY_PATTERN)]
WireGuardSecret = Annotated[SecretStr, AfterValidator(_wireguard_secret)]
Pin = Annotated[str, Field(pattern=PIN_PATTERN)]
"""SHA-256 of the SubjectPublicKeyInfo in DER, base64 (RFC 7469 section 2.4)."""


class Part(BaseModel):
    """Of a document: says what it says for good, and holds nothing that is not described."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class BilingualName(Part):
    ja: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Clinic(Part):
    id: Annotated[str, Field(pattern=CLINIC_ID_PATTERN)]
    name: BilingualName


class Tunnel(Part):
    """In order of preference. endpoint is host and port apart; keepalive in seconds; mtu of inner packets in bytes."""

    name: Name
    endpoint_host: EndpointHost
    endpoint_port: Port
    public_key: WireGuardKey
    preshared_key: WireGuardSecret
    inner_address: IPv4Address
    peer_address: IPv4Address
    allowed_prefixes: Annotated[tuple[IPv4Network, ...], Field(min_length=1)]
    keepalive: Annotated[int, Field(ge=1, le=120)] = 15
    mtu: Annotated[int, Field(ge=1280, le=1440)] = 1394

    @model_validator(mode="after")
    def _peer_is_reachable(self) -> Self:
        if not any(self.peer_address in prefix for prefix in self.allowed_prefixes):
            raise refused(
                f"の peer_address {self.peer_address} が allowed_prefixes のどれにも入っていません",
                f"has a peer_address, {self.peer_address}, outside all of its allowed_prefixes",
            )
        if self.peer_address == self.inner_address:
            raise refused(
                f"の peer_address と inner_address が同じ {self.inner_address} です",
                f"has the same peer_address and inner_address, {self.inner_address}",
            )
        return self


class KeyPair(Part):
    """PEM: certificate chain, leaf first, and the leaf's private key (PKCS#8)."""

    certificate: str
    key: SecretStr


class Page(KeyPair):
    """For the router's own page. names: under which the clinic's browsers find it; the router's DNS answers them."""

    names: Annotated[tuple[HostName, ...], Field(min_length=1, max_length=8)]


AccessLevel = Literal["none", "reference", "read-write"]


class AccessRule(Part):
    """path: whole, or with a star at its end all that begin so."""

    methods: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z]{1,20}$")], ...], Field(min_length=1)]
    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]*\*?$", max_length=255)]


class Access(Part):
    """Who may call what of an API. default: for terminals whose certificate is not in `certificates` (by common name).

    reference: what that level covers; see `gate.access`.
    """

    default: AccessLevel
    certificates: dict[str, AccessLevel] = {}
    reference: tuple[AccessRule, ...] = ()


class Service(Part):
    """pins: at least two, all different, the first in use now, the others for keys kept in reserve.

    protocol: how a terminal's connection begins; see `gate.config.PROTOCOLS`. What is not ``tls`` the gate terminates.
    """

    name: ServiceName
    host: HostName
    port: Port
    mode: ServiceMode
    protocol: Literal["tls", "postgres", "plain"] = "tls"
    pins: Annotated[tuple[Pin, ...], Field(min_length=2)]
    presented: KeyPair | None = None
    """terminate only, and not plain: what the gate shows to terminals; its chain ends in a CA that they trust."""
    access: Access | None = None
    """Only for HTTP that the gate terminates; without it terminals may call everything."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if repeated(self.pins):
            raise refused(
                "の pins に同じピンが2回あります。予備の鍵のピンを入れてください",
                "lists the same pin twice, where the second must be that of a reserve key",
            )
        if self.mode is ServiceMode.PASSTHROUGH and self.protocol != "tls":
            raise refused(
                f"の protocol が {self.protocol} なので、mode は terminate でなければなりません",
                f"has the protocol {self.protocol}, which the router can only terminate",
            )
        if self.access is not None and (self.mode is ServiceMode.PASSTHROUGH or self.protocol != "tls"):
            raise refused(
                "の access は、mode が terminate で protocol が tls のサービスにだけ書けます",
                "has an access, which only a service with mode terminate and protocol tls can have",
            )
        if self.protocol == "plain" and self.presented is not None:
            raise refused(
                "は plain なので、presented は使われません。消してください",
                "has the protocol plain, where `presented` is never used (remove it)",
            )
        if self.mode is ServiceMode.TERMINATE and self.protocol != "plain" and self.presented is None:
            raise refused(
                "は terminate なので、端末に見せる証明書（presented）が必要です",
                "is in terminate mode and needs `presented`, the certificate shown to terminals",
            )
        if self.mode is ServiceMode.PASSTHROUGH and self.presented is not None:
            raise refused(
                "は passthrough なので、presented は使われません。消すか、mode を terminate にしてください",
                "is in passthrough mode, where `presented` is never used (remove it, or make the mode terminate)",
            )
        return self


class Bfd(Part):
    """Twelve packets in a row are lost by chance once in weeks on a line that loses a fifth, four every minute."""

    interval_ms: Annotated[int, Field(ge=10, le=10000)] = 20
    multiplier: Annotated[int, Field(ge=2, le=50)] = 12


class Maintainer(Part):
    """Somebody who may look after terminals from afar while the clinic lets him. title: what staff call him.

    addresses: from which he comes, inside the tunnels.
    """

    name: Name
    title: BilingualName
    addresses: Annotated[tuple[IPv4Address, ...], Field(min_length=1, max_length=8)]


_FOR_TUNNELS = ("wireguard_private_key", "tunnels", "dns")
_OF_TUNNELS = frozenset(
    {*_FOR_TUNNELS, "bfd", "maintainers", "monitoring", "ntp", "trust_url", "measure_url", "firmware_url"}
)
"""What only means something inside tunnels."""


class Account(Part):
    format: Literal[1]
    serial: Annotated[int, Field(ge=1, le=LARGEST_SERIAL)]
    issuer: Annotated[str, Field(min_length=1)]
    not_before: Moment
    expires: Moment
    clinic: Clinic
    path: Literal["tunnels", "internet"] = "tunnels"
    """By which way all services are reached; without tunnels an account says so, lest a forgotten key open the line."""
    wireguard_private_key: WireGuardSecret | None = None
    tunnels: Annotated[tuple[Tunnel, ...], Field(max_length=2)] = ()
    bfd: Bfd = Bfd()
    dns: tuple[IPv4Address, ...] = ()
    """Resolvers inside the tunnels that know the engines' names."""
    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    trust_anchors: str
    """PEM: the CAs that may sign an engine's certificate."""
    terminal_anchors: str
    """PEM: the CAs that sign the terminals' certificates."""
    identity: KeyPair
    """The clinic's certificate: what the router itself shows to an engine."""
    page: Page | None = None
    """Without it the router's page has the device's own certificate alone."""
    revocations: str = ""
    """PEM: revocation lists (CRLs) of the CAs in the two lists of anchors."""
    trust_serial: Annotated[int, Field(ge=0, le=LARGEST_SERIAL)] = 0
    """That of the newest trust list whose pins and revocations this account holds already; see `trust`."""
    trust_url: Annotated[str, Field(pattern=INSIDE_URL_PATTERN, max_length=255)] | None = None
    """Where, inside the tunnels, the newest trust list is to be had. It is signed: nobody needs TLS for it."""
    measure_url: Annotated[str, Field(pattern=INSIDE_URL_PATTERN, max_length=255)] | None = None
    """Where, inside the tunnels, the throughput of the line can be measured: GET sends bytes, POST throws them away."""
    firmware_url: Annotated[str, Field(pattern=INSIDE_URL_PATTERN, max_length=255)] | None = None
    """Where, inside the tunnels, the newest firmware's bundle is to be had. It is signed, too."""
    monitoring: tuple[IPv4Network, ...] = ()
    """Addresses inside the tunnels that may scrape /metrics and ping."""
    maintainers: Annotated[tuple[Maintainer, ...], Field(max_length=8)] = ()
    """Who may be let in to the clinic's terminals; without consent none of them is."""
    ntp: tuple[IPv4Address, ...] = ()
    """Time servers inside the tunnels (RFC 5905)."""

    @model_validator(mode="after")
    def _validity(self) -> Self:
        if self.expires <= self.not_before:
            raise refused(
                "の expires（有効期限）が not_before（開始）より後ではありません",
                "has an expires that is not after its not_before",
            )
        return self

    @model_validator(mode="after")
    def _path_is_whole(self) -> Self:
        if self.path == "internet" and (useless := sorted(self.model_fields_set & _OF_TUNNELS)):
            raise refused(
                f"の path が internet なので、{useless[0]} は使われません。消してください",
                f"has the path internet, where `{useless[0]}` is never used (remove it)",
            )
        missing = [key for key in _FOR_TUNNELS if not getattr(self, key)]
        if self.path == "tunnels" and missing:
            raise refused(
                f"に {missing[0]} がありません。トンネルを使わない契約なら、path に internet を入れてください",
                f"lacks `{missing[0]}`, which every account needs whose path is not internet",
            )
        return self

    @model_validator(mode="after")
    def _tunnels_fit_together(self) -> Self:
        if twice := repeated(tunnel.name for tunnel in self.tunnels):
            raise refused(f"の tunnels に同じ名前 {twice[0]} が2回あります", f"has two tunnels named {twice[0]}")
        if len({tunnel.inner_address for tunnel in self.tunnels}) > 1:
            # TCP sessions survive a fail-over only when their source address does.
            raise refused(
                "の tunnels の inner_address がそろっていません。両方に同じアドレスを入れてください",
                "has tunnels with different inner_address values, where both must have the same one",
            )
        if shared := repeated(tunnel.peer_address for tunnel in self.tunnels):
            raise refused(
                f"の tunnels が同じ peer_address {shared[0]} を使っています。トンネルごとに別のアドレスが必要です",
                f"has two tunnels with the peer_address {shared[0]}, where each needs its own",
            )
        return self

    @model_validator(mode="after")
    def _maintainers_are_told_apart(self) -> Self:
        if twice := repeated(one.name for one in self.maintainers):
            raise refused(
                f"の maintainers に同じ名前 {twice[0]} が2回あります", f"has two maintainers named {twice[0]}"
            )
        if shared := repeated(address for one in self.maintainers for address in one.addresses):
            raise refused(
                f"の maintainers に {shared[0]} が2回あります。だれの接続か分かるように、1回だけにしてください",
                f"has {shared[0]} twice among the maintainers' addresses, where each must tell who connects",
            )
        return self

    @model_validator(mode="after")
    def _services_fit_together(self) -> Self:
        if twice := repeated(service.name for service in self.services):
            raise refused(f"の services に同じ名前 {twice[0]} が2回あります", f"has two services named {twice[0]}")
        if pairs := repeated((service.host, service.port) for service in self.services):
            host, port = pairs[0]
            raise refused(
                f"の services で {host} の {port} 番が2回使われています", f"has two services at {host} port {port}"
            )
        taken = {service.host for service in self.services}
        if self.page and (both := taken.intersection(self.page.names)):
            name = min(both)
            raise refused(
                f"の page の names にある {name} は、サービスの host でもあります。別の名前にしてください",
                f"names {name} for the page, which is a service's host; give the page another name",
            )
        modes: dict[str, ServiceMode] = {}
        for service in self.services:
            # A name has one answer in DNS: the engine's address or the gate's.
            if modes.setdefault(service.host, service.mode) is not service.mode:
                raise refused(
                    f"の services で、{service.host} に passthrough と terminate の両方が指定されています",
                    f"has services of both modes at {service.host}, where one host name can have only one mode",
                )
        return self


def repeated(values: Iterable[_Hashable]) -> list[_Hashable]:
    return [value for value, count in Counter(values).items() if count > 1]
