"""All is well, and every check says so: in words, with what was seen beside them, while receipts go on."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.world import World
from tests.scenarios.checks import codes, diagnose

pytestmark = pytest.mark.namespaces


def test_checks_find_nothing_when_all_is_well(clinic: World) -> None:
    with observe.Session(clinic) as session:
        found = diagnose(clinic)
        session.exchange()
    assert set(found) == {"paths", "names", "time", "certificates", "lan"}
    for name, outcome in found.items():
        # Nothing in the lab sets this kernel's clock, so nobody may be followed yet.
        assert outcome["state"] == "ok" or name == "time", outcome
        assert outcome["raw"]
    assert codes(found["paths"]) == {tunnel: {"path.good", "path.wide"} for tunnel in ("dc1", "dc2")}
    hosts = (addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST)
    assert all(codes(found["names"])[host] == {"names.center-good", "names.router-good"} for host in hosts)
    assert {code for found_codes in codes(found["certificates"]).values() for code in found_codes} == {
        "certificates.good"
    }
    raw = "\n".join(found["certificates"]["raw"])
    assert all(pin in raw for pin in clinic.pki.pins)
    assert codes(found["lan"]) == {"lan": {"lan.who"}}
    said = "\n".join(found["lan"]["raw"])
    assert all(place.mac in said and str(place.address.ip) in said for place in addresses.TERMINALS.values())
    observe.await_green(clinic)


def test_throughput_is_measured_where_the_account_says(clinic: World) -> None:
    outcome = diagnose(clinic, "throughput")["throughput"]
    assert codes(outcome).keys() == {"down", "up"}
    assert outcome["state"] in ("ok", "attention"), outcome
    assert addresses.MEASURE_HOST in outcome["raw"][0]
