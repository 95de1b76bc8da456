"""Where things live on a router. One list, so that nobody invents a second place."""

from __future__ import annotations

from pathlib import Path

ETC = Path("/etc/sekisho")
"""Written by people and by the factory: survives, backed up."""
STATE = Path("/var/lib/sekisho")
"""Written by us: survives a reboot."""
RUN = Path("/run/sekisho")
"""Gone at a reboot, as the kernel's state is."""

SITE = ETC / "site.toml"
DESK_KEYS = ETC / "desk-keys.json"
"""JWK set (RFC 7517) of the data center desks whose accounts this router trusts."""

ACCOUNT = STATE / "account"
TRUST = STATE / "trust.json"
"""The newest trust list."""
LINE_PASSWORDS = STATE / "lines"
"""What providers ask for on their lines, sealed."""
IN_FORCE = STATE / "in-force.json"
"""The account and the settings last applied: what a restart goes back to."""
TRIAL = STATE / "trial.json"
"""The change that is on trial, while there is one."""
HISTORY = STATE / "history"

LAST_SEEN = STATE / "last-seen"
"""The time as it last was here, for a start without a clock that runs on."""
CHRONY = Path("/var/lib/chrony")
"""chrony's own, where it may go without root: how fast this machine's clock is, and its NTS cookies."""

WISHES = STATE / "wishes.json"
"""Which tunnels the operator has pinned or drained."""

API_SOCKET = RUN / "api.sock"
GATE_SOCKET = RUN / "gate" / "control.sock"
"""In a directory of its own: the gate has no right to write anywhere else."""
LEASES = RUN / "wan"
"""One JSON file per WAN interface, written by the hooks of the line's client."""
FAR_ENDS = LEASES / "far-ends"
"""One JSON file per line that carries IPv4 inside IPv6: where it leads, as resolved."""

ENGINES = RUN / "engines"
"""The configuration of the daemons that we run, and who they are (pid, start time)."""
BIRD_SOCKET = RUN / "bird" / "control.sock"
DHCP_LEASES = STATE / "dhcp" / "leases"
"""What dnsmasq has leased to the LAN."""
