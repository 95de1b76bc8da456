"""Asks everybody who is asked for names here: for `apart`, where their answers are parsed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import monotonic

from appliance.control.ways import Given, resolvers
from appliance.diagnose.checks.names import Asked, NameEvidence
from appliance.intent.model import RouterIntent
from appliance.tunnel.names import Unresolved, resolve_a, resolve_aaaa

LIMIT = 3.0
"""Seconds for each answer."""
SECONDS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """source: own address to ask from, None for the route's. six: for an IPv6 address."""

    asked: Asked
    server: IPv4Address | IPv6Address
    name: str
    source: IPv4Address | None = None
    six: bool = False


def questions(intent: RouterIntent, found: Given) -> tuple[Question, ...]:
    concentrators = [tunnel.endpoint_host for tunnel in intent.tunnels if not _is_literal(tunnel.endpoint_host)]
    engines = list(dict.fromkeys(service.host for service in intent.services))
    only_six = all(line.ipv6 and not line.ipv4 for line in intent.lines)
    return (
        *(
            Question(Asked.LINE, server, name, six=only_six)
            for server in resolvers(intent, found)
            for name in dict.fromkeys(concentrators)
        ),
        *(
            Question(Asked.CENTER, server, name, intent.inner_address)
            for server in intent.tunnel_dns
            for name in engines
        ),
        *(Question(Asked.ROUTER, intent.lan.address.ip, name) for name in engines),
    )


def gather(asked: tuple[Question, ...]) -> tuple[NameEvidence, ...]:
    return asyncio.run(_all(asked))


async def _all(asked: tuple[Question, ...]) -> tuple[NameEvidence, ...]:
    return tuple(await asyncio.gather(*map(_one, asked)))


async def _one(question: Question) -> NameEvidence:
    began = monotonic()
    answer: list[IPv4Address] | list[IPv6Address] | Unresolved
    if question.six:
        answer = await resolve_aaaa(question.name, (question.server,), LIMIT)
    else:
        answer = await resolve_a(question.name, (question.server,), question.source, LIMIT)
    seconds = monotonic() - began
    found, reason = ((), answer.reason.value) if isinstance(answer, Unresolved) else (tuple(map(str, answer)), "")
    return NameEvidence(question.asked, str(question.server), question.name, found, reason, seconds)


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
