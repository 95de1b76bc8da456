"""What the daemon tells the gate process: typed here, JSON on the control socket.

Written without pydantic, because the gate process must stay small. The daemon has already checked the values;
what is checked here is that a message means what it seems to mean, so that a bad one changes nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import SekishoError
from appliance.gate.access import LEVELS, Access, Level, Rule

PROTOCOLS = ("tls", "postgres", "plain")
"""TLS at once; TLS after PostgreSQL's question for it; nothing towards the terminal. Towards the engine always TLS, in
PostgreSQL's way where that is the protocol."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """PEM: chain, leaf first, and its private key."""

    certificate: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """listen: IPv4 address and port. presented: shown to terminals, None where they do not speak TLS. identity: shown
    to the engine. protocol: how connections begin, see `PROTOCOLS`.

    terminal_anchors, trust_anchors: PEM. source: local address towards the engine, None: the route's. upstreams: proven
    addresses (changes all the time). open: False refuses new connections. by_address: terminals need no certificate;
    one that is shown must be good all the same. terminals: addresses of those that may use it; None: all. access: what
    they may call, for HTTP alone; None: everything, and it may be any protocol.
    """

    name: str
    host: str
    port: int
    listen: tuple[str, int]
    presented: KeyPair | None
    terminal_anchors: str
    trust_anchors: str
    pins: tuple[str, ...]
    identity: KeyPair
    source: str | None
    upstreams: tuple[str, ...]
    open: bool
    by_address: bool = False
    protocol: str = "tls"
    terminals: frozenset[str] | None = None
    access: Access | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "host": self.host,
            "port": self.port,
            "listen": list(self.listen),
            "presented": None if self.presented is None else _as_json(self.presented),
            "terminal_anchors": self.terminal_anchors,
            "trust_anchors": self.trust_anchors,
            "pins": list(self.pins),
            "identity": _as_json(self.identity),
            "source": self.source,
            "upstreams": list(self.upstreams),
            "open": self.open,
            "by_address": self.by_address,
            "protocol": self.protocol,
            "terminals": None if self.terminals is None else sorted(self.terminals),
            "access": None if self.access is None else _access_as_json(self.access),
        }

    def same_parties(self, before: ServiceConfig) -> bool:
        """Whether what stands under `before` may stay: all but pins and ways in and out is the same."""
        return _parties(self) == _parties(before)


@dataclass(frozen=True, slots=True)
class PageConfig:
    """The router's page. listen: IPv4 address and port for TLS. redirect: the same for who does not speak it. process:
    unix socket of whoever makes the page. own: the device's certificate, shown to whoever asks for none of
    `vouched_names`, to whom the account's, `vouched`, is shown. hosts: the router's names and addresses, of which the
    first is for who asked for none of them."""

    listen: tuple[str, int]
    redirect: tuple[str, int]
    process: str
    own: KeyPair
    hosts: tuple[str, ...]
    vouched: KeyPair | None = None
    vouched_names: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "listen": list(self.listen),
            "redirect": list(self.redirect),
            "process": self.process,
            "own": _as_json(self.own),
            "hosts": list(self.hosts),
            "vouched": None if self.vouched is None else _as_json(self.vouched),
            "vouched_names": list(self.vouched_names),
        }


@dataclass(frozen=True, slots=True)
class GateConfig:
    """terminals: LAN address → name of the terminals that may connect. revoked: marks of certificates that their CAs
    have taken back, see `pins`."""

    services: tuple[ServiceConfig, ...] = ()
    terminals: Mapping[str, str] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()
    page: PageConfig | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "page": None if self.page is None else self.page.as_json(),
            "services": [service.as_json() for service in self.services],
            "terminals": dict(self.terminals),
            "revoked": sorted(self.revoked),
        }


def parse(message: object) -> GateConfig:
    """The inverse of `GateConfig.as_json`. Raises SekishoError ``gate.bad-config``."""
    root = _Table(message, "config")
    page = root.take("page")
    config = GateConfig(
        tuple(_service(_Table(item, f"services[{i}]")) for i, item in enumerate(root.list("services"))),
        {_ipv4(ip, "terminals"): _string(name, "terminals") for ip, name in root.table("terminals").items()},
        frozenset(_string(mark, "revoked") for mark in root.list("revoked")),
        None if page is None else _page(_Table(page, "page")),
    )
    root.done()
    for what, values in (
        ("name", [service.name for service in config.services]),
        ("listen", [*(service.listen for service in config.services), *page_listens(config.page)]),
    ):
        if len(set(values)) != len(values):
            raise _bad(f"two have the same {what}")
    return config


def page_listens(page: PageConfig | None) -> tuple[tuple[str, int], ...]:
    return () if page is None else (page.listen, page.redirect)


def _page(table: _Table) -> PageConfig:
    vouched = table.take("vouched")
    page = PageConfig(
        listen=_listen(table, "listen"),
        redirect=_listen(table, "redirect"),
        process=table.string("process"),
        own=_key_pair(_Table(table.take("own"), "page.own")),
        hosts=tuple(_string(host, "page.hosts") for host in table.list("hosts")),
        vouched=None if vouched is None else _key_pair(_Table(vouched, "page.vouched")),
        vouched_names=tuple(_string(name, "page.vouched_names") for name in table.list("vouched_names")),
    )
    table.done()
    if not page.hosts:
        raise _bad("page.hosts is empty")
    return page


