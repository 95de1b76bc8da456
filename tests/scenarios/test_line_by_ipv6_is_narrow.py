"""The line by IPv6 advertises a smaller MTU: what the tunnels carry fits it in one piece, larger header and all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab.lines import AccessLine
from tests.lab.lines.ipoe import Ipoe
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import MODES, metric

pytestmark = pytest.mark.namespaces

MTU = 1454


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (Ipoe(mtu=MTU),)


def test_line_by_ipv6_is_narrow(clinic: World) -> None:
    # 1454 - 40 (IPv6) - 8 (UDP) - 32 (WireGuard), in whole blocks of 16.
    until(lambda: mtus(clinic) == {1360.0}, "what the tunnels carry fits the line")
    seen = Capture(clinic.machines["provider"], "line", "ip6")
    for host in MODES:
        clinic.client("reception", host).login()
    seen.stop()
    assert seen.count("udp port 51820") > 0
    assert seen.lines("ip6[6] == 44") == [], "fragments"
    assert seen.lines(f"greater {MTU + 15}") == [], "larger than the line, 14 bytes of Ethernet included"


def mtus(clinic: World) -> set[float]:
    return {metric(clinic, f'sekisho_tunnel_mtu_bytes{{tunnel="{tunnel}"}}') for tunnel in ("dc1", "dc2")}
