"""Names and numbers that the compiled intent shares with whoever fills or watches it at run time."""

from __future__ import annotations

TABLE = "sekisho"

TERMINALS = "terminals"
"""Set: address . MAC of each listed terminal; from the settings."""
TERMINAL_ADDRESSES = "terminal_addresses"
"""Set: the addresses of `TERMINALS` alone, to notice another machine that wears one."""
ENGINE_VERIFIED = "engine_verified"
"""Set, timed: address . port of engines proven for passthrough."""
GATE_VERIFIED = "gate_verified"
"""Set, timed: address . port of engines proven for the gate; gives every packet of a gate connection its leave."""
GATE_OPEN = "gate_open"
"""Map, timed: engine address . port to the gate's local port; opens new connections, `GATE_VERIFIED` keeps them."""
STRANGERS = "strangers"
"""Set, timed, filled by rules: address . MAC of machines that were refused because they are not listed so."""
ENGINES_ASKED = "engines_asked"
"""Set, timed: address . port on the internet that the daemon asks for proof now, where no tunnels bound its reach."""
INSIDE_SOURCES = "inside_sources"
"""Set: interface . network of everybody who may speak there."""
SEGMENT_WAYS = "segment_ways"
"""Set: interface . interface, from whom to whom connections may be opened between segments."""
TURNING_WIRES = "turning_wires"
"""Set: interface . the same interface, where other routers stand on the wire."""
BEHIND_SEGMENTS = "behind_segments"
"""Set: interface . network that another router on that wire leads to."""
INTERNET_TERMINALS = "internet_terminals"
"""Set, timed: address . MAC of terminals that staff have switched from the receipt engine to the internet."""
MAINTENANCE = "maintenance"
"""Set, timed: maintainer's address . terminal's address . TCP port that the clinic has let him use for a while."""
MAINTENANCE_BEGUN = "maintenance_begun"
"""Set, timed, filled by rules: address and port of the maintainer . address and port of the terminal, of each
connection that began."""
TUNNEL_ENDPOINTS = "tunnel_endpoints"
"""Set: address . UDP port of the concentrators, as resolved."""
TUNNEL_ENDPOINTS6 = "tunnel_endpoints6"
"""Set: the same by IPv6; there while a line carries it."""
WAN_RESOLVERS = "wan_resolvers"
"""Set: DNS servers of the lines; from the settings when all are static, else filled in with what the leases name."""
WAN_RESOLVERS6 = "wan_resolvers6"
"""Set: those with IPv6 addresses, as advertised or leased; there while a line carries IPv6."""
SOFTWIRE_ENDS = "softwire_ends"
"""Set: IPv6 addresses of the far ends of softwires (AFTR, BR), as the settings name them or as resolved."""

FAST_PATH = "fast_path"
"""Flow table: established connections of terminals with proven engines."""

REFUSED_LAN = "refused_lan"
REFUSED_IMPOSTOR = "refused_impostor"
REFUSED_OUTPUT = "refused_output"
DROPPED_WAN = "dropped_wan"
DROPPED_TUNNEL = "dropped_tunnel"
FORGED_LAN = "forged_lan"
FORGED_WAN = "forged_wan"
PASSED_SEGMENT = "passed_segment"
PASSED_INTERNET = "passed_internet"
PASSED_ENGINE = "passed_engine"
PASSED_GATE = "passed_gate"
REDIRECTED_GATE = "redirected_gate"
PASSED_MAINTENANCE = "passed_maintenance"
REFUSED_PORTS = "refused_ports"
STOPPED_PORTS = "stopped_ports"

GATE_USER = "sekisho-gate"
"""System user of the gate's process: the kernel tells its connections from the prover's by it."""
PAGE_USER = "sekisho-web"
"""System user of the status page's process."""
CAPTURE_USER = "sekisho-capture"
"""System user of the process that records packets for the vendor."""

NAMES_USER = "dnsmasq"
"""System user of dnsmasq, made by Debian's package."""
TIME_USER = "_chrony"
"""System user of chrony, made by Debian's package."""

PAGE_PORT = 8443
"""TCP port on the router's LAN address where the unprivileged gate speaks TLS for the page; browsers use 443."""
PAGE_REDIRECT_PORT = 8080
"""The same for whoever asks without TLS and is led to it; browsers use 80."""
OUTSIDE_NAMES_PORT = 5300
"""UDP and TCP port of the dnsmasq that tells names from elsewhere, without their IPv6 addresses."""
METRICS_PORT = 9464
"""TCP port on the inner address for /metrics."""
FIRST_GATE_PORT = 10443
GATE_PORTS = 16384
"""Local TCP ports of the gate's listeners, one per service, are among so many from here: below what Linux gives to
programs that ask for any port (ip(7), ip_local_port_range)."""
FIRST_MAINTENANCE_PORT = 27000
MAINTENANCE_PORTS = 4096
"""TCP ports on the inner address, one for each terminal's service that can be opened, are among so many from here."""
SERVICES_LIMIT = 64
"""Keeps the gate's ports and its warm connections within what a small router carries."""
