"""A router that fails over as many do: the peer of our fail-over.

Both tunnels are up; a shell script asks each peer with ping(8) once a second and moves the route after three
losses in a row. That is mwan3's method at a pace that nobody dares on a real line (its defaults ask every ten
seconds). The data center's side moves by itself as soon as a concentrator is dead; it cannot know of a cut tunnel.
"""

from __future__ import annotations

from tests.lab import addresses, datacenter
from tests.lab.handmade import HandmadeRouter
from tests.lab.world import World

LOSSES = 3

_SCRIPT = f"""\
ways='{" ".join(place.name for place in addresses.CONCENTRATORS.values())}'
{"".join(f"peer_{place.name}={place.inner}{chr(10)}" for place in addresses.CONCENTRATORS.values())}
{"".join(f"lost_{place.name}=0{chr(10)}" for place in addresses.CONCENTRATORS.values())}
carrying=
while :; do
  for way in $ways; do
    eval "peer=\\$peer_$way lost=\\$lost_$way"
    if ping -c1 -W1 -I sk-$way "$peer" >/dev/null; then lost=0; else lost=$((lost + 1)); fi
    eval "lost_$way=$lost"
  done
  for way in $ways; do
    eval "lost=\\$lost_$way"
    if [ "$lost" -lt {LOSSES} ]; then
      if [ "$way" != "$carrying" ]; then
        ip route replace {addresses.DATA_CENTER} dev sk-$way src {addresses.CLINIC_INNER} table 51
        carrying=$way
      fi
      break
    fi
  done
  sleep 1
done
"""


class PingRouter:
    """The lab's router made by hand, without BIRD: it fails over by the script."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._router = HandmadeRouter(world)
        datacenter.birdc(self._router.machine, "down")
        for number in world.concentrators:
            self.announce(number)
        self._router.machine.write("/etc/failover.sh", _SCRIPT)
        self._router.machine.popen("sh", "/etc/failover.sh", log=self._router.machine.log_dir / "failover.log")

    def announce(self, number: int) -> None:
        """Let a concentrator that was switched on announce the clinic always: there is no BFD to ask."""
        machine = self._world.machines[f"conc{number}"]
        configuration = machine.read("/etc/bird.conf")
        machine.write("/etc/bird.conf", configuration.replace(f"via {addresses.CLINIC_INNER} bfd;", f"via {addresses.CLINIC_INNER};"))
        datacenter.birdc(machine, "configure")

    def carrying(self) -> str:
        """Name of the tunnel that the router uses, empty while there is none."""
        route = self._router.machine.run("ip", "route", "show", str(addresses.DATA_CENTER), "table", "51").stdout
        return next((place.name for place in addresses.CONCENTRATORS.values() if f"dev sk-{place.name} " in route), "")
