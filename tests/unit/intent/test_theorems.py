"""Every promise that a packet can keep or break, for all packets: proven, or refuted with the packet and its path."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from appliance.intent.model import RouterIntent
from tests.unit.intent.proof.proving import Court
from tests.unit.intent.proof.theorems import THEOREMS
from tests.unit.intent.test_golden import CLINICS, FRESH, compiled
from tests.unit.intent.worlds import accounts_without_tunnels, clinics, intents

some = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@pytest.mark.parametrize("clinic", [*CLINICS, FRESH])
def test_the_promises_hold_for_every_packet(clinic: str) -> None:
    _proven(compiled(clinic))


@pytest.mark.parametrize("intent", clinics(), ids=lambda intent: f"{len(intent.tunnels)}-tunnels")
def test_they_hold_where_rules_differ(intent: RouterIntent) -> None:
    _proven(intent)


@some
@given(intents())
def test_they_hold_in_any_clinic(intent: RouterIntent) -> None:
    _proven(intent)


@some
@given(intents(accounts_without_tunnels()))
def test_they_hold_in_any_clinic_without_tunnels(intent: RouterIntent) -> None:
    _proven(intent)


def _proven(intent: RouterIntent) -> None:
    refuted = list(Court(intent).refutations(THEOREMS))
    assert not refuted, "\n".join(map(str, refuted))
