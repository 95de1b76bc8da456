"""Names to addresses by exactly the given resolvers: never the machine's own, never another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

Address = TypeVar("Address", IPv4Address, IPv6Address)


class Reason(StrEnum):
    """Why a name has no address, from the most to the least telling."""

    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    IMPOSSIBLE = "impossible"
    REFUSED = "refused"
    SERVFAIL = "servfail"
    MALFORMED = "malformed"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    NO_SERVER = "no-server"


@dataclass(frozen=True, slots=True)
class Unresolved:
    reason: Reason


async def resolve_a(
    name: str, servers: Sequence[IPv4Address | IPv6Address], source: IPv4Address | None, timeout: float, port: int = 53
) -> list[IPv4Address] | Unresolved:
    """Ask the servers one after another until one knows addresses, in its order and never empty.

    source: own address to ask from, None for the route's. timeout: seconds for each server.
    Over UDP, and TCP when the answer is cut short (RFC 7766). Never raises for what a server does.
    """
    own = str(source) if source else None
    return await _resolve(name, dns.rdatatype.A, IPv4Address, servers, own, timeout, port)


async def resolve_aaaa(
    name: str, servers: Sequence[IPv4Address | IPv6Address], timeout: float, port: int = 53
) -> list[IPv6Address] | Unresolved:
    """The same for IPv6 addresses (RFC 3596), from the route's own address."""
    return await _resolve(name, dns.rdatatype.AAAA, IPv6Address, servers, None, timeout, port)


async def _resolve(
    name: str,
    kind: dns.rdatatype.RdataType,
    form: Callable[[str], Address],
    servers: Sequence[IPv4Address | IPv6Address],
    source: str | None,
    timeout: float,
    port: int,
) -> list[Address] | Unresolved:
    failures = [Reason.NO_SERVER]
    for server in servers:
        try:
            async with asyncio.timeout(timeout):
                return await _ask(name, kind, form, str(server), source, port)
        except TimeoutError:
            failures.append(Reason.TIMEOUT)
        except NoAnswerError as failure:
            failures.append(failure.reason)
        except (OSError, EOFError):  # EOFError: over TCP, hung up in the middle of an answer.
            failures.append(Reason.UNREACHABLE)
        except (dns.exception.DNSException, ValueError):
            failures.append(Reason.MALFORMED)
    order = list(Reason)
    return Unresolved(min(failures, key=order.index))


class NoAnswerError(Exception):
    """An answer, but without an address; reason says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


async def _ask(
    name: str,
    kind: dns.rdatatype.RdataType,
    form: Callable[[str], Address],
    server: str,
    source: str | None,
    port: int,
) -> list[Address]:
    query = dns.message.make_query(dns.name.from_text(name), kind)
    # ignore_*: a forged or foreign packet must not end the waiting for the real one (RFC 5452 section 9).
    answer, _ = await dns.asyncquery.udp_with_fallback(
        query, server, port=port, source=source, ignore_unexpected=True, ignore_errors=True
    )
    return addresses_in(answer, form)


def addresses_in(answer: dns.message.Message, form: Callable[[str], Address]) -> list[Address]:
    """What a server's answer says, never empty. Raises `NoAnswerError`, DNSException, ValueError."""
    match answer.rcode():
        case dns.rcode.NOERROR:
            pass
        case dns.rcode.NXDOMAIN:
            raise NoAnswerError(Reason.NXDOMAIN)
        case dns.rcode.REFUSED:
            raise NoAnswerError(Reason.REFUSED)
        case _:
            raise NoAnswerError(Reason.SERVFAIL)
    if not isinstance(answer, dns.message.QueryMessage):
        raise NoAnswerError(Reason.MALFORMED)
    records = answer.resolve_chaining().answer
    if records is None:
        raise NoAnswerError(Reason.NODATA)
    addresses = dict.fromkeys(form(record.to_text()) for record in records)
    hosts = [address for address in addresses if _is_host(address)]
    if not hosts:
        raise NoAnswerError(Reason.MALFORMED)
    return hosts


def _is_host(address: IPv4Address | IPv6Address) -> bool:
    """A resolver's answer must not make us talk to ourselves or to everybody."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return False
    return not (
        address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        # Of IPv6 that would be most of what there is, translated addresses (RFC 6052) among them.
        or (address.version == 4 and address.is_reserved)
    )
