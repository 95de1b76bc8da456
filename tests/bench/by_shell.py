"""The same router made by a shell script of Debian's own tools: the peer of our apply."""

from __future__ import annotations

from appliance.intent.model import Address, PolicyRule, Route, RouterIntent, Tunnel
from appliance.kernel import nft
from appliance.kernel.netlink import PROTOCOL
from appliance.kernel.nft.fast_path import fitting
from tests.lab.machine import Machine

_FILES = "/etc/by-shell"

SCRIPT = f"{_FILES}/router.sh"
"""What `install` leaves on the machine: ``bash SCRIPT`` makes the router, and makes it once more."""


def install(machine: Machine, intent: RouterIntent) -> None:
    """Write the script and all that it reads, as somebody would have written them by hand."""
    for tunnel in intent.tunnels:
        machine.write(f"/etc/wireguard/{tunnel.interface}.conf", _wireguard(tunnel), 0o600)
    tunnels = {tunnel.interface for tunnel in intent.tunnels}
    outside = [line.interface for line in intent.lines]
    ports = [*(f"link set dev {port} up" for port in (intent.lan.interface, *outside))]
    ports += [_address(address) for address in intent.addresses if address.interface not in tunnels]
    ports += [_route(route) for route in intent.routes if route.interface in outside]
    inside = [_address(address) for address in intent.addresses if address.interface in tunnels]
    inside += [_route(route) for route in intent.routes if route.interface not in outside]
    rules = [_rule(rule) for rule in intent.rules]
    table = f"inet {intent.firewall.name}"
    # Before the tunnels are there, and without what only some kernels have.
    firewall = fitting(intent.firewall, {intent.lan.interface, *outside}, offloads=False)
    contents = {
        # One transaction that replaces the table, as firewall scripts do.
        "firewall.nft": f"table {table}\ndelete table {table}\n{nft.render(firewall)}",
        "sysctl.conf": "".join(f"{key} = {value}\n" for key, value in intent.sysctls),
        "ports": "".join(f"{line}\n" for line in ports),
        "inside": "".join(f"{line}\n" for line in inside),
        "rules": "".join(f"rule add {rule} protocol {PROTOCOL}\n" for rule in rules),
        "old-rules": "".join(f"rule del {rule}\n" for rule in rules),
        "router.sh": _script(intent),
    }
    for name, content in contents.items():
        machine.write(f"{_FILES}/{name}", content, 0o600)


def _rule(rule: PolicyRule) -> str:
    destination = f" to {rule.destination}" if rule.destination else ""
    mark = f" fwmark {rule.mark}" if rule.mark else ""
    return f"priority {rule.priority}{destination}{mark} lookup {rule.table}"


def _script(intent: RouterIntent) -> str:
    tunnels = " ".join(tunnel.interface for tunnel in intent.tunnels)
    return f"""\
set -euo pipefail
cd {_FILES}
nft -f firewall.nft
ip -batch ports
for tunnel in {tunnels}; do
  if [ -e "/sys/class/net/$tunnel" ]; then
    wg syncconf "$tunnel" <(wg-quick strip "$tunnel")
  else
    wg-quick up "$tunnel"
  fi
done
ip -batch inside
ip -force -batch old-rules || true
ip -batch rules
sysctl -q -p sysctl.conf
"""


def _wireguard(tunnel: Tunnel) -> str:
    """wg-quick(8). Addresses and routes are the script's: wg-quick knows no peer addresses."""
    return f"""\
[Interface]
PrivateKey = {tunnel.private_key.get_secret_value()}
MTU = {tunnel.mtu}
Table = off

[Peer]
PublicKey = {tunnel.peer_public_key}
PresharedKey = {tunnel.preshared_key.get_secret_value()}
AllowedIPs = {", ".join(map(str, tunnel.allowed_prefixes))}
PersistentKeepalive = {tunnel.keepalive}
Endpoint = {tunnel.endpoint_host}:{tunnel.endpoint_port}
"""


def _address(wanted: Address) -> str:
    peer = "" if wanted.peer is None else f" peer {wanted.peer}"
    own = wanted.address if wanted.peer is None else wanted.address.ip
    return f"address replace {own}{peer} dev {wanted.interface}"


def _route(wanted: Route) -> str:
    words = ["route", "replace"]
    words += ["unreachable", str(wanted.destination)] if wanted.interface is None else [str(wanted.destination)]
    words += [] if wanted.gateway is None else ["via", str(wanted.gateway)]
    words += [] if wanted.interface is None else ["dev", wanted.interface]
    words += [] if wanted.source is None else ["src", str(wanted.source)]
    words += ["metric", str(wanted.metric)] if wanted.metric else []
    return " ".join([*words, "table", str(wanted.table), "protocol", str(PROTOCOL)])
