"""From the words of one room to those of another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from appliance.control.ready import Ready, Terms
from appliance.engines.bird import Standing
from appliance.engines.wanted import engines_for
from appliance.gate import config as gate
from appliance.gate import messages
from appliance.gate.prove import Target
from appliance.gate.reasons import Reason
from appliance.health.board import Expected
from appliance.intent import names
from appliance.intent.model import RouterIntent
from appliance.kernel.nft import Element, Grant
from appliance.secret import Secret

OWN_PAGE = "page:own"
"""What the certificate that the device has made for its page is called among all that end."""


def guarded(intent: RouterIntent) -> tuple[messages.GuardedService, ...]:
    return tuple(
        messages.GuardedService(service.name, service.host, service.port, service.mode.value, service.gate_port)
        for service in intent.services
    )


def elements(command: messages.Grant | messages.Revoke) -> list[Grant]:
    """The kernel's elements behind one permission; for `Revoke` their time-out means nothing."""
    key = (command.address, command.port)
    ttl = command.ttl_seconds if isinstance(command, messages.Grant) else 0
    if command.mode == "passthrough":
        return [Grant(names.ENGINE_VERIFIED, key, ttl)]
    gate_port = command.gate_port if isinstance(command, messages.Grant) else 0
    return [Grant(names.GATE_VERIFIED, key, ttl), Grant(names.GATE_OPEN, key, ttl, gate_port)]


def adopted(
    intent: RouterIntent,
    hosts: Mapping[str, Iterable[IPv4Address]],
    passthrough: Sequence[Element],
    terminate: Sequence[Element],
) -> tuple[messages.Adopted, ...]:
    """What an earlier run of ours left in the kernel. hosts: what DNS answers now, which tells whose an address is."""
    found = []
    for service in intent.services:
        held = passthrough if service.mode == "passthrough" else terminate
        for element in held:
            address, port = IPv4Address(element.key[0]), int(element.key[1])
            if port == service.port and address in set(hosts.get(service.host, ())) and element.expires:
                found.append(messages.Adopted(service.name, address, float(element.expires)))
    return tuple(found)


def target(ready: Ready, name: str) -> Target:
    account = ready.account
    service = next(service for service in ready.intent.services if service.name == name)
    return Target(
        service=service.name,
        host=service.host,
        port=service.port,
        pins=_terms(ready, name).pins,
        trust_anchors=account.trust_anchors,
        identity_certificate=account.identity.certificate,
        identity_key=Secret(account.identity.key),
        source=ready.intent.inner_address,
        against=dict.fromkeys(account.revoked, Reason.REVOKED),
        protocol=_terms(ready, name).protocol,
    )


def gate_config(ready: Ready, permitted: Callable[[str], tuple[IPv4Address, ...]]) -> gate.GateConfig:
    """permitted: proven addresses by service name."""
    account = ready.account
    at_most = {str(one.address): one.access for one in ready.site.terminals if one.access is not None}
    services = []
    for service in ready.intent.services:
        terms = _terms(ready, service.name)
        if service.gate_port is None:
            continue
        allowed = ready.site.allowed.get(service.name)
        upstreams = tuple(str(address) for address in permitted(service.name))
        services.append(
            gate.ServiceConfig(
                name=service.name,
                host=service.host,
                port=service.port,
                # Redirected connections arrive at the address of the LAN port.
                listen=(str(ready.intent.lan.address.ip), service.gate_port),
                presented=terms.presented,
                terminal_anchors=account.terminal_anchors,
                trust_anchors=account.trust_anchors,
                pins=terms.pins,
                identity=account.identity,
                source=str(ready.intent.inner_address) if ready.intent.inner_address else None,
                upstreams=upstreams,
                open=bool(upstreams),
                by_address=service.name in ready.site.by_address,
                protocol=terms.protocol,
                access=terms.access and replace(terms.access, at_most=at_most),
                terminals=None
                if allowed is None
                else frozenset(str(one.address) for one in ready.site.terminals if one.name in allowed),
            )
        )
    terminals = {str(terminal.address): terminal.name for terminal in ready.site.terminals}
    return gate.GateConfig(tuple(services), terminals, account.revoked)


def expected(ready: Ready) -> Expected:
    """What there should be to see on a router at work."""
    intent = ready.intent
    names = tuple(tunnel.name for tunnel in intent.tunnels)
    return Expected(
        lines={line.name: line.interface for line in intent.lines},
        tunnels=names,
        is_direct=not names,
        services=tuple(service.name for service in intent.services),
        certificates=(*(subject for subject, _ in ready.account.ends), OWN_PAGE),
        helpers=helpers(intent),
        by_address=ready.site.by_address | {one.name for one in ready.account.services if one.protocol == "plain"},
        lists=tuple(subject for subject, _ in ready.account.lists),
        terminals={terminal.name: terminal.label for terminal in ready.site.terminals},
        listed=frozenset(f"{terminal.address} {terminal.mac}" for terminal in ready.site.terminals),
    )


def expected_of_fresh(intent: RouterIntent) -> Expected:
    """The same on one that nobody has set up."""
    return Expected(certificates=(OWN_PAGE,), helpers=helpers(intent))


def helpers(intent: RouterIntent) -> tuple[str, ...]:
    """Names of the daemons that this router has once everything is there that they need."""
    standings = {tunnel.name: Standing(1) for tunnel in intent.tunnels}
    passwords = {line.name: Secret("") for line in intent.lines}
    return tuple(spec.name for spec in engines_for(intent, standings, {}, passwords=passwords))


def _terms(ready: Ready, name: str) -> Terms:
    return next(terms for terms in ready.account.services if terms.name == name)
