"""The clinic on the real kernel, built once and forgotten before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.intent import names
from tests.unit.intent.clinic import ENGINE, GATE_ENGINE, ROUTER, UNPROVEN, Clinic, Echo, standing_clinic


@pytest.fixture(scope="session")
def built() -> Iterator[Clinic]:
    with standing_clinic() as clinic, Echo(clinic.center, ENGINE, 443), Echo(clinic.center, UNPROVEN, 443):
        yield clinic


@pytest.fixture
def clinic(built: Clinic) -> Clinic:
    built.forget()
    return built


@pytest.fixture
def gate_engine(clinic: Clinic) -> Iterator[Echo]:
    with Echo(clinic.center, GATE_ENGINE, 443) as engine:
        yield engine


@pytest.fixture
def gate(clinic: Clinic) -> Iterator[Echo]:
    port = clinic.intent.services[1].gate_port
    assert port
    with Echo(clinic.router, ROUTER, port) as listener:
        yield listener


@pytest.fixture
def gate_user(clinic: Clinic) -> int:
    return int(clinic.router.run("id", "-u", names.GATE_USER).stdout)


@pytest.fixture
def time_user(clinic: Clinic) -> int:
    return int(clinic.router.run("id", "-u", names.TIME_USER).stdout)
