from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engines.leases import Lease, parse_lease, read_lease

GOOD = {
    "interface": "wan0",
    "reason": "BOUND",
    "address": "192.0.2.70",
    "prefix": 28,
    "gateway": "192.0.2.65",
    "dns": ["198.51.100.53"],
    "at": 12.5,
}
LEASE = Lease("wan0", IPv4Interface("192.0.2.70/28"), IPv4Address("192.0.2.65"), (IPv4Address("198.51.100.53"),), 12.5)


def with_changes(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


def test_a_lease() -> None:
    assert parse_lease("wan0", with_changes()) == LEASE
    assert parse_lease("wan0", with_changes(gateway="", dns=[])) == Lease("wan0", LEASE.address, None, (), 12.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"interface": "wan1"},
        {"address": ""},
        {"address": "0.0.0.0"},
        {"address": "127.0.0.1"},
        {"address": "224.0.0.1"},
        {"address": 3221225985},
        {"address": "192.0.2.70/28"},
        {"prefix": None},
        {"prefix": True},
        {"prefix": "28"},
        {"prefix": 33},
        {"prefix": -1},
        {"gateway": "router"},
        {"dns": "198.51.100.53"},
        {"dns": [None]},
        {"at": "now"},
    ],
)
def test_what_our_hook_does_not_write_is_no_lease(changes: dict[str, Any]) -> None:
    assert parse_lease("wan0", with_changes(**changes)) is None


def test_servers_that_would_be_ourselves_are_left_out() -> None:
    lease = parse_lease("wan0", with_changes(dns=["127.0.0.1", "198.51.100.53", "0.0.0.0", "198.51.100.53"]))
    assert lease == LEASE
    lease = parse_lease("wan0", with_changes(gateway="127.0.0.1"))
    assert lease is not None and lease.gateway is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_lease_or_none(content: bytes) -> None:
    assert parse_lease("wan0", content) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9), lambda inner: st.lists(inner)
)


@given(st.fixed_dictionaries({}, optional={key: values | st.just(good) for key, good in GOOD.items()}))
def test_any_json_is_a_lease_or_none(content: dict[str, Any]) -> None:
    lease = parse_lease("wan0", json.dumps(content).encode())
    assert lease is None or lease.address.ip == LEASE.address.ip


def test_deep_and_endless_files_are_no_lease(tmp_path: Path) -> None:
    assert parse_lease("wan0", b"[" * 4000) is None
    assert parse_lease("wan0", with_changes(reason="x" * 5000)) is None
    assert read_lease("wan0", tmp_path) is None
    (tmp_path / "wan0.json").write_bytes(with_changes())
    assert read_lease("wan0", tmp_path) == LEASE
