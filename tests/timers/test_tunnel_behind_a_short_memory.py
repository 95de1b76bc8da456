"""An idle tunnel behind a line that forgets in half a minute: keys are renewed, and the data center can always call."""

from __future__ import annotations

import time

import pytest

from appliance.account.model import Account
from appliance.intent.compile import compile
from appliance.kernel import apply as kernel
from appliance.kernel import wireguard
from appliance.kernel.apply import Memory
from appliance.site.model import Site
from tests.builders import lab_account
from tests.unit.kernel.namespace import sh
from tests.unit.kernel.standing import INNER, MONITORING, SITE, build, connected, listening, run_time

pytestmark = [pytest.mark.isolated(limit=3 * 3600), pytest.mark.real_kernel]

HOUR = 3600
REKEY_AFTER, REJECT_AFTER = 120, 180
"""WireGuard's seconds (whitepaper, section 6.1)."""

FORGETFUL = """table inet line {
  chain input { type filter hook input priority 0; policy accept; ct state new accept; }
  chain output {
    type filter hook output priority 0; policy accept;
    meta l4proto udp oifname eth0 ct state new counter name called drop
  }
  counter called { }
}
"""
"""As address translation does: what comes from outside and belongs to no conversation of the router's is lost."""


def test_tunnel_behind_a_short_memory() -> None:
    build()
    time.sleep(1)
    for clock in ("udp_timeout", "udp_timeout_stream"):
        sh(f"ip netns exec line sysctl -qw net.netfilter.nf_conntrack_{clock}=30")
    sh("ip netns exec line nft -f -", input=FORGETFUL)
    account: Account = lab_account()
    intent = compile(account, Site.model_validate(SITE))
    kernel.apply(intent, Memory.load())
    run_time(intent, 60)
    port = sh("wg show sk-dc1 listen-port")

    shaken: set[int] = set()
    until = time.monotonic() + HOUR
    while time.monotonic() < until:
        time.sleep(20)
        for peer in wireguard.observe_peers().values():
            assert time.time() - peer.latest_handshake < REJECT_AFTER
        shaken.add(wireguard.observe_peers()["sk-dc1"].latest_handshake)
    assert HOUR / (REKEY_AFTER + 30) <= len(shaken) <= HOUR / REKEY_AFTER + 1

    # Now and after an hour in which nobody looked.
    for wait in (0, HOUR):
        time.sleep(wait)
        server = listening(None, INNER, 9464)
        for end in connected("line", INNER, 9464, server, MONITORING):
            end.close()
    assert sh("wg show sk-dc1 listen-port") == port
    assert "packets 0 " in sh("ip netns exec line nft list counter inet line called")
