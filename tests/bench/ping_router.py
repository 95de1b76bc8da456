"""A router that fails over as many do: the peer of our fail-over.

Both tunnels are up; a script asks each peer with ping(8) and takes a tunnel's route away after three losses in a
row, which is mwan3's method at a pace that nobody dares on a real line (it asks every ten seconds by default).
The data center's side moves by itself as soon as a concentrator is dead; of a cut tunnel it cannot know.
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
        self._world = world
        router = HandmadeRouter(world)
        datacenter.birdc(router.machine, "down")
        router.machine.write(_SCRIPT, _TRACK)
        for place in addresses.CONCENTRATORS.values():
            self.announce_always(place.number)
            router.machine.popen(
                *("sh", _SCRIPT, f"sk-{place.name}", str(place.inner), str(place.number)),
                log=router.machine.log_dir / f"failover-{place.name}.log",
            )

    def announce_always(self, number: int) -> None:
        """Tell a concentrator that was switched on not to ask BFD for the clinic: this router speaks none."""
        machine = self._world.machines[f"conc{number}"]
        clinic = f"via {addresses.CLINIC_INNER}"
        machine.write("/etc/bird.conf", machine.read("/etc/bird.conf").replace(f"{clinic} bfd;", f"{clinic};"))
        datacenter.birdc(machine, "configure")
