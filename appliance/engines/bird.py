"""BIRD 2: watches both tunnels by BFD (RFC 5880, 5881) and puts the living, most preferred one into the kernel.

BIRD alone makes the fast decision; we only tell it the order, and a new order is a soft
reconfiguration that leaves the BFD sessions up. ``persist`` keeps the last routes in the kernel
when BIRD ends, as a kill -9 does by nature: traffic goes on by the tunnel that was good a moment
ago. A new BIRD takes them back until its sessions are up, well under a second: BIRD's graceful
restart would not help, because it waits for BGP-like protocols only, never for BFD.

Written for 2.0.12 (Debian 12) and 2.17 (Debian 13) alike: the interface of a next hop is spelled
``ADDRESS%'interface'``, since 2.0.12 has no ``dev`` there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance import paths
from appliance.engines.spec import ByCommand, ConfigFile, Directory, EngineSpec
from appliance.intent.model import ROUTING_TABLE, RouterIntent, Tunnel
from appliance.text import Text

CONFIG = paths.ENGINES / "bird.conf"
KERNEL_PROTOCOL = "tunnels_to_kernel"
ROUTE_METRIC = 32
"""BIRD leaves routes of any other metric alone: the unreachable floor stays."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What BIRD is told of one tunnel.

    preference: the higher the better, 1..65535. watched: by BFD. One that is not watched counts as alive, and since
    its far end hears no BFD any more, the data center too looks for another way to this clinic. mtu: of what is
    routed into it, in bytes; None: the interface's.
    """

    preference: int
    watched: bool = True
    mtu: int | None = None


def render(intent: RouterIntent, standings: Mapping[str, Standing]) -> str:
    """bird.conf(5). standings: by tunnel name, every tunnel."""
    interfaces = ", ".join(f'"{tunnel.interface}"' for tunnel in intent.tunnels)
    head = f"""\
# Written by Sekisho; what is changed here by hand is overwritten.
log stderr {{ info, warning, error, fatal, auth, bug }};
router id {intent.inner_address};

protocol device {{
    scan time 10;
}}

protocol bfd tunnel_paths {{
    accept ipv4 direct;
    interface {interfaces} {{
        interval {intent.bfd.interval_ms} ms;
        multiplier {intent.bfd.multiplier};
    }};
}}

# One source address in both tunnels: sessions survive a fail-over.
protocol kernel {KERNEL_PROTOCOL} {{
    ipv4 {{
        import none;
        export filter {{ krt_prefsrc = {intent.inner_address}; accept; }};
    }};
    kernel table {ROUTING_TABLE};
    metric {ROUTE_METRIC};
    scan time 10;
    persist;
}}
"""
    return head + "".join(_static(tunnel, standings[tunnel.name]) for tunnel in intent.tunnels)


def _static(tunnel: Tunnel, standing: Standing) -> str:
    watch = " bfd" if standing.watched else ""
    mtu = f" {{ krt_mtu = {standing.mtu}; }}" if standing.mtu else ""
    routes = "".join(
        f"    route {prefix} via {tunnel.peer_address}%'{tunnel.interface}'{watch}{mtu};\n"
        for prefix in sorted(tunnel.allowed_prefixes)
    )
    # A prefix keeps `by_` from being a word of BIRD's own; its symbols have no dash.
    name = f"by_{tunnel.name.replace('-', '_')}"
    return f"""
protocol static {name} {{
    ipv4 {{
        preference {standing.preference};
    }};
{routes}}}
"""


def bird_spec(intent: RouterIntent, standings: Mapping[str, Standing]) -> EngineSpec:
    """Routes and BFD need CAP_NET_ADMIN and CAP_NET_RAW.

    To its neighbours a BIRD that waits for the processor for a quarter of a second is a tunnel that is dead.
    """
    socket = paths.BIRD_SOCKET
    return EngineSpec(
        name="bird",
        title=Text("経路制御（BIRD）", "the routing daemon (BIRD)"),
        argv=("bird", "-f", "-c", str(CONFIG), "-s", str(socket)),
        files=(ConfigFile(CONFIG, render(intent, standings)),),
        directories=(Directory(socket.parent, 0o750, "bird"),),
        user="bird",
        capabilities=("net_admin", "net_raw"),
        reload=ByCommand(("birdc", "-s", str(socket), "configure"), socket),
        is_prompt=True,
    )
