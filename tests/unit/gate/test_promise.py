"""The promise as a whole: after any history of proofs, names, settings and time."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from appliance.gate.messages import (
    Answer,
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
from appliance.gate.permissions import ADDRESSES_PER_SERVICE, LOST_SECONDS, PERMISSION_SECONDS, Permissions
from appliance.gate.reasons import Reason
from tests.unit.gate.guarded import DC1, DC2, GATE, MANY, RECEIPT, TWIN, proof_of

POOL = (DC1, DC2, *MANY)
ALL = (RECEIPT, GATE, TWIN)


class Promise(RuleBasedStateMachine):
    """The kernel and DNS as they would be, after any history of proofs, names, settings and time."""

    @initialize(services=st.sets(st.sampled_from(ALL), min_size=1))
    def start(self, services: set[GuardedService]) -> None:
        self.core, self.now = Permissions(), 5000.0
        self.configured = self.now
        self.services = {service.name: service for service in services}
        self.kernel: dict[tuple[str, IPv4Address], float] = {}
        """(mode, address) → when its time-out closes it"""
        self.proven: dict[tuple[str, IPv4Address], float] = {}
        """(service, address) → when it was proven last, unless refused since"""
        self.answers: dict[str, tuple[IPv4Address, ...]] = {}
        self.flying: dict[int, Probe] = {}
        self.launched: dict[int, float] = {}
        self.tell(Configured(self.now, tuple(services)))

    def tell(self, event: Event) -> None:
        for command in self.core.handle(event):
            match command:
                case Grant():
                    # A permission only ever directly follows a proof of just this address.
                    assert isinstance(event, ProofDone) and event.proof.reason is None
                    assert (event.proof.service, event.proof.address) == (command.service, command.address)
                    self.kernel[command.mode, command.address] = self.now + command.ttl_seconds
                case Revoke():
                    self.kernel.pop((command.mode, command.address), None)
                case Answer():
                    self.answers[command.host] = command.addresses
                case Probe():
                    assert command.service in self.services
                    self.flying[command.number] = command
                    self.launched[command.number] = self.now
                case Report():
                    assert command.at == self.now and (command.ok or command.reason)
                case Resolve():
                    assert command.service in self.services

    @rule(data=st.data(), addresses=st.lists(st.sampled_from(POOL), max_size=10) | st.just([DC1, DC2]))
    def resolve(self, data: st.DataObject, addresses: list[IPv4Address]) -> None:
        name = data.draw(st.sampled_from(sorted(self.services)))
        self.tell(NameResolved(self.now, name, tuple(addresses)))

    @rule(data=st.data())
    def name_fails(self, data: st.DataObject) -> None:
        self.tell(NameFailed(self.now, data.draw(st.sampled_from(sorted(self.services))), "timeout"))

    @precondition(lambda self: self.flying)
    @rule(
        data=st.data(),
        reason=st.sampled_from([None, None, None, Reason.TIMEOUT, Reason.UNREACHABLE, Reason.WRONG_PIN]),
    )
    def answer(self, data: st.DataObject, reason: Reason | None) -> None:
        self.done(data.draw(st.sampled_from(sorted(self.flying))), reason)

    @precondition(lambda self: self.flying)
    @rule(reason=st.sampled_from([None, None, Reason.TIMEOUT]))
    def answer_all(self, reason: Reason | None) -> None:
        for number in sorted(self.flying, reverse=True):
            self.done(number, reason)

    def done(self, number: int, reason: Reason | None) -> None:
        probe = self.flying.pop(number)
        spec = next(service for service in ALL if service.name == probe.service)
        done = ProofDone(self.now, number, proof_of(spec, probe.address, reason))
        if self.launched.pop(number, -LOST_SECONDS) <= self.now - LOST_SECONDS:
            # Too late, or from before the account changed: it proves nothing and refutes nothing.
            self.tell(done)
            return
        if reason is None:
            self.proven[probe.service, probe.address] = self.now
        self.tell(done)
        if reason is Reason.WRONG_PIN:
            assert probe.address not in self.core.permitted(probe.service)
            self.proven.pop((probe.service, probe.address), None)

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, 20.0, 29.0, 31.0, 59.0, 61.0, 301.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.tell(Tick(self.now))

    @precondition(lambda self: self.now > self.configured + 60)
    @rule(services=st.sets(st.sampled_from(ALL), min_size=1))
    def configure(self, services: set[GuardedService]) -> None:
        self.services, self.configured = {service.name: service for service in services}, self.now
        self.launched.clear()
        self.tell(Configured(self.now, tuple(services)))

    @invariant()
    def what_is_permitted_was_proven_lately(self) -> None:
        for name in self.services:
            for address in self.core.permitted(name):
                assert self.now - self.proven[name, address] < PERMISSION_SECONDS

    @invariant()
    def dns_answers_only_what_the_kernel_lets_through(self) -> None:
        for host in {service.host for service in self.services.values()} | self.answers.keys():
            addresses = self.answers.get(host, ())
            assert set(addresses) == {
                address
                for service in self.services.values()
                if service.host == host
                for address in self.core.permitted(service.name)
            }
            modes = {service.mode for service in self.services.values() if service.host == host}
            assert all(any(self.kernel.get((mode, a), 0) > self.now for mode in modes) for a in addresses)

    @invariant()
    def the_kernel_holds_nothing_that_no_service_has_proven(self) -> None:
        for (mode, address), until in self.kernel.items():
            if until > self.now:
                users = [service.name for service in self.services.values() if service.mode == mode]
                assert any(address in self.core.permitted(name) for name in users)

    @invariant()
    def everything_is_bounded(self) -> None:
        for name in self.services:
            assert len(self.core.permitted(name)) <= ADDRESSES_PER_SERVICE


TestPromise = Promise.TestCase
TestPromise.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
