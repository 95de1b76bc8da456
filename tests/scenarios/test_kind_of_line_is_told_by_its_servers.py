"""The vendor asks what kind of line this is, and the provider's own servers tell: PPPoE, DS-Lite, MAP-E."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine
from tests.lab.lines.ds_lite import DsLiteLine
from tests.lab.lines.map_e import MapELine
from tests.lab.lines.pppoe import PppoeLine
from tests.lab.world import World

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

SITE = "/etc/sekisho/site.toml"


@pytest.fixture(params=[PppoeLine(), DsLiteLine(tells=True), MapELine(tells=True)], ids=["pppoe", "ds-lite", "map-e"])
def lines(request: pytest.FixtureRequest) -> Sequence[AccessLine]:
    return (request.param,)


def test_kind_of_line_is_told_by_its_servers(world: World, lines: Sequence[AccessLine]) -> None:
    router = world.router
    rest = router.machine.read(SITE).partition("[lan]")[2]
    router.run()
    finding = json.loads(router.sekisho("line", "find", "--interface", "wan0", "--json").stdout)
    kind = {"PppoeLine": "pppoe", "DsLiteLine": "ds-lite", "MapELine": "map-e"}[type(lines[0]).__name__]
    assert finding["code"] == kind
    assert finding["headline"]["ja"]
    (way, *_) = finding["ways"]
    assert way["toml"].splitlines()[:2] == [f'kind = "{kind}"', 'interface = "wan0"']
    if kind == "ds-lite":
        # All that it needs was heard: what the answer says to write is enough.
        assert addresses.AFTR_NAME in way["why"]["ja"]
        router.machine.write(SITE, f"[wan]\n{way['toml']}\n[lan]{rest}", 0o600)
        router.import_account(world.account)
        router.apply()
        observe.await_green(world)
