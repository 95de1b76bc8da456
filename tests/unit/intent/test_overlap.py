from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from appliance.intent.compile import compile as compile_intent
from appliance.intent.overlap import clash, inside
from tests.builders import lab_account, lab_site

SITE = lab_site(
    segments=[{"name": "imaging", "interface": "lan1", "address": "192.0.2.129/28"}],
    routes=[{"to": "192.0.2.192/28", "via": "192.0.2.140"}],
)
TAKEN = inside(compile_intent(lab_account(), SITE))


@pytest.mark.parametrize(
    ("given", "other"),
    [
        ("192.0.2.64/28", None),
        ("192.0.2.32/28", "192.0.2.0/26"),
        ("192.0.2.0/24", "192.0.2.0/26"),
        ("192.0.2.130/32", "192.0.2.128/28"),
        ("192.0.2.200/29", "192.0.2.192/28"),
        ("203.0.113.16/28", "203.0.113.0/25"),
        ("203.0.113.129/32", "203.0.113.129/32"),
        ("198.51.100.0/24", None),
    ],
)
def test_what_a_line_may_not_give(given: str, other: str | None) -> None:
    assert clash(IPv4Network(given), TAKEN) == (IPv4Network(other) if other else None)
