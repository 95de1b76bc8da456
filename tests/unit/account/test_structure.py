"""Every fault in an account's structure is named by its key, in both languages, without secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.account import structure
from appliance.account.model import Account
from appliance.errors import SekishoError

Change = Callable[[dict[str, Any]], object]


def refusal(payload: bytes) -> SekishoError:
    with pytest.raises(SekishoError) as caught:
        structure.from_json(payload)
    return caught.value


def test_the_example_is_complete(values: dict[str, Any]) -> None:
    account = structure.from_json(json.dumps(values).encode())
    assert account.serial == 7
    assert account.expires.utcoffset() is not None


def first(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda values: values[name][0]


def _without_tunnels(values: dict[str, Any]) -> dict[str, Any]:
    values["path"] = "internet"
    for key in ("wireguard_private_key", "tunnels", "bfd", "dns", "monitoring", "ntp", "trust_url"):
        values.pop(key, None)
    return values


def _maintainer(*addresses: str) -> dict[str, Any]:
    return {"name": "vendor", "title": {"ja": "保守", "en": "Support"}, "addresses": list(addresses)}


FAULTS: dict[str, tuple[str, Change]] = {
    "key missing": ("dns", lambda v: v.pop("dns")),
    "key unknown": ("colour", lambda v: v.update(colour="red")),
    "nested key unknown": ("tunnels[1].colour", lambda v: v["tunnels"][1].update(colour="red")),
    "serial as text": ("serial", lambda v: v.update(serial="7")),
    "serial zero": ("serial", lambda v: v.update(serial=0)),
    "serial too large": ("serial", lambda v: v.update(serial=2**53)),
    "date without offset": ("expires", lambda v: v.update(expires="2028-11-01T00:00:00")),
    "date as number": ("expires", lambda v: v.update(expires=1856624400)),
    "end before start": ("expires", lambda v: v.update(expires="2026-01-01T00:00:00Z")),
    "clinic id": ("clinic.id", lambda v: v["clinic"].update(id="../etc")),
    "clinic name empty": ("clinic.name.ja", lambda v: v["clinic"]["name"].update(ja="")),
    "private key": ("wireguard_private_key", lambda v: v.update(wireguard_private_key="SECRET-TOKEN")),
    "no tunnel": ("tunnels", lambda v: v.update(tunnels=[])),
    "no private key": ("wireguard_private_key", lambda v: v.pop("wireguard_private_key")),
    "tunnels without a use": ("tunnels", lambda v: _without_tunnels(v).update(tunnels=[])),
    "resolvers without a tunnel": ("dns", lambda v: _without_tunnels(v).update(dns=["203.0.113.5"])),
    "three tunnels": ("tunnels", lambda v: v["tunnels"].append(v["tunnels"][0] | {"name": "dc3"})),
    "tunnel name too long": ("tunnels[0].name", lambda v: v["tunnels"][0].update(name="a" * 11)),
    "tunnels of one name": ("dc1", lambda v: v["tunnels"][1].update(name="dc1")),
    "inner addresses differ": ("inner_address", lambda v: v["tunnels"][1].update(inner_address="203.0.113.130")),
    "peers equal": ("203.0.113.1", lambda v: v["tunnels"][1].update(peer_address="203.0.113.1")),
    "peer outside": ("peer_address", lambda v: v["tunnels"][0].update(peer_address="192.0.2.1")),
    "peer is self": ("peer_address", lambda v: v["tunnels"][0].update(inner_address="203.0.113.1")),
    "protocol unknown": ("services[1].protocol", lambda v: v["services"][1].update(protocol="ftp")),
    "passthrough of a database": ("postgres", lambda v: v["services"][0].update(protocol="postgres")),
    "plain, and a certificate for terminals": ("presented", lambda v: v["services"][1].update(protocol="plain")),
    "a database without a certificate for terminals": (
        "presented",
        lambda v: v["services"][1].update(protocol="postgres", presented=None),
    ),
    "access without the gate": ("access", lambda v: v["services"][0].update(access={"default": "none"})),
    "access of a level that there is not": (
        "services[1].access.default",
        lambda v: v["services"][1].update(access={"default": "admin"}),
    ),
    "access with a path that is none": (
        "services[1].access.reference[0].path",
        lambda v: v["services"][1].update(
            access={"default": "none", "reference": [{"methods": ["GET"], "path": "api"}]}
        ),
    ),
    "endpoint empty": ("endpoint_host", lambda v: v["tunnels"][0].update(endpoint_host="")),
    "endpoint with port": ("endpoint_host", lambda v: v["tunnels"][0].update(endpoint_host="vpn1.dc.example:1")),
    "endpoint mistyped": ("endpoint_host", lambda v: v["tunnels"][0].update(endpoint_host="198.51.100.256")),
    "endpoint too long": ("endpoint_host", lambda v: v["tunnels"][0].update(endpoint_host="a." * 130 + "example")),
    "endpoint port": ("endpoint_port", lambda v: v["tunnels"][0].update(endpoint_port=0)),
    "public key": ("tunnels[0].public_key", lambda v: v["tunnels"][0].update(public_key="x")),
    "preshared key": ("tunnels[0].preshared_key", lambda v: v["tunnels"][0].update(preshared_key="SECRET-TOKEN")),
    "prefix": ("allowed_prefixes[0]", lambda v: v["tunnels"][0].update(allowed_prefixes=["203.0.113.1/25"])),
    "no prefix": ("allowed_prefixes", lambda v: v["tunnels"][0].update(allowed_prefixes=[])),
    "mtu": ("tunnels[0].mtu", lambda v: v["tunnels"][0].update(mtu=1500)),
    "dns": ("dns[0]", lambda v: v.update(dns=["dns.example"])),
    "monitoring": ("monitoring[0]", lambda v: v.update(monitoring=["203.0.113.6/24"])),
    "maintainer's address": ("maintainers[0].addresses[0]", lambda v: v.update(maintainers=[_maintainer("vpn")])),
    "maintainer from nowhere": ("maintainers[0].addresses", lambda v: v.update(maintainers=[_maintainer()])),
    "maintainers of one name": (
        "maintainer",
        lambda v: v.update(maintainers=[_maintainer("203.0.113.8"), _maintainer("203.0.113.9")]),
    ),
    "maintainers at one address": (
        "203.0.113.8",
        lambda v: v.update(maintainers=[_maintainer("203.0.113.8"), {**_maintainer("203.0.113.8"), "name": "other"}]),
    ),
    "no service": ("services", lambda v: v.update(services=[])),
    "service mode": ("services[0].mode", lambda v: v["services"][0].update(mode="proxy")),
    "service host": ("services[0].host", lambda v: v["services"][0].update(host="WebORCA.cloud.example")),
    "service host too long": ("services[0].host", lambda v: v["services"][0].update(host="a." * 130 + "example")),
    "one pin": ("services[0].pins", lambda v: v["services"][0]["pins"].pop()),
    "one pin twice": ("services[0]", lambda v: v["services"][0].update(pins=v["services"][0]["pins"][:1] * 2)),
    "pin form": ("services[0].pins[1]", lambda v: v["services"][0]["pins"].__setitem__(1, "sha1/x")),
    "terminate without certificate": ("services[1]", lambda v: v["services"][1].pop("presented")),
    "passthrough with certificate": (
        "services[0]",
        lambda v: v["services"][0].update(presented=v["services"][1]["presented"]),
    ),
    "services of one name": ("receipt", lambda v: v["services"][1].update(name="receipt")),
    "services at one place": (
        "weborca.cloud.example",
        lambda v: v["services"].append(v["services"][0] | {"name": "again"}),
    ),
    "both modes at one host": (
        "weborca.cloud.example",
        lambda v: v["services"][1].update(host="weborca.cloud.example", port=8443),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(values: dict[str, Any], fault: str) -> None:
    named, change = FAULTS[fault]
    change(values)
    refused = refusal(json.dumps(values).encode())
    assert refused.code == "account.malformed"
    for sentence in (refused.text.ja, refused.text.en):
        assert named in sentence
        assert "SECRET-TOKEN" not in sentence
        assert "Input should" not in sentence or fault == "date as number"


def test_an_account_without_tunnels_says_so(values: dict[str, Any]) -> None:
    account = structure.from_json(json.dumps(_without_tunnels(values)).encode())
    assert (account.path, account.tunnels, account.dns) == ("internet", (), ())


def test_a_newer_format_asks_for_newer_software(values: dict[str, Any]) -> None:
    values["format"] = 2
    assert refusal(json.dumps(values).encode()).code == "account.newer-format"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(payload: bytes) -> None:
    assert refusal(payload).code == "account.malformed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@given(data=st.data(), replacement=JSON)
def test_any_value_in_any_place_is_accepted_or_refused_in_words(
    payload: bytes, data: st.DataObject, replacement: object
) -> None:
    values = json.loads(payload)
    place: Any = values
    while True:
        step = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[step], dict | list) or not place[step] or data.draw(st.booleans()):
            break
        place = place[step]
    place[step] = replacement
    try:
        account = structure.from_json(json.dumps(values).encode())
    except SekishoError as refused:
        assert refused.code in {"account.malformed", "account.newer-format"}
    else:
        assert isinstance(account, Account)


def test_secrets_are_in_no_representation(payload: bytes, secrets_inside: list[str]) -> None:
    account = structure.from_json(payload)
    for text in (repr(account), str(account), account.model_dump_json()):
        for secret in secrets_inside:
            assert secret not in text
