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
PORTS = ETC / "ports.toml"
"""Which port is the LAN: from the factory, for a router that nobody has set up yet."""
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
CAPTURES = STATE / "captures"
"""Packets that a vendor had recorded: the last few."""
LOG_INS = STATE / "access" / "log-ins.json"
"""Who may log in on the page."""
AUDIT = STATE / "audit"
"""Who did what: only ever added to."""

PAST = STATE / "past" / "lights.db"
"""What the lights showed. In a directory of its own: SQLite keeps its log beside it."""

LAST_SEEN = STATE / "last-seen"
"""The time as it last was here, for a start without a clock that runs on."""
CHRONY = Path("/var/lib/chrony")
"""chrony's own, where it may go without root: how fast this machine's clock is, and its NTS cookies."""

PAGE_CERTIFICATE = STATE / "page.pem"
"""The device's own certificate for the page, and its key, which stays the same for as long as the device lives."""

UPDATE = STATE / "update" / "state.json"
"""How far the update of the firmware is, and how the last one ended."""
FACTORY = STATE / "factory.json"
"""What the factory has made of this machine: its serial number, and the hash of the password on its label."""
RESET = STATE / "reset.json"
"""There while everything is being put back to what the factory sent out."""
STICKS = RUN / "sticks"
"""The memory sticks that are plugged in, each read-only in a folder of its own, where udev's rule has them mounted."""

WISHES = STATE / "wishes.json"
"""Which tunnels the operator has pinned or drained."""

FIRMWARE_KEYS = Path("/usr/share/sekisho/firmware-keys.json")
"""JWK set (RFC 7517) whose bundles are taken: part of the image, and so as whole as that."""
UPDATE_JOB = RUN / "update" / "job.json"
UPDATE_NEWS = RUN / "update" / "news.json"
"""What the update's own process is to do, and how far it is."""

API_SOCKET = RUN / "api" / "control.sock"
"""In a directory that nobody but root and the page may enter."""
GATE_SOCKET = RUN / "gate" / "control.sock"
"""In a directory of its own: the gate has no right to write anywhere else."""
WIRE_SOCKET = RUN / "wire.sock"
"""Where systemd has a process hear a wire for us (``sekisho-wire.socket``)."""
PAGE_SOCKET = RUN / "page" / "http.sock"
"""In a directory that nobody but the gate may enter: whoever speaks there is believed."""
SESSIONS = RUN / "wan"
"""What PPPoE sessions gave: one JSON file per interface, written by pppd's hooks. Their own, without root."""
SESSION_PASSWORDS = RUN / "sessions"
"""What pppd logs in with: one file per line, which nobody else may read."""
FAR_ENDS = RUN / "far-ends"
"""One JSON file per line that carries IPv4 inside IPv6: where it leads, as resolved."""
LEASES = RUN / "leases"
"""What lines gave by DHCP and by IPv6: JSON files of each port, written by dhcpcd's hooks. Its own, without root."""

ENGINES = RUN / "engines"
"""The configuration of the daemons that we run, and who they are (pid, start time)."""
ORDERS = RUN / "orders"
"""What systemd is to run for a unit of that name; there only while it starts."""
BIRD_SOCKET = RUN / "bird" / "control.sock"
DHCP_LEASES = Path("/var/lib/sekisho-dhcp/leases")
"""What dnsmasq has leased to the LAN: where it may go without root."""
