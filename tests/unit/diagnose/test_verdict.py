"""What is heard on a line becomes a verdict in words and the keys to write."""

from __future__ import annotations

import tomllib
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.diagnose.line.evidence import AccessConcentrator, Advertisement, Delegation, LineEvidence, Offer
from appliance.diagnose.line.verdict import classify
from appliance.text import Text

UPPER = Offer(IPv4Interface("192.0.2.70/28"), IPv4Address("192.0.2.65"))
CONCENTRATOR = AccessConcentrator("provider")
# Of a special-purpose block that is globally reachable (RFC 7535): documentation ranges are not.
PUBLIC = Offer(IPv4Interface("192.31.196.70/24"), None)
ROUTER = Advertisement(IPv6Address("fe80::1"), False, True, 1800, (IPv6Network("2001:db8:1::/64"),))
DELEGATED = Delegation((IPv6Network("2001:db8:1:200::/56"),))
LAN = Text("院内 LAN", "the clinic's LAN")


def line(**heard: object) -> LineEvidence:
    return LineEvidence("wan0", carrier=True, **heard)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("evidence", "code", "kinds"),
    [
        (LineEvidence("wan0", carrier=False), "no-cable", []),
        (line(), "silent", []),
        (line(offers=(UPPER,), gateway_answers=True), "dhcp", ["dhcp"]),
        (line(concentrators=(CONCENTRATOR,)), "pppoe", ["pppoe"]),
        (line(advertisements=(ROUTER,)), "ipoe", ["ipoe"]),
        (line(advertisements=(ROUTER,), concentrators=(CONCENTRATOR,)), "pppoe", ["pppoe", "ipoe"]),
        (line(advertisements=(ROUTER,), delegations=(DELEGATED,)), "ipoe", ["ipoe"]),
        (line(advertisements=(ROUTER,), delegations=(Delegation((), "aftr.example"),)), "ds-lite", ["ds-lite", "ipoe"]),
        (line(advertisements=(ROUTER,), delegations=(Delegation((), "", True),)), "map-e", ["map-e", "ipoe"]),
        (line(offers=(UPPER,), concentrators=(CONCENTRATOR,)), "dhcp", ["dhcp", "pppoe"]),
    ],
)
def test_kinds(evidence: LineEvidence, code: str, kinds: list[str]) -> None:
    finding = classify(evidence)
    assert (finding.code, [way.kind for way in finding.ways]) == (code, kinds)
    assert finding.warnings == ()
    for way in finding.ways:
        written = tomllib.loads(way.toml)
        assert (written["kind"], written["interface"]) == (way.kind, "wan0")


def test_an_upper_router_and_a_public_address_are_told_apart() -> None:
    double = classify(line(offers=(UPPER,))).ways[0].why
    public = classify(line(offers=(PUBLIC,))).ways[0].why
    assert "二重ルーター" in double.ja
    assert "二重ルーター" not in public.ja
    assert "no other router" in public.en


def test_a_prefix_or_none_is_told_apart() -> None:
    with_prefix = classify(line(advertisements=(ROUTER,), delegations=(DELEGATED,))).ways[0].why
    without = classify(line(advertisements=(ROUTER,))).ways[0].why
    assert "2001:db8:1:200::/56" in with_prefix.ja
    assert "プレフィックスは配られません" in without.ja


@pytest.mark.parametrize(
    ("evidence", "taken", "code"),
    [
        (line(offers=(UPPER,)), IPv4Network("192.0.2.0/24"), "overlap"),
        (line(offers=(Offer(UPPER.address, UPPER.gateway, portal="https://p.example/"),)), None, "portal"),
        (line(offers=(UPPER, Offer(UPPER.address, IPv4Address("192.0.2.66")))), None, "two-servers"),
        (line(offers=(UPPER,), gateway_answers=False), None, "gateway-silent"),
    ],
)
def test_what_will_not_work_is_told(evidence: LineEvidence, taken: IPv4Network | None, code: str) -> None:
    assert [found for found, _ in classify(evidence, [(LAN, taken)] if taken else []).warnings] == [code]


@given(
    st.lists(st.sampled_from([UPPER, PUBLIC]), max_size=2),
    st.lists(st.just(CONCENTRATOR), max_size=2),
    st.lists(st.just(ROUTER), max_size=2),
    st.lists(st.sampled_from([DELEGATED, Delegation(), Delegation((), "aftr.example", True)]), max_size=3),
)
def test_whatever_is_heard_has_a_verdict_in_both_languages(
    offers: list[Offer],
    concentrators: list[AccessConcentrator],
    advertisements: list[Advertisement],
    delegations: list[Delegation],
) -> None:
    finding = classify(
        line(
            offers=tuple(offers),
            concentrators=tuple(concentrators),
            advertisements=tuple(advertisements),
            delegations=tuple(delegations),
        ),
        [(LAN, IPv4Network("192.0.2.0/26"))],
    )
    texts = [finding.headline, *(way.why for way in finding.ways), *(text for _, text in finding.warnings)]
    assert all(text.ja and text.en for text in texts)
    assert (finding.code == "silent") == (not finding.ways)
