"""What a proof allows, and for how long: pure, no clock and no socket.

The rules:

- Each address of a service is proven about every 20 s. A proof permits the address for 60 s, in the kernel, whose
  own time-out closes the way if we should die.
- *Refused* (somebody else answers) revokes at once and resets what is in flight.
- *Unreachable* revokes nothing: the address is tried again after 1, 2, 4, … 20 s, and if no proof comes the
  permission runs out. Then the connections in flight are reset too: the real client has no time-outs, and a
  terminal that waits in silence for an engine that is gone would wait for ever.
- DNS answers only permitted addresses.
- An address that the name no longer points to is treated as before for 5 minutes, because name servers rotate
  partial answers; then it is revoked, because that is how a data center takes an engine out of service, and the
  address may be given to somebody else.
- After a restart the kernel's permissions are adopted with the time that is left to them, and every one of them is
  proven at once. A changed account re-proves everything at once and forgets proofs under way, because they were
  made with the old pins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address

from appliance.gate.messages import (
    Adopted,
    Answer,
    Command,
    Configured,
    Event,
    Grant,
    GuardedService,
    NameFailed,
    NameResolved,
    Probe,
    ProofDone,
    Report,
    Resolve,
    Revoke,
    Tick,
)
from appliance.gate.proof import Outcome, Proof
from appliance.gate.reasons import Reason

PROOF_PERIOD = 20.0
PROOF_JITTER = 4.0
"""Each address has its own period, up to this much shorter, so that a data center sees no bursts."""
PROOF_SECONDS = 5.0
PERMISSION_SECONDS = 60
RESOLVE_PERIOD = 20.0
LONGEST_WAIT = 20.0
ABSENCE_SECONDS = 300.0
ADDRESSES_PER_SERVICE = 8
PROBES_AT_ONCE = 8
LOST_SECONDS = 30.0
"""A probe or look-up without an answer for so long is taken as lost."""


@dataclass(slots=True)
class _Address:
    """permitted_until None: no permission. absent_since None: the name points here."""

    due: float
    permitted_until: float | None = None
    absent_since: float | None = None
    probe: int | None = None
    failures: int = 0
    refused: bool = False


@dataclass(slots=True)
class _Service:
    spec: GuardedService
    addresses: dict[IPv4Address, _Address]
    resolve_due: float
    resolving_since: float | None = None
    name_failures: int = 0


@dataclass(frozen=True, slots=True)
class _Flight:
    service: str
    address: IPv4Address
    since: float


class Permissions:
    """Feed it events with `handle`, carry out the commands in their order."""

    def __init__(self) -> None:
        self._services: dict[str, _Service] = {}
        self._flights: dict[int, _Flight] = {}
        self._number = 0
        self._answers: dict[str, tuple[IPv4Address, ...]] = {}

    def handle(self, event: Event) -> list[Command]:
        commands: list[Command] = []
        match event:
            case Configured():
                commands += self._configure(event)
            case NameResolved():
                commands += self._resolved(event)
            case NameFailed():
                commands += self._unresolved(event)
            case ProofDone():
                commands += self._proven(event)
            case Tick():
                pass
        commands += self._expire(event.now)
        commands += self._answer()
        commands += self._launch(event.now)
        return commands

    def permitted(self, service: str) -> tuple[IPv4Address, ...]:
        """The addresses that `service` may use now, in ascending order."""
        known = self._services.get(service)
        return _permitted(known) if known else ()

    # ---- events ----------------------------------------------------------------

    def _configure(self, event: Configured) -> Iterator[Command]:
        before, self._services, self._flights = self._services, {}, {}
        for spec in event.services:
            old = before.get(spec.name)
            kept = old.addresses if old and old.spec == spec else {}
            for address in kept.values():
                address.due, address.probe = event.now, None
            self._services[spec.name] = _Service(spec, kept, event.now)
        for adopted in event.adopted:
            self._adopt(adopted, event.now)
        for name, old in before.items():
            new = self._services.get(name)
            if new is None or new.spec != old.spec:
                for ip in _permitted(old):
                    yield from self._revoke(old.spec, ip, Reason.SERVICE_WITHDRAWN)

    def _adopt(self, adopted: Adopted, now: float) -> None:
        service = self._services.get(adopted.service)
        if service and adopted.address not in service.addresses and adopted.remaining > 0:
            service.addresses[adopted.address] = _Address(
                due=now, permitted_until=now + min(adopted.remaining, PERMISSION_SECONDS), absent_since=now
            )

    def _resolved(self, event: NameResolved) -> Iterator[Command]:
        service = self._services.get(event.service)
        if service is None:
            return
        service.resolving_since, service.name_failures = None, 0
        service.resolve_due = event.now + RESOLVE_PERIOD
        if not event.addresses:
            yield from self._name_gone(service, event.now)
            return
        yield Report("engine.name", event.service, True, event.now, detail=" ".join(map(str, event.addresses)))
        yield from self._present(service, tuple(dict.fromkeys(event.addresses)), event.now)

    def _name_gone(self, service: _Service, now: float) -> Iterator[Command]:
        yield Report("engine.name", service.spec.name, False, now, "name-not-found")
        for address in service.addresses.values():
            address.absent_since = now if address.absent_since is None else address.absent_since

    def _present(self, service: _Service, named: tuple[IPv4Address, ...], now: float) -> Iterator[Command]:
        known = [ip for ip in named if ip in service.addresses]
        new = [ip for ip in named if ip not in service.addresses]
        present = (known + new)[:ADDRESSES_PER_SERVICE]
        absent = [ip for ip in service.addresses if ip not in present]
        absent.sort(key=lambda ip: -(service.addresses[ip].absent_since or now))
        room = ADDRESSES_PER_SERVICE - len(present)
        for ip in absent[room:]:
            yield from self._drop(service, ip)
        for ip in absent[:room]:
            state = service.addresses[ip]
            state.absent_since = now if state.absent_since is None else state.absent_since
        for ip in present:
            if ip not in service.addresses:
                service.addresses[ip] = _Address(due=now, probe=self._under_way(service.spec.name, ip))
            service.addresses[ip].absent_since = None

    def _unresolved(self, event: NameFailed) -> Iterator[Command]:
        service = self._services.get(event.service)
        if service is None:
            return
        # No answer is not an answer: what was known stays known.
        service.resolving_since = None
        service.name_failures += 1
        service.resolve_due = event.now + _wait(service.name_failures)
        yield Report("engine.name", event.service, False, event.now, event.reason, event.detail)

    def _proven(self, event: ProofDone) -> Iterator[Command]:
        flight = self._flights.pop(event.number, None)
        service = self._services.get(flight.service) if flight else None
        state = service.addresses.get(flight.address) if service and flight else None
        proof = event.proof
        if (
            service is None
            or state is None
            or flight is None
            or state.probe != event.number
            or (proof.service, proof.address) != (flight.service, flight.address)
        ):
            return
        state.probe = None
        subject = f"{proof.service}@{proof.address}"
        match proof.outcome:
            case Outcome.PROVEN:
                state.permitted_until = event.now + PERMISSION_SECONDS
                state.failures, state.refused = 0, False
                state.due = event.now + _period(service.spec.name, proof.address)
                spec = service.spec
                yield Grant(spec.name, proof.address, spec.port, spec.mode, spec.gate_port, PERMISSION_SECONDS)
            case Outcome.REFUSED:
                state.due = event.now + _period(service.spec.name, proof.address)
                # Also when we hold none: a kernel element that nobody told us about must not survive.
                if state.permitted_until is not None or not state.refused:
                    state.permitted_until = None
                    yield from self._revoke(service.spec, proof.address, proof.reason or "")
                state.failures, state.refused = 0, True
            case Outcome.UNREACHABLE:
                state.failures += 1
                state.due = event.now + _wait(state.failures)
        yield Report("engine.proof", subject, proof.reason is None, event.now, proof.reason or "", _detail(proof))

    # ---- time ------------------------------------------------------------------

    def _expire(self, now: float) -> Iterator[Command]:
        for service in self._services.values():
            for ip, state in list(service.addresses.items()):
                if state.permitted_until is not None and state.permitted_until <= now:
                    state.permitted_until = None
                    yield from self._revoke(service.spec, ip, Reason.PROOF_LAPSED)
                if state.absent_since is not None and now - state.absent_since >= ABSENCE_SECONDS:
                    yield from self._drop(service, ip)
            if service.resolving_since is not None and now - service.resolving_since >= LOST_SECONDS:
                service.resolving_since, service.resolve_due = None, now
        for number, flight in list(self._flights.items()):
            if now - flight.since >= LOST_SECONDS:
                del self._flights[number]
                lost = self._services[flight.service].addresses.get(flight.address)
                if lost and lost.probe == number:
                    lost.probe = None

    def _launch(self, now: float) -> Iterator[Command]:
        for service in self._services.values():
            if service.resolving_since is None and service.resolve_due <= now:
                service.resolving_since = now
                yield Resolve(service.spec.name)
        due = [
            # Who has a permission to lose goes first: unreachable addresses must not crowd it out.
            (state.permitted_until is None, state.due, service.spec.name, ip)
            for service in self._services.values()
            for ip, state in service.addresses.items()
            if state.probe is None and state.due <= now
        ]
        for _, _, name, ip in sorted(due)[: max(0, PROBES_AT_ONCE - len(self._flights))]:
            self._number += 1
            self._flights[self._number] = _Flight(name, ip, now)
            self._services[name].addresses[ip].probe = self._number
            yield Probe(self._number, name, ip)

    def _answer(self) -> Iterator[Command]:
        wanted: dict[str, set[IPv4Address]] = {}
        for service in self._services.values():
            wanted.setdefault(service.spec.host, set()).update(_permitted(service))
        for host in self._answers.keys() - wanted.keys():
            del self._answers[host]
            yield Answer(host, ())
        for host, addresses in wanted.items():
            answer = tuple(sorted(addresses))
            if self._answers.get(host) != answer:
                self._answers[host] = answer
                yield Answer(host, answer)

    # ---- helpers -----------------------------------------------------------------

    def _under_way(self, service: str, ip: IPv4Address) -> int | None:
        """The probe of an address that was dropped and is back before its answer: that answer counts."""
        for number, flight in self._flights.items():
            if (flight.service, flight.address) == (service, ip):
                return number
        return None

    def _drop(self, service: _Service, ip: IPv4Address) -> Iterator[Command]:
        state = service.addresses.pop(ip)
        if state.permitted_until is not None:
            yield from self._revoke(service.spec, ip, Reason.NAME_WITHDRAWN)

    def _revoke(self, spec: GuardedService, ip: IPv4Address, reason: str) -> Iterator[Command]:
        """The kernel knows an address and a port, not a name: another service there keeps what it has proven."""
        for other in self._services.values():
            same_way = (other.spec.mode, other.spec.port) == (spec.mode, spec.port)
            if other.spec.name != spec.name and same_way and ip in _permitted(other):
                return
        yield Revoke(spec.name, ip, spec.port, spec.mode, str(reason), reset=True)


def _permitted(service: _Service) -> tuple[IPv4Address, ...]:
    return tuple(sorted(ip for ip, state in service.addresses.items() if state.permitted_until is not None))


def _wait(failures: int) -> float:
    return min(2.0 ** min(failures - 1, 10), LONGEST_WAIT)


def _period(service: str, address: IPv4Address) -> float:
    share = sha256(f"{service}@{address}".encode()).digest()[0] / 255
    return PROOF_PERIOD - PROOF_JITTER * share


def _detail(proof: Proof) -> str:
    if proof.reason is None and proof.not_after is not None:
        return f"{proof.tls_version}, certificate until {proof.not_after:%Y-%m-%d}"
    return proof.detail
