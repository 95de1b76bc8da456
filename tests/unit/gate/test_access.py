"""Levels of access: who may call what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.access import LEVELS, Access, Level, Rule

RULES = (Rule(frozenset({"GET"}), "/api/*"), Rule(frozenset({"POST"}), "/api/api01rv2/acceptlstv2"))
ACCESS = Access(
    Level.REFERENCE, {"office": Level.READ_WRITE, "guest": Level.NONE}, {"192.0.2.11": Level.REFERENCE}, RULES
)


def test_the_words_are_those_of_the_account() -> None:
    assert set(LEVELS) == {"none", "reference", "read-write"}


def test_a_certificate_raises_or_lowers_and_an_address_only_lowers() -> None:
    levels = [
        ACCESS.level_of(certificate, address)
        for certificate, address in (
            (None, "192.0.2.10"),
            ("reception", "192.0.2.10"),
            ("office", "192.0.2.10"),
            ("office", "192.0.2.11"),
            ("guest", "192.0.2.11"),
        )
    ]
    assert levels == [Level.REFERENCE, Level.REFERENCE, Level.READ_WRITE, Level.REFERENCE, Level.NONE]


def test_reference_is_what_the_list_says() -> None:
    permitted = [("GET", "/api/patients"), ("POST", "/api/api01rv2/acceptlstv2?class=01"), ("GET", "/api/")]
    refused = [
        ("POST", "/api/patients"),
        ("GET", "/apis"),
        ("POST", "/api/api01rv2/acceptlstv2/"),
        ("GET", "/api/../rpc/"),
        ("GET", "/api/%2e%2e/rpc/"),
        ("GET", "/api//rpc"),
        ("GET", "http://e/api/patients"),
        ("GET", "/api/.hidden"),
        ("get", "/api/patients"),
        ("GET", "*"),
        ("GET", ""),
    ]
    assert all(ACCESS.permits(Level.REFERENCE, *call) for call in permitted)
    assert not any(ACCESS.permits(Level.REFERENCE, *call) for call in refused)


@given(st.text(), st.text())
def test_everything_and_nothing(method: str, target: str) -> None:
    assert ACCESS.permits(Level.READ_WRITE, method, target)
    assert not ACCESS.permits(Level.NONE, method, target)


@given(st.text(alphabet="/.%aA2eE?;\\*", max_size=12))
def test_no_path_of_the_list_leads_elsewhere(path: str) -> None:
    if ACCESS.permits(Level.REFERENCE, "GET", f"/api/{path}"):
        segments = path.partition("?")[0].split("/")
        assert ".." not in segments and "." not in segments and "%" not in path.partition("?")[0]
