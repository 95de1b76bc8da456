"""Remote maintenance: a maintainer of the account's, to a terminal's service that the clinic has opened for a while.

The consent is an element of a timed set and the only thing that opens the way: every packet of the connection must
find it, in both directions, so that the kernel ends what consent has begun, whoever is alive. And no connection begins
that the kernel does not note down: into a full set none goes, and then none passes.
"""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import Accept, Counter, Field, NamedSet, RedirectTo, Remember, Rule
from appliance.intent.rules.ground import (
    ANSWER,
    KNOWN,
    LISTED,
    NEW,
    QUESTION,
    REDIRECTED,
    TCP,
    Ground,
    is_,
    within,
)

NOTED_SECONDS = 3600
"""How long a connection that began is remembered for whoever writes the record."""
MOST_NOTED = 4096

_CONSENTED = within(names.MAINTENANCE, Field.SOURCE4, Field.DESTINATION4, Field.TCP_DPORT)
_ANSWERS_CONSENTED = within(names.MAINTENANCE, Field.DESTINATION4, Field.SOURCE4, Field.SPORT)


def ways_in(ground: Ground) -> tuple[Rule, ...]:
    """Of nat: each terminal's service has a port of its own on the inner address."""
    return tuple(
        Rule(
            (
                ground.from_tunnels,
                is_(Field.SOURCE4, *(one for who in ground.maintenance.maintainers for one in who.addresses)),
                is_(Field.DESTINATION4, *ground.inner),
                is_(Field.TCP_DPORT, target.outer_port),
            ),
            RedirectTo(target.address, target.port),
            "Maintenance by consent: the port by which a maintainer finds one terminal's service",
        )
        for target in ground.maintenance.targets
    )


def from_tunnels(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (ground.to_lan, TCP, KNOWN, QUESTION, REDIRECTED, _CONSENTED),
            Accept(),
            "Maintenance by consent: until the time is up that the clinic gave",
            names.PASSED_MAINTENANCE,
        ),
        Rule(
            (ground.to_lan, TCP, NEW, REDIRECTED, _CONSENTED),
            Remember(
                names.MAINTENANCE_BEGUN,
                (Field.SOURCE4, Field.SPORT, Field.DESTINATION4, Field.TCP_DPORT),
                NOTED_SECONDS,
            ),
            "Maintenance on record: no connection begins that is not noted down",
            names.PASSED_MAINTENANCE,
        ),
    )


def answers(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (ground.to_tunnels, LISTED, TCP, KNOWN, ANSWER, REDIRECTED, _ANSWERS_CONSENTED),
            Accept(),
            "Maintenance by consent: the terminal's answers, until the time is up that the clinic gave",
            names.PASSED_MAINTENANCE,
        ),
    )


def sets() -> tuple[NamedSet, ...]:
    return (
        NamedSet(
            names.MAINTENANCE,
            ("ipv4_addr", "ipv4_addr", "inet_service"),
            "Maintenance by consent: who may reach which terminal's service now; expires by itself",
            timeout=True,
        ),
        NamedSet(
            names.MAINTENANCE_BEGUN,
            ("ipv4_addr", "inet_service", "ipv4_addr", "inet_service"),
            "Maintenance on record: connections that began; forgotten by itself",
            timeout=True,
            dynamic=True,
            size=MOST_NOTED,
        ),
    )


def counters() -> tuple[Counter, ...]:
    return (Counter(names.PASSED_MAINTENANCE, "Packets of remote maintenance, both ways"),)
