"""A router that fails over as many do: the peer of our fail-over.

Both tunnels are up; a script asks each peer with ping(8) and takes a tunnel's route away after three losses in a
row, which is mwan3's method at a pace that nobody dares on a real line (it asks every ten seconds by default).
The data center's side moves by itself as soon as a concentrator is dead; of a cut tunnel it does not know, because
this router speaks no BFD.
"""

from __future__ import annotations

from tests.lab import addresses, datacenter
from tests.lab.handmade import HandmadeRouter
from tests.lab.world import World

LOSSES = 3
PERIOD = 1
"""Seconds from question to question, and for an answer to come."""

_SCRIPT = "/etc/failover.sh"
_TRACK = f"""\
# usage: failover.sh TUNNEL PEER METRIC
route="{addresses.DATA_CENTER} dev $1 src {addresses.CLINIC_INNER} metric $3 table 51"
lost={LOSSES}
while :; do
  if ping -c1 -W{PERIOD} -I "$1" "$2" >/dev/null; then
    [ $lost -lt {LOSSES} ] || ip route replace $route
    lost=0
    sleep {PERIOD}
  else
    lost=$((lost + 1))
    [ $lost -ne {LOSSES} ] || ip route delete $route
  fi
done
"""


class PingRouter:
    """The lab's router made by hand, but without BIRD: one script for each tunnel."""

    def __init__(self, world: World) -> None:
        router = HandmadeRouter(world)
        datacenter.birdc(router.machine, "down")
        router.machine.write(_SCRIPT, _TRACK)
        for place in addresses.CONCENTRATORS.values():
            router.machine.popen(
                *("sh", _SCRIPT, f"sk-{place.name}", str(place.inner), str(place.number)),
                log=router.machine.log_dir / f"failover-{place.name}.log",
            )
