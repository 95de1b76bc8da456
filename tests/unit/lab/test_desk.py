"""The desk of the world is the product's own: its files open with the product's own command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import addresses
from tests.lab.datacenter import Concentrator
from tests.lab.desk import Account, Desk
from tests.lab.pki import Pki

KEYS = {
    1: ("eCyK6cTxVjVrgb6fDKWm5Nvv1eD2LbPz6cWbXkb6zXA=", "VFpRNuE9YlSx5yv2XlXw2Y3p3C0VX3tTRrBeVTzSLyY="),
    2: ("mNb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkQ=", "Zc6wIszR9kUBKk3mBVeYR4cCr6pGhc0zJFfgV4nY6Gk="),
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    pki = Pki()
    pki.write(tmp_path / "pki")
    return Desk(tmp_path / "desk", tmp_path / "pki", pki.pins)


@pytest.fixture
def concentrators() -> list[Concentrator]:
    return [Concentrator(place, *KEYS[number]) for number, place in addresses.CONCENTRATORS.items()]


def inspect(desk: Desk, account: Account) -> dict[str, object]:
    shown = subprocess.run(
        [
            Path(sys.prefix, "bin", "sekisho"),
            "account",
            "inspect",
            "--json",
            "--desk-keys",
            desk.public_keys,
            account.file,
        ],
        input=f"{account.code}\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    view = json.loads(shown)
    assert isinstance(view, dict)
    return view


def test_the_account_opens_with_the_code_of_its_letter(desk: Desk, concentrators: list[Concentrator]) -> None:
    account = desk.issue(concentrators)
    shown = json.dumps(inspect(desk, account))
    for expected in (addresses.CLINIC_ID, addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST, "vpn2.dc.example"):
        assert expected in shown


def test_both_concentrators_learn_the_clinic(desk: Desk, concentrators: list[Concentrator]) -> None:
    clinics = desk.issue(concentrators).clinics
    assert set(clinics) == {"dc1", "dc2"}
    assert clinics["dc1"].public_key == clinics["dc2"].public_key
    assert clinics["dc1"].preshared_key != clinics["dc2"].preshared_key


def test_every_issue_has_a_higher_serial(desk: Desk, concentrators: list[Concentrator]) -> None:
    serials = [inspect(desk, desk.issue(concentrators))["serial"] for _ in range(2)]
    assert serials == [1, 2]
