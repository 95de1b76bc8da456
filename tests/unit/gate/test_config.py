from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.gate.access import Access, Level, Rule
from appliance.gate.config import GateConfig, KeyPair, ServiceConfig, parse

TEXT = st.text(min_size=1, max_size=20)
ADDRESS = st.ip_addresses(v=4).map(str)
PAIR = st.builds(KeyPair, TEXT, TEXT)
PORT = st.integers(1, 65535)
LEVEL = st.sampled_from(Level)
PROTOCOL = st.sampled_from([("tls", True), ("postgres", True), ("plain", False)])
SERVICE = st.builds(
    lambda protocol, presented, **more: ServiceConfig(
        protocol=protocol[0], presented=presented if protocol[1] else None, **more
    ),
    protocol=PROTOCOL,
    name=TEXT,
    host=TEXT,
    port=PORT,
    listen=st.tuples(ADDRESS, PORT),
    presented=PAIR,
    terminal_anchors=TEXT,
    trust_anchors=TEXT,
    pins=st.lists(TEXT, max_size=3).map(tuple),
    identity=PAIR,
    source=st.none() | ADDRESS,
    upstreams=st.lists(ADDRESS, max_size=3).map(tuple),
    open=st.booleans(),
    by_address=st.booleans(),
    terminals=st.none() | st.frozensets(ADDRESS, max_size=3),
    access=st.none()
    | st.builds(
        Access,
        LEVEL,
        st.dictionaries(TEXT, LEVEL, max_size=2),
        st.dictionaries(ADDRESS, LEVEL, max_size=2),
        st.lists(st.builds(Rule, st.frozensets(TEXT, max_size=2), TEXT), max_size=2).map(tuple),
    ),
)
CONFIG = st.builds(
    GateConfig,
    st.lists(SERVICE, max_size=3, unique_by=(lambda s: s.name, lambda s: s.listen)).map(tuple),
    st.dictionaries(ADDRESS, TEXT, max_size=3),
    st.frozensets(TEXT, max_size=3),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(CONFIG)
def test_what_is_sent_is_what_is_understood(config: GateConfig) -> None:
    assert parse(json.loads(json.dumps(config.as_json()))) == config


@given(JSON)
def test_any_other_message_is_refused_in_words(message: object) -> None:
    with pytest.raises(SekishoError) as refused:
        parse(message)
    assert refused.value.code == "gate.bad-config"


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_one_wrong_value_anywhere_is_refused_or_means_what_it_says(
    config_for: Callable[..., GateConfig], data: st.DataObject
) -> None:
    message = config_for(443).as_json()
    table: Any = data.draw(st.sampled_from([message, message["services"][0], message["services"][0]["identity"]]))
    key = data.draw(st.sampled_from(sorted(table)))
    table[key] = data.draw(JSON)
    try:
        understood = parse(message)
    except SekishoError as error:
        assert error.code == "gate.bad-config"
        assert "PRIVATE" not in str(error)
    else:
        # A set has no order, and nothing twice.
        message["revoked"] = sorted(set(message["revoked"]))
        for service in message["services"]:
            service["terminals"] = service["terminals"] and sorted(set(service["terminals"]))
        assert understood.as_json() == message


def test_the_parties_are_everything_but_the_pins_and_the_ways_in_and_out(config_for: Callable[..., GateConfig]) -> None:
    service = config_for(443).services[0]
    different: dict[str, Any] = {
        "name": "other",
        "listen": ("127.0.0.1", 1),
        "upstreams": (),
        "open": False,
        "presented": KeyPair("a", "b"),
        "identity": KeyPair("a", "b"),
        "pins": (),
        "by_address": True,
        "protocol": "postgres",
        "terminals": frozenset(),
        "port": 1,
    }
    for field in fields(service):
        changed = replace(service, **{field.name: different.get(field.name, "another")})
        assert changed.same_parties(service) is (
            field.name in ("name", "listen", "upstreams", "open", "pins", "terminals")
        )
