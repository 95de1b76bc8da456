from __future__ import annotations

import pytest

from appliance.health.model import KINDS
from appliance.health.titles import KIND_TITLES, certificate_title, helper_title


@pytest.mark.parametrize("one, other", [("dnsmasq", "dnsmasq-outside"), ("dhcpcd-wan", "dhcpcd-backup_wan")])
def test_two_helpers_of_one_program_have_two_names(one: str, other: str) -> None:
    assert helper_title(one).ja != helper_title(other).ja
    assert helper_title(one).en != helper_title(other).en


def test_a_helper_that_nobody_has_named_keeps_its_own_name() -> None:
    assert helper_title("newcomer").ja == "newcomer"


def test_a_certificate_is_told_apart_by_whose_it_is() -> None:
    assert "receipt-gate" in certificate_title("presented:receipt-gate").en
    assert "unheard-of" in certificate_title("unheard-of").ja


def test_each_kind_of_evidence_has_a_title_for_people() -> None:
    assert KIND_TITLES.keys() == KINDS.keys()