def _listen(table: _Table, key: str) -> tuple[str, int]:
    given, where = table.list(key), f"{table.where}.{key}"
    if len(given) != 2:
        raise _bad(f"{where} is not [address, port]")
    return _ipv4(given[0], where), _port(given[1], where)


def _service(table: _Table) -> ServiceConfig:
    protocol = table.string("protocol")
    if protocol not in PROTOCOLS:
        raise _bad(f"{table.where}.protocol is none that the gate speaks")
    presented, terminals, access, source = (table.take(key) for key in ("presented", "terminals", "access", "source"))
    if (presented is None) is not (protocol == "plain"):
        raise _bad(f"{table.where}.presented does not go with the protocol")
    service = ServiceConfig(
        name=table.string("name"),
        host=table.string("host"),
        port=_port(table.take("port"), f"{table.where}.port"),
        listen=_listen(table, "listen"),
        presented=None if presented is None else _key_pair(_Table(presented, f"{table.where}.presented")),
        terminal_anchors=table.string("terminal_anchors"),
        trust_anchors=table.string("trust_anchors"),
        pins=tuple(_string(pin, f"{table.where}.pins") for pin in table.list("pins")),
        identity=_key_pair(_Table(table.take("identity"), f"{table.where}.identity")),
        source=None if source is None else _ipv4(source, f"{table.where}.source"),
        upstreams=tuple(_ipv4(ip, f"{table.where}.upstreams") for ip in table.list("upstreams")),
        open=table.boolean("open"),
        by_address=table.boolean("by_address"),
        protocol=protocol,
        terminals=None if terminals is None else _addresses(terminals, f"{table.where}.terminals"),
        access=None if access is None else _access(_Table(access, f"{table.where}.access")),
    )
    table.done()
    return service


def _access(table: _Table) -> Access:
    rules = []
    for number, item in enumerate(table.list("reference")):
        rule = _Table(item, f"{table.where}.reference[{number}]")
        methods = frozenset(_string(method, rule.where) for method in rule.list("methods"))
        rules.append(Rule(methods, rule.string("path")))
        rule.done()
    access = Access(
        default=_level(table.take("default"), table.where),
        by_certificate={name: _level(word, table.where) for name, word in table.table("by_certificate").items()},
        at_most={_ipv4(ip, table.where): _level(word, table.where) for ip, word in table.table("at_most").items()},
        reference=tuple(rules),
    )
    table.done()
    return access


def _access_as_json(access: Access) -> dict[str, Any]:
    return {
        "default": access.default.word,
        "by_certificate": {name: level.word for name, level in access.by_certificate.items()},
        "at_most": {address: level.word for address, level in access.at_most.items()},
        "reference": [{"methods": sorted(rule.methods), "path": rule.path} for rule in access.reference],
    }


def _level(value: object, where: str) -> Level:
    level = LEVELS.get(value) if isinstance(value, str) else None
    if level is None:
        raise _bad(f"{where} names a level that there is not")
    return level


def _addresses(value: object, where: str) -> frozenset[str]:
    if not isinstance(value, list):
        raise _bad(f"{where} is not a list")
    return frozenset(_ipv4(ip, where) for ip in value)


def _as_json(pair: KeyPair) -> dict[str, str]:
    return {"certificate": pair.certificate, "key": pair.key}


def _key_pair(table: _Table) -> KeyPair:
    pair = KeyPair(table.string("certificate"), table.string("key"))
    table.done()
    return pair


def _parties(service: ServiceConfig) -> tuple[object, ...]:
    return (
        service.host,
        service.port,
        service.presented,
        service.terminal_anchors,
        service.trust_anchors,
        service.identity,
        service.source,
        service.by_address,
        service.protocol,
        service.access,
    )


class _Table:
    """A JSON object of which every key must be taken exactly once. Errors name keys, never values."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise _bad(f"{where} is not an object")
        self._values = dict(value)
        self.where = where

    def take(self, key: str) -> object:
        if key not in self._values:
            raise _bad(f"{self.where}.{key} is missing")
        return self._values.pop(key)

    def string(self, key: str) -> str:
        return _string(self.take(key), f"{self.where}.{key}")

    def boolean(self, key: str) -> bool:
        value = self.take(key)
        if not isinstance(value, bool):
            raise _bad(f"{self.where}.{key} is not true or false")
        return value

    def list(self, key: str) -> list[object]:
        value = self.take(key)
        if not isinstance(value, list):
            raise _bad(f"{self.where}.{key} is not a list")
        return value

    def table(self, key: str) -> dict[str, object]:
        value = self.take(key)
        if not isinstance(value, dict):
            raise _bad(f"{self.where}.{key} is not an object")
        return value

    def done(self) -> None:
        if self._values:
            raise _bad(f"{self.where} has unknown keys: {', '.join(sorted(map(str, self._values)))}")


def _string(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise _bad(f"{where} is not a text")
    return value


def _port(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65535:
        raise _bad(f"{where} is not a port")
    return value


def _ipv4(value: object, where: str) -> str:
    try:
        # The kernel's reader, because the ipaddress module would cost the gate process a megabyte.
        return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, _string(value, where)))
    except (OSError, ValueError):
        raise _bad(f"{where} is not an IPv4 address") from None


def _bad(what: str) -> SekishoError:
    return SekishoError(
        "gate.bad-config",
        f"ゲートに渡された設定が正しくありません ({what})。前の設定のまま動き続けます。",
        f"The configuration given to the gate is not right ({what}). The one before stays in force.",
    )
