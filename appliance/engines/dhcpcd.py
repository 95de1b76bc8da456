"""dhcpcd: what a line gives by DHCP (RFC 2131), or by router advertisements and DHCPv6, touching nothing but its port.

It separates its rights by itself where its package's user (``dhcpcd``) is, and then has to
begin as root; here that user is not (docs/sandbox.md), and it is one of ours from its first instruction.

What the line gave is written by our hooks below one folder (see `leases`, `leases6`).
``nodelay`` and ``noarp`` save up to seven seconds each time the line comes back: the server
looks for duplicates before it offers an address (RFC 2131 section 2.2), and a clinic waits for us.
"""

from __future__ import annotations

from pathlib import Path

from appliance import paths
from appliance.engines.leases6 import files_of
from appliance.engines.spec import ConfigFile, Directory, EngineSpec
from appliance.intent.model import Line
from appliance.text import Text

_USER = "sekisho-line"
_CAPABILITIES = ("net_admin", "net_bind_service", "net_raw")
_DIRECTORIES = (
    # Its group is root's, which reads there what the lines gave without a right over others' files; nobody else enters.
    Directory(paths.LEASES, 0o770, _USER, "root"),
    Directory(Path("/run/dhcpcd"), 0o755, _USER),
    Directory(Path("/var/lib/dhcpcd"), 0o775, group=_USER),
)
HOOK = Path(__file__).with_name("dhcp-hook.sh")
HOOK6 = Path(__file__).with_name("ipv6-hook.sh")


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
    """One for each line. A stop takes the address back, since dhcpcd gave it."""
    config = paths.ENGINES / f"dhcpcd-{line.name}.conf"
    return EngineSpec(
        name=f"dhcpcd-{line.name}",
        title=Text("回線側のアドレスの取得（dhcpcd）", "the WAN's address by DHCP (dhcpcd)"),
        argv=("dhcpcd", "--nobackground", "--config", str(config), line.interface),
        files=(ConfigFile(config, render(line), read_again=False),),
        directories=_DIRECTORIES,
        user=_USER,
        capabilities=_CAPABILITIES,
        line=line.name,
        leavings=(paths.LEASES / f"{line.interface}.json",),
    )


def render6(line: Line, asks_for_prefix: bool) -> str:
    """dhcpcd.conf(5). asks_for_prefix: by DHCPv6 for an address and a prefix, whatever is advertised; otherwise only
    what the advertisement tells to ask for (RFC 4861 section 4.2: flags M and O), since dhcpcd does either.

    ``duid ll``: access networks of Japan take no other. ``nogateway``: see `intent.lines.ways`.
    """
    asked = "ia_na\nia_pd 1\n" if asks_for_prefix else ""
    return f"""\
# Written by Sekisho; what is changed here by hand is overwritten.
allowinterfaces {line.port}
ipv6only
ipv6rs
nodev
nodelay
nogateway
duid ll
slaac private
option dhcp6_name_servers
script {HOOK6}
env sekisho_line={paths.LEASES / line.port}
interface {line.port}
{asked}"""


def dhcpcd6_spec(line: Line, asks_for_prefix: bool) -> EngineSpec:
    """For the port of a line that speaks IPv6; see `dhcpcd_spec`."""
    config = paths.ENGINES / f"dhcpcd-{line.name}.conf"
    return EngineSpec(
        name=f"dhcpcd-{line.name}",
        title=Text("回線側の IPv6 アドレスの取得（dhcpcd）", "the WAN's IPv6 address (dhcpcd)"),
        argv=("dhcpcd", "--nobackground", "--config", str(config), line.port),
        files=(ConfigFile(config, render6(line, asks_for_prefix), read_again=False),),
        directories=_DIRECTORIES,
        user=_USER,
        capabilities=_CAPABILITIES,
        line=line.name,
        leavings=files_of(line.port),
    )
