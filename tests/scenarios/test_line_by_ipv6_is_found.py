"""The vendor asks what kind of line this is, and it is IPv6: what the answer says to write is all that is needed."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.lab import observe
from tests.lab.lines import AccessLine
from tests.lab.lines.ipoe import Ipoe
from tests.lab.lines.ipoe_delegated import IpoeDelegated
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

SITE = "/etc/sekisho/site.toml"


@pytest.fixture(params=[Ipoe(), IpoeDelegated()], ids=["advertised", "delegated"])
def lines(request: pytest.FixtureRequest) -> Sequence[AccessLine]:
    return (request.param,)


def test_line_by_ipv6_is_found(world: World) -> None:
    router = world.router
    rest = router.machine.read(SITE).partition("[lan]")[2]
    router.run()
    finding = json.loads(router.sekisho("line", "find", "--interface", "wan0", "--json").stdout)
    assert finding["code"] == "ipoe"
    router.machine.write(SITE, f"[wan]\n{finding['ways'][0]['toml']}\n[lan]{rest}", 0o600)
    router.import_account(world.account)
    router.apply()
    observe.await_green(world)
