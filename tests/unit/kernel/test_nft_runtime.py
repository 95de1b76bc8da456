"""Permissions that come by proof and go by time, on a real kernel."""

from __future__ import annotations

import time
from ipaddress import IPv4Address

import pytest

from appliance.errors import SekishoError
from appliance.kernel import nft
from appliance.kernel.apply import Memory
from appliance.kernel.nft import Element, Grant, runtime
from tests.unit.kernel.namespace import in_namespace, sh
from tests.unit.kernel.worlds import ENGINE, table

OTHER = (IPv4Address("203.0.113.33"), 443)


def load() -> None:
    (change,) = nft.diff(table(), nft.observe(), None)
    nft.apply(change, Memory.load())


def expiry(name: str, kind: str = "set") -> dict[str, int]:
    return {element.key[0]: element.expires or 0 for element in nft.elements(name, kind)}


@in_namespace
def test_a_grant_adds_and_refreshes_and_a_revocation_removes() -> None:
    load()
    nft.grant([Grant("engine_verified", ENGINE, 30), Grant("gate_open", ENGINE, 30, 10443)])
    nft.grant([Grant("engine_verified", ENGINE, 300), Grant("engine_verified", OTHER, 30)])
    assert nft.elements("engine_verified") == [Element(("203.0.113.17", "443")), Element(("203.0.113.33", "443"))]
    assert expiry("engine_verified")["203.0.113.17"] > 200
    assert expiry("engine_verified")["203.0.113.33"] <= 30
    # A shorter time counts as well: a permission never outlives its newest proof.
    nft.grant([Grant("engine_verified", ENGINE, 20), Grant("gate_open", ENGINE, 300, 10443)])
    assert expiry("engine_verified")["203.0.113.17"] <= 20
    assert expiry("gate_open", "map")["203.0.113.17"] > 200
    nft.revoke(
        [Grant("engine_verified", ENGINE), Grant("engine_verified", ENGINE), Grant("gate_open", ENGINE, 0, 10443)]
    )
    assert list(expiry("engine_verified")) == ["203.0.113.33"]
    assert nft.elements("gate_open", "map") == []
    nft.grant([])
    nft.revoke([])


@in_namespace
def test_a_map_may_change_its_mind() -> None:
    """The account gave the gate another port while the old one's permission still runs."""
    load()
    nft.grant([Grant("gate_open", ENGINE, 300, 10443), Grant("gate_open", OTHER, 300, 10443)])
    nft.grant([Grant("gate_open", ENGINE, 60, 10444)])
    assert set(nft.elements("gate_open", "map")) == {
        Element(("203.0.113.17", "443"), "10444"),
        Element(("203.0.113.33", "443"), "10443"),
    }
    assert expiry("gate_open", "map")["203.0.113.17"] <= 60


@in_namespace
def test_what_expires_while_it_is_being_revoked_is_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    nft.grant([Grant("gate_open", OTHER, 300, 10443)])
    standing = runtime.elements
    looks: list[str] = []

    def a_moment_ago(name: str, kind: str = "set") -> list[Element]:
        looks.append(name)
        gone = [Element(("203.0.113.17", "443"), "10443")] if len(looks) == 1 else []
        return [*standing(name, kind), *gone]

    monkeypatch.setattr(runtime, "elements", a_moment_ago)
    # Another value than the one that stands there makes the kernel refuse the short way.
    nft.revoke([Grant("gate_open", ENGINE, 0, 10443), Grant("gate_open", OTHER, 0, 0)])
    assert standing("gate_open", "map") == []
    assert len(looks) == 2
    nft.revoke([Grant("gate_open", ENGINE, 0, 1), Grant("gate_open", OTHER, 0, 2)])
    assert nft.elements("gate_open", "map") == []


@in_namespace
def test_without_a_new_proof_the_kernel_itself_closes() -> None:
    load()
    nft.grant([Grant("engine_verified", ENGINE, 1)])
    deadline = time.monotonic() + 30
    while nft.elements("engine_verified"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    nft.grant([Grant("engine_verified", ENGINE, 30)])
    assert len(nft.elements("engine_verified")) == 1


@in_namespace
def test_elements_of_a_run_time_set_are_replaced_as_a_whole() -> None:
    load()
    first, second, third = ((IPv4Address(f"198.51.100.{host}"), 51820) for host in (11, 12, 13))
    nft.replace_elements("tunnel_endpoints", [first, second])
    nft.replace_elements("tunnel_endpoints", [second, third])
    assert sorted(element.key[0] for element in nft.elements("tunnel_endpoints")) == ["198.51.100.12", "198.51.100.13"]
    assert all(element.expires is None for element in nft.elements("tunnel_endpoints"))
    nft.replace_elements("tunnel_endpoints", [])
    assert nft.elements("tunnel_endpoints") == []


@in_namespace
def test_without_a_firewall_a_grant_fails_aloud() -> None:
    for call in (
        lambda: nft.grant([Grant("engine_verified", ENGINE, 30)]),
        lambda: nft.revoke([Grant("engine_verified", ENGINE)]),
        lambda: nft.replace_elements("tunnel_endpoints", []),
        lambda: nft.elements("engine_verified"),
    ):
        with pytest.raises(SekishoError) as refused:
            call()
        assert refused.value.code == "kernel.nft-failed"
    assert nft.observe() is None
    assert sh("nft list tables") == ""


def test_a_grant_for_ever_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="ends by itself"):
        nft.grant([Grant("engine_verified", ENGINE)])
