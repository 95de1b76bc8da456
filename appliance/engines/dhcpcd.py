"""dhcpcd: the WAN's address by DHCP (RFC 2131), IPv4 only, touching nothing but that interface.

What the line gave is written by our hook to one file per interface (see `leases`).
``nodelay`` and ``noarp`` save up to seven seconds each time the line comes back: the server
looks for duplicates before it offers an address (RFC 2131 section 2.2), and a clinic waits for us.
"""

from __future__ import annotations

from pathlib import Path

from appliance import paths
from appliance.engines.spec import ConfigFile, Directory, EngineSpec
from appliance.intent.model import Line
from appliance.text import Text

HOOK = Path(__file__).with_name("dhcp-hook.sh")


def render(line: Line) -> str:
    """dhcpcd.conf(5)."""
    return f"""\
# Written by Sekisho; what is changed here by hand is overwritten.
allowinterfaces {line.interface}
metric {line.metric}
ipv4only
noipv6rs
noipv4ll
nodev
nodelay
noarp
option routers, subnet_mask, domain_name_servers, interface_mtu
require dhcp_server_identifier
script {HOOK}
env sekisho_lease={paths.LEASES / f"{line.interface}.json"}
"""


def dhcpcd_spec(line: Line) -> EngineSpec:
    """One for each line. dhcpcd separates its rights by itself. A stop takes the address back, since dhcpcd gave it."""
    config = paths.ENGINES / f"dhcpcd-{line.name}.conf"
    return EngineSpec(
        name=f"dhcpcd-{line.name}",
        title=Text("回線側のアドレスの取得（dhcpcd）", "the WAN's address by DHCP (dhcpcd)"),
        argv=("dhcpcd", "--nobackground", "--config", str(config), line.interface),
        files=(ConfigFile(config, render(line), read_again=False),),
        directories=(Directory(paths.LEASES),),
        leavings=(paths.LEASES / f"{line.interface}.json",),
    )
