"""``sekisho down`` takes away exactly what is ours, and apply brings it back."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence

import pytest

from tests.lab import observe
from tests.lab.lines import AccessLine
from tests.lab.lines.ipoe import Ipoe
from tests.lab.lines.upper import UpperRouter
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, processes

pytestmark = pytest.mark.namespaces

FOREIGN = """\
address add 192.0.2.126/32 dev lan0
address add 192.0.2.127/32 dev lo
rule add priority 77 to 192.0.2.127 lookup 77
route add 192.0.2.125/32 dev lan0 table 77
"""
"""Of somebody else on the same machine, beside ours."""
SWITCH = re.compile(r"net\.(?!netfilter\.nf_conntrack_count|ipv4\.tcp_fastopen_key|ipv6\.conf\.\w+\.stable_secret)")
"""Not what the kernel counts or draws by itself."""


@pytest.fixture(params=[UpperRouter(), Ipoe()], ids=["dhcp", "ipoe"])
def lines(request: pytest.FixtureRequest) -> Sequence[AccessLine]:
    return (request.param,)


def test_down_leaves_nothing_behind(world: World, lines: Sequence[AccessLine]) -> None:
    router = world.machines["router"]
    by_ipv6 = lines[0] if isinstance(lines[0], Ipoe) else None
    if by_ipv6:
        # A kernel that is left to itself follows what is advertised: before us and after us it shall hear nothing.
        by_ipv6.fall_silent(world.machines["provider"])
        router.ip("link set wan0 down\nlink set wan0 up\n")
    router.ip(FOREIGN)
    router.run("nft", "add", "table", "inet", "somebody")
    until(lambda: "tentative" not in router.run("ip", "address").stdout, "the ports' IPv6 addresses")
    before = _everything(world)
    if by_ipv6:
        by_ipv6.serve(world.machines["provider"])
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    assert _everything(world) != before

    if by_ipv6:
        by_ipv6.fall_silent(world.machines["provider"])
    world.router.sekisho("down", timeout=120)
    assert "変更するところはありませんでした" not in world.router.sekisho("plan").stdout
    world.kill_appliance()
    # A restart of the daemon must not bring up what somebody took down on purpose.
    world.router.run()
    world.stop_appliance()
    # The ports take some seconds to find their IPv6 addresses again (RFC 4862 section 5.4).
    with contextlib.suppress(TimeoutError):
        until(lambda: _everything(world) == before, "everything is as before", pause=1)
    assert _everything(world) == before

    if by_ipv6:
        by_ipv6.serve(world.machines["provider"])
    world.router.run()
    world.router.apply()
    observe.await_green(world)
    for host in MODES:
        world.client("reception", host).login()


def _everything(world: World) -> dict[str, object]:
    router = world.machines["router"]

    def shown(*command: str) -> list[str]:
        return sorted(router.run(*command).stdout.splitlines())

    links = json.loads(router.run("ip", "-json", "-detail", "link").stdout)
    return {
        "links": {link["ifname"]: (link["flags"], link["mtu"], link["operstate"]) for link in links},
        "addresses": shown("ip", "-oneline", "address"),
        "rules": shown("ip", "rule"),
        "routes": shown("ip", "route", "show", "table", "all"),
        "firewall": _without_ours(router.run("nft", "list", "ruleset").stdout),
        "switches": [line for line in shown("sysctl", "--all", "--ignore") if SWITCH.match(line)],
        "processes": sorted(args for pid, args in processes(router).items() if pid != 1 and not args.startswith("ps ")),
    }


def _without_ours(ruleset: str) -> str:
    """Our table closes the router from boot on; taking the router down takes that, too."""
    return re.sub(r"^table inet sekisho \{\n.*?^\}\n", "", ruleset, flags=re.MULTILINE | re.DOTALL)
