"""What a proof allows: a dialogue for each rule."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

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
from appliance.gate.permissions import (
    ABSENCE_SECONDS,
    ADDRESSES_PER_SERVICE,
    LOST_SECONDS,
    PERMISSION_SECONDS,
    PROBES_AT_ONCE,
    PROOF_JITTER,
    PROOF_PERIOD,
    Permissions,
)
from appliance.gate.reasons import Reason
from tests.unit.gate.guarded import DC1, DC2, GATE, MANY, RECEIPT, TWIN, proof_of


class Dialogue:
    """Plays control: keeps the clock, answers probes."""

    def __init__(self, *services: GuardedService, adopted: tuple[Adopted, ...] = ()) -> None:
        self.core, self.now = Permissions(), 1000.0
        self.probes: dict[tuple[str, IPv4Address], int] = {}
        self.services = {service.name: service for service in services or (RECEIPT,)}
        self.last = self.tell(Configured(self.now, services or (RECEIPT,), adopted))

    def tell(self, event: Event) -> list[Command]:
        self.last = self.core.handle(event)
        for command in self.last:
            if isinstance(command, Probe):
                self.probes[command.service, command.address] = command.number
        return self.last

    def resolved(self, *addresses: IPv4Address, service: str = "receipt") -> list[Command]:
        return self.tell(NameResolved(self.now, service, addresses))

    def proof(self, reason: Reason | None, address: IPv4Address = DC1, service: str = "receipt") -> list[Command]:
        number = self.probes.pop((service, address))
        return self.tell(ProofDone(self.now, number, proof_of(self.services[service], address, reason)))

    def wait(self, seconds: float) -> list[Command]:
        self.now += seconds
        return self.tell(Tick(self.now))

    def until_probed(self, address: IPv4Address = DC1, service: str = "receipt") -> float:
        """Seconds until the next probe."""
        start = self.now
        while (service, address) not in self.probes:
            assert self.now < start + 100
            self.wait(0.5)
        return self.now - start


def of(kind: Any, commands: list[Command]) -> list[Any]:
    return [command for command in commands if isinstance(command, kind)]


def proven(*services: GuardedService) -> Dialogue:
    dialogue = Dialogue(*services)
    dialogue.resolved(DC1, DC2)
    dialogue.proof(None)
    return dialogue


# ---- from the name to the permission ----------------------------------------------------


def test_at_first_nothing_is_answered_and_the_name_is_looked_up() -> None:
    assert Dialogue().last == [Answer(RECEIPT.host, ()), Resolve("receipt")]


def test_every_address_of_the_name_is_probed() -> None:
    commands = Dialogue().resolved(DC1, DC2)
    assert [(probe.service, probe.address) for probe in of(Probe, commands)] == [("receipt", DC1), ("receipt", DC2)]
    assert of(Report, commands) == [Report("engine.name", "receipt", True, 1000.0, "", f"{DC1} {DC2}")]
    assert not of(Grant, commands)


def test_a_proof_grants_before_dns_answers() -> None:
    dialogue = Dialogue()
    dialogue.resolved(DC1)
    assert dialogue.proof(None) == [
        Grant("receipt", DC1, 443, "passthrough", None, PERMISSION_SECONDS),
        Report("engine.proof", f"receipt@{DC1}", True, 1000.0, "", "None, certificate until 2027-01-01"),
        Answer(RECEIPT.host, (DC1,)),
    ]
    assert dialogue.core.permitted("receipt") == (DC1,)


def test_a_terminated_service_is_granted_with_its_gate_port() -> None:
    dialogue = Dialogue(GATE)
    dialogue.resolved(DC1, service="receipt-gate")
    assert of(Grant, dialogue.proof(None, service="receipt-gate")) == [
        Grant("receipt-gate", DC1, 443, "terminate", 10443, PERMISSION_SECONDS)
    ]


def test_proofs_are_repeated_in_time_and_each_renews_the_permission() -> None:
    dialogue = proven()
    for _ in range(10):
        assert PROOF_PERIOD - PROOF_JITTER <= dialogue.until_probed() <= PROOF_PERIOD
        assert of(Grant, dialogue.proof(None))
        assert not of(Revoke, dialogue.last)


def test_the_period_of_an_address_is_its_own_and_always_the_same() -> None:
    dialogue = Dialogue()
    dialogue.resolved(*MANY[:8])
    periods = []
    for address in MANY[:8]:
        dialogue.proof(None, address)
    for _ in range(2):
        start = dialogue.now
        seen: dict[IPv4Address, float] = {}
        while len(seen) < 8:
            dialogue.wait(0.1)
            for address in MANY[:8]:
                if ("receipt", address) in dialogue.probes and address not in seen:
                    seen[address] = round(dialogue.now - start, 1)
        for address in MANY[:8]:
            dialogue.proof(None, address)
        dialogue.now += 0.0
        periods.append(seen)
    assert len(set(periods[0].values())) > 4


# ---- refused and unreachable ---------------------------------------------------------------


def test_refused_revokes_and_resets_at_once() -> None:
    dialogue = proven()
    dialogue.until_probed()
    commands = dialogue.proof(Reason.WRONG_PIN)
    assert of(Revoke, commands) == [Revoke("receipt", DC1, 443, "passthrough", "wrong-pin", reset=True)]
    assert of(Answer, commands) == [Answer(RECEIPT.host, ())]
    assert of(Report, commands) == [Report("engine.proof", f"receipt@{DC1}", False, dialogue.now, "wrong-pin", "seen")]
    assert dialogue.core.permitted("receipt") == ()


def test_an_unknown_kernel_element_does_not_survive_a_refusal() -> None:
    dialogue = Dialogue()
    dialogue.resolved(DC1)
    assert of(Revoke, dialogue.proof(Reason.UNKNOWN_CA))
    dialogue.until_probed()
    assert not of(Revoke, dialogue.proof(Reason.UNKNOWN_CA)), "said once"


def test_unreachable_revokes_nothing_and_is_tried_again_ever_more_slowly() -> None:
    dialogue = proven()
    dialogue.until_probed()
    waits = []
    for _ in range(7):
        commands = dialogue.proof(Reason.TIMEOUT)
        assert not of(Grant, commands)
        waits.append(dialogue.until_probed())
    assert waits == [1, 2, 4, 8, 16, 20, 20]


def test_a_permission_that_nobody_renews_lapses_and_ends_what_waits_in_silence() -> None:
    dialogue = proven()
    dialogue.probes.clear()
    while dialogue.now < 1000 + PERMISSION_SECONDS - 0.5:
        assert not of(Revoke, dialogue.wait(0.5))
        assert dialogue.core.permitted("receipt") == (DC1,)
    commands = dialogue.wait(0.5)
    assert of(Revoke, commands) == [Revoke("receipt", DC1, 443, "passthrough", "proof-lapsed", reset=True)]
    assert of(Answer, commands) == [Answer(RECEIPT.host, ())]


def test_one_success_ends_the_back_off() -> None:
    dialogue = proven()
    dialogue.until_probed()
    for reason in (Reason.TIMEOUT, Reason.TIMEOUT, None):
        dialogue.proof(reason)
        dialogue.until_probed()
    dialogue.proof(Reason.TIMEOUT)
    assert dialogue.until_probed() == 1


# ---- names that change ---------------------------------------------------------------------


def test_a_name_server_that_does_not_answer_changes_nothing() -> None:
    dialogue = proven()
    commands = dialogue.tell(NameFailed(dialogue.now, "receipt", "timeout"))
    assert commands == [Report("engine.name", "receipt", False, dialogue.now, "timeout")]
    assert of(Resolve, dialogue.wait(1)) == [Resolve("receipt")]
    dialogue.now += 2 * ABSENCE_SECONDS
    dialogue.until_probed()
    assert of(Grant, dialogue.proof(None))


def test_an_address_that_left_the_name_is_kept_for_a_while_and_then_closed() -> None:
    dialogue = proven()
    dialogue.resolved(DC2)
    gone = dialogue.now
    while dialogue.now < gone + ABSENCE_SECONDS - 10:
        dialogue.until_probed()
        assert of(Grant, dialogue.proof(None))
    commands: list[Command] = []
    while dialogue.now <= gone + ABSENCE_SECONDS:
        commands += dialogue.wait(1)
    assert [revoke.reason for revoke in of(Revoke, commands)] == ["name-withdrawn"]
    assert dialogue.core.permitted("receipt") == ()
    assert not any(probe.address == DC1 for probe in of(Probe, dialogue.wait(60)))


def test_an_address_that_comes_back_in_time_stays() -> None:
    dialogue = proven()
    dialogue.resolved(DC2)
    dialogue.wait(30)
    dialogue.resolved(DC1, DC2)
    for _ in range(30):
        if ("receipt", DC1) in dialogue.probes:
            dialogue.proof(None)
        dialogue.wait(20)
    assert not of(Revoke, dialogue.last)
    assert dialogue.core.permitted("receipt") == (DC1,)


def test_a_name_without_addresses_is_reported_and_counts_as_absence() -> None:
    dialogue = proven()
    commands = dialogue.resolved()
    assert of(Report, commands) == [Report("engine.name", "receipt", False, dialogue.now, "name-not-found")]
    assert dialogue.core.permitted("receipt") == (DC1,)


def test_addresses_are_bounded_and_those_of_the_name_win_over_those_that_left_it() -> None:
    dialogue = Dialogue()
    dialogue.resolved(*MANY)
    assert len(dialogue.probes) == ADDRESSES_PER_SERVICE
    for address in MANY[:8]:
        dialogue.proof(None, address)
    commands = dialogue.resolved(*MANY[6:])
    assert {revoke.address for revoke in of(Revoke, commands)} == set(MANY[2:6])
    assert set(MANY[6:8]) <= set(dialogue.core.permitted("receipt"))


def test_the_answer_about_an_address_that_was_dropped_and_is_back_counts() -> None:
    dialogue = Dialogue()
    dialogue.resolved(DC1)
    dialogue.resolved(*MANY)
    dialogue.tell(NameResolved(dialogue.now, "receipt", MANY[:8]))
    assert not any(probe.address == DC1 for probe in of(Probe, dialogue.resolved(DC1)))
    assert of(Revoke, dialogue.proof(Reason.WRONG_PIN))


def test_probes_at_once_are_bounded_and_permitted_addresses_go_first() -> None:
    services = tuple(replace(RECEIPT, name=f"s{number}", host=f"h{number}.example") for number in range(4))
    dialogue = Dialogue(*services)
    dialogue.resolved(DC1, service="s3")
    dialogue.proof(None, DC1, "s3")
    for number in range(3):
        dialogue.resolved(*MANY[:8], service=f"s{number}")
    assert len(dialogue.probes) == PROBES_AT_ONCE
    dialogue.wait(PROOF_PERIOD)
    (service, address), _ = next(iter(dialogue.probes.items()))
    dialogue.proof(Reason.TIMEOUT, address, service)
    assert ("s3", DC1) in dialogue.probes


def test_a_probe_without_an_answer_is_given_up_and_its_late_answer_ignored() -> None:
    dialogue = Dialogue()
    dialogue.resolved(DC1)
    late = dialogue.probes.pop(("receipt", DC1))
    dialogue.wait(LOST_SECONDS)
    assert ("receipt", DC1) in dialogue.probes
    assert dialogue.tell(ProofDone(dialogue.now, late, proof_of(RECEIPT, DC1, None))) == []


def test_a_look_up_without_an_answer_is_made_again() -> None:
    assert of(Resolve, Dialogue().wait(LOST_SECONDS)) == [Resolve("receipt")]


# ---- restarts and new accounts ------------------------------------------------------------------


def test_after_a_restart_the_kernels_permissions_stand_are_answered_and_proven_at_once() -> None:
    dialogue = Dialogue(RECEIPT, adopted=(Adopted("receipt", DC1, 30.0), Adopted("nobody", DC2, 30.0)))
    assert of(Answer, dialogue.last) == [Answer(RECEIPT.host, (DC1,))]
    assert [probe.address for probe in of(Probe, dialogue.last)] == [DC1]
    assert not of(Revoke, dialogue.last) and not of(Grant, dialogue.last)
    assert [revoke.reason for revoke in of(Revoke, dialogue.wait(30))] == ["proof-lapsed"]


def test_a_changed_account_proves_everything_anew_and_takes_no_proof_made_before() -> None:
    dialogue = proven()
    dialogue.until_probed()
    old = dialogue.probes.pop(("receipt", DC1))
    commands = dialogue.tell(Configured(dialogue.now, (RECEIPT,)))
    assert not of(Revoke, commands)
    assert {probe.address for probe in of(Probe, commands)} == {DC1, DC2}
    assert not of(Grant, dialogue.tell(ProofDone(dialogue.now, old, proof_of(RECEIPT, DC1, None))))
    assert of(Grant, dialogue.proof(None))


def test_a_service_that_is_gone_or_is_another_one_now_is_closed() -> None:
    assert of(Revoke, (one := proven()).tell(Configured(one.now, ()))) == [
        Revoke("receipt", DC1, 443, "passthrough", "service-withdrawn", reset=True)
    ]
    assert of(Answer, one.last) == [Answer(RECEIPT.host, ())]
    other = replace(RECEIPT, mode="terminate", gate_port=10444)
    assert of(Revoke, (two := proven()).tell(Configured(two.now, (other,))))
    assert two.core.permitted("receipt") == ()


def test_two_services_on_one_address_do_not_close_each_others_way() -> None:
    """The kernel's element is address and port: virtual hosts share it."""
    dialogue = Dialogue(RECEIPT, TWIN)
    for service in ("receipt", "auth"):
        dialogue.resolved(DC1, service=service)
        dialogue.proof(None, service=service)
    dialogue.until_probed(service="auth")
    commands = dialogue.proof(Reason.WRONG_NAME, service="auth")
    assert not of(Revoke, commands)
    assert of(Answer, commands) == [Answer(TWIN.host, ())]
    dialogue.until_probed(service="receipt")
    assert of(Revoke, dialogue.proof(Reason.WRONG_PIN))
