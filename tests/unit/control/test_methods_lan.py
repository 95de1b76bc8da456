"""Where machines are looked for: on the wires at work, and on the LAN as somebody is planning it."""

from __future__ import annotations

from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from appliance import paths
from appliance.control import holdings, methods_lan, opening
from appliance.intent.fresh import ADDRESS, fresh

FRESH = ("lan0", ADDRESS)
PLANNED = ("lan0", IPv4Interface("192.0.2.1/26"))


def wires(patch: pytest.MonkeyPatch, planned: tuple[str, IPv4Interface] | None) -> list[tuple[str, IPv4Interface]]:
    patch.setattr(holdings, "planned_lan", lambda: planned)
    return [(wire.interface, wire.own) for wire in methods_lan._wires(fresh("lan0"))]


def test_machines_that_keep_their_addresses_are_looked_for_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wires(monkeypatch, None) == [FRESH]
    assert wires(monkeypatch, PLANNED) == [FRESH, PLANNED]
    # Nobody is asked twice.
    assert wires(monkeypatch, ("lan0", IPv4Interface("192.168.151.254/24"))) == [FRESH]


def test_the_plan_is_that_of_the_settings_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "SITE", tmp_path / "site.toml")
    assert opening.planned_lan() is None
    paths.SITE.write_text('[lan]\ninterface = "lan0"\n')
    assert opening.planned_lan() is None
    paths.SITE.write_text(
        '[wan]\nkind = "dhcp"\ninterface = "wan0"\n[lan]\ninterface = "lan0"\naddress = "192.0.2.1/26"\n'
    )
    assert opening.planned_lan() == PLANNED
