"""Any text is either a Site or a refusal; any Site survives being written and read."""

import json
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from appliance.site.load import SiteError, parse
from appliance.site.model import Site
from tests.lab.changes import document

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
VISIBLE = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp"]) | st.sampled_from('受付　"\\#'), min_size=1, max_size=40
).filter(lambda text: text.strip())
MAC = st.binary(min_size=5, max_size=5).map(lambda raw: "02:" + raw.hex(":"))
LAN = IPv4Address("198.51.100.0")


def port(prefix: str) -> st.SearchStrategy[str]:
    return st.from_regex(r"[A-Za-z0-9_.-]{0,10}", fullmatch=True).map(lambda rest: prefix + rest)


@st.composite
def wans(draw: st.DrawFn) -> dict[str, Any]:
    wan: dict[str, Any] = {"kind": draw(st.sampled_from(["dhcp", "static"])), "interface": draw(port("w"))}
    if draw(st.booleans()):
        wan["upload_mbit"] = draw(st.integers(1, 10_000))
    if wan["kind"] == "static":
        network = IPv4Network((int(IPv4Address("203.0.113.0")), draw(st.integers(24, 31))))
        first, second = (network[0], network[1]) if network.prefixlen == 31 else (network[1], network[2])
        wan["address"] = f"{first}/{network.prefixlen}"
        wan["gateway"] = str(second)
        wan["dns"] = draw(st.lists(st.sampled_from(["192.0.2.53", "192.0.2.54"]), min_size=1, max_size=2))
    return wan


@st.composite
def sites(draw: st.DrawFn) -> dict[str, Any]:
    """Settings as plain TOML values, valid by construction."""
    prefix = draw(st.integers(24, 28))
    network = IPv4Network((int(LAN), prefix))
    hosts = draw(
        st.lists(st.integers(1, network.num_addresses - 2), min_size=3, max_size=8, unique=True).map(
            lambda places: [str(network[place]) for place in places]
        )
    )
    router, low, high, *others = hosts
    lan: dict[str, Any] = {"interface": draw(port("n")), "address": f"{router}/{prefix}", "name": "r0"}
    first, last = sorted((IPv4Address(low), IPv4Address(high)))
    if not first <= IPv4Address(router) <= last and draw(st.booleans()):
        lan["dhcp"] = {"first": str(first), "last": str(last), "lease_hours": draw(st.integers(1, 168))}
    count = len(others)
    names = draw(st.lists(LABEL.filter(lambda name: name != "r0"), min_size=count, max_size=count, unique=True))
    macs = draw(st.lists(MAC, min_size=count, max_size=count, unique=True))
    site: dict[str, Any] = {"wan": draw(wans()), "lan": lan}
    site["terminals"] = [
        {"name": name, "label": draw(VISIBLE), "mac": mac, "address": address}
        for name, mac, address in zip(names, macs, others, strict=True)
    ]
    if draw(st.booleans()):
        site["language"] = draw(st.sampled_from(["ja", "en"]))
    if draw(st.booleans()):
        site["vendor"] = {"name": draw(VISIBLE), "phone": draw(st.from_regex(r"[0-9+() -]{3,20}", fullmatch=True))}
    return site


@given(sites())
def test_any_site_round_trips(value: dict[str, Any]) -> None:
    site = Site.model_validate(value)
    assert parse(document(value)) == site
    written = json.loads(site.model_dump_json(exclude_none=True))
    assert parse(document(written)) == site


@given(sites(), st.data())
def test_whatever_is_accepted_can_be_configured(value: dict[str, Any], data: st.DataObject) -> None:
    """Change one value anywhere: refused in words, or still a network that makes sense."""
    broken = json.loads(json.dumps(value))
    table: Any = broken
    while True:
        key = data.draw(st.sampled_from(sorted(table) if isinstance(table, dict) else range(len(table))))
        if not isinstance(table[key], (dict, list)) or not table[key] or data.draw(st.booleans()):
            break
        table = table[key]
    table[key] = data.draw(
        st.sampled_from(["", "x", "198.51.100.1", "198.51.100.0", "198.51.100.255", "203.0.113.1", "2001:db8::1"])
        | st.sampled_from(
            [0, -1, True, 1.5, [], {}, ["198.51.100.1"], {"kind": "static"}, "198.51.100.1/16", "w0", "l0"]
        )
    )
    try:
        site = parse(document(broken))
    except SiteError as error:
        assert all(sentence.ja and sentence.en for sentence in error.errors)
        return
    network, router = site.lan.address.network, site.lan.address.ip
    taken = [router, *(terminal.address for terminal in site.terminals)]
    assert len(set(taken)) == len(taken)
    assert set(taken) <= set(network.hosts())
    assert site.wan.interface != site.lan.interface
    if site.lan.dhcp:
        assert site.lan.dhcp.first <= site.lan.dhcp.last
        assert not site.lan.dhcp.first <= router <= site.lan.dhcp.last
    if site.wan.kind == "static":
        assert not site.wan.address.network.overlaps(network)
        assert site.wan.gateway in site.wan.address.network


TABLES = ["[wan]\n", "[lan]\n", "[lan.dhcp]\n", "[[terminals]]\n", "[vendor]\n", "[terminals]\n", "wan = ", "lan = "]
VALUES = [
    'kind = "dhcp"\n',
    'kind = "static"\n',
    "kind = [1]\n",
    'interface = "eth0"\n',
    'address = "192.0.2.1/26"\n',
    'first = "192.0.2.32"\n',
    'last = "192.0.2.61"\n',
    'gateway = "192.0.2.65"\n',
    "dns = [1, {}]\n",
    "dns.x = 1\n",
    'mac = "02:00:00:00:02:10"\n',
    'label = "\\u0000"\n',
    "name = nan\n",
    "x = 07:32:00\n",
    '"" = 1\n',
    "{}\n",
    "[]\n",
]
FRAGMENTS = st.sampled_from(TABLES) | st.sampled_from(VALUES)


@given(st.text() | st.lists(FRAGMENTS | st.text(max_size=3), max_size=20).map("".join))
def test_any_text_is_a_site_or_a_refusal(text: str) -> None:
    try:
        assert isinstance(parse(text), Site)
    except SiteError as error:
        assert error.code == "site.invalid"
        assert error.errors
        for sentence in error.errors:
            assert sentence.ja.endswith("。")
            assert sentence.en.endswith((".", "it."))
            assert "\n" not in sentence.ja + sentence.en


def test_addresses_may_be_given_as_addresses() -> None:
    site = Site.model_validate(
        {
            "wan": {"kind": "dhcp", "interface": "wan0"},
            "lan": {"interface": "lan0", "address": IPv4Interface("192.0.2.1/26")},
        }
    )
    with pytest.raises(ValidationError):
        site.lan.address = IPv4Interface("192.0.2.2/26")  # type: ignore[misc]
