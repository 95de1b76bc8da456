"""Which verified account may come into force: clinic, serial, dates."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from appliance.account import acceptance, structure
from appliance.account.kept import Mark
from appliance.errors import SekishoError


def refusal(payload: bytes, now: datetime, mark: Mark | None, digest: str = "d") -> SekishoError:
    with pytest.raises(SekishoError) as caught:
        acceptance.check(structure.from_json(payload), digest, now, mark)
    return caught.value


@pytest.mark.parametrize("mark", [None, Mark("clinic-0042", 6, "x"), Mark("clinic-0042", 7, "d")])
def test_first_newer_and_same_are_accepted(payload: bytes, now: datetime, mark: Mark | None) -> None:
    acceptance.check(structure.from_json(payload), "d", now, mark)


def test_another_clinic(payload: bytes, now: datetime) -> None:
    refused = refusal(payload, now, Mark("clinic-0001", 1, "x"))
    assert refused.code == "account.other-clinic"
    assert "clinic-0042" in refused.text.ja
    assert "clinic-0001" in refused.text.ja


def test_older_serial(payload: bytes, now: datetime) -> None:
    assert refusal(payload, now, Mark("clinic-0042", 8, "x")).code == "account.older-serial"


def test_same_serial_other_content(payload: bytes, now: datetime) -> None:
    assert refusal(payload, now, Mark("clinic-0042", 7, "x")).code == "account.older-serial"


def test_dates_at_their_edges(payload: bytes) -> None:
    account = structure.from_json(payload)
    moment = timedelta(microseconds=1)
    acceptance.check(account, "d", account.not_before, None)
    acceptance.check(account, "d", account.expires - moment, None)
    early = refusal(payload, account.not_before - moment, None)
    assert early.code == "account.not-yet-valid"
    assert "時計" in early.text.ja
    late = refusal(payload, account.expires, None)
    assert late.code == "account.expired"
    assert "2028-11-01 00:00" in late.text.ja
