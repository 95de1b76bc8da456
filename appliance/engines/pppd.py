"""A PPPoE session (RFC 2516) by pppd(8) and the kernel's PPPoE: one for each such line.

The Ethernet port stays without an address; what carries IP is an interface of pppd's own, which is there
exactly as long as the session. Routes are ours: pppd is told not to lay any. What the session gives goes the
way of every lease (`leases`).

pppd ends unless geteuid(2) says that it is root, though nothing that it does here needs more than its two
capabilities: in its unit that is what geteuid says, and in truth it is a user of ours (docs/sandbox.md).
"""

from __future__ import annotations

from pathlib import Path

from appliance import paths
from appliance.engines.spec import ConfigFile, Directory, EngineSpec
from appliance.intent.model import Line
from appliance.secret import Secret
from appliance.text import Text

_USER = "sekisho-ppp"
_DIRECTORIES = (
    # As dhcpcd's, see there; and what root writes and its user reads.
    Directory(paths.SESSIONS, 0o770, _USER, "root"),
    Directory(paths.SESSION_PASSWORDS, 0o2750, group=_USER),
)
UP = Path(__file__).with_name("ppp-up.sh")
DOWN = Path(__file__).with_name("ppp-down.sh")

ECHO_EVERY = 5
ECHOES = 3
"""Seconds between two questions to a peer from whom nothing comes, and how many may stay unanswered (RFC 1661 5.8)."""
HOLD_OFF = 5
"""Seconds between a session's end and the next try."""


def render(line: Line) -> str:
    """pppd(8), an options file."""
    return f"""\
# Written by Sekisho; what is changed here by hand is overwritten.
plugin pppoe.so
nic-{line.port}
pppoe-padi-attempts 3
pppoe-padi-timeout 2
ifname {line.interface}
user {_quoted(line.user)}
hide-password
noauth
noipdefault
noipv6
nodefaultroute
usepeerdns
mtu {line.mtu}
mru {line.mtu}
noaccomp
nopcomp
noccp
novj
lcp-echo-adaptive
lcp-echo-interval {ECHO_EVERY}
lcp-echo-failure {ECHOES}
persist
maxfail 0
holdoff {HOLD_OFF}
nodetach
ipparam {paths.SESSIONS / f"{line.interface}.json"}
ip-up-script {UP}
ip-down-script {DOWN}
"""


def log_file(line: Line) -> Path:
    """Where pppd says how it fares."""
    return paths.RUN / "log" / f"{_name(line)}.log"


def pppd_spec(line: Line, password: Secret) -> EngineSpec:
    """The password has a file of its own, which nobody else reads."""
    options = paths.ENGINES / f"{_name(line)}.conf"
    secret = paths.SESSION_PASSWORDS / f"{line.name}.conf"
    return EngineSpec(
        name=_name(line),
        title=Text("回線への PPPoE 接続（pppd）", "the PPPoE session on the line (pppd)"),
        argv=("pppd", "file", str(options), "file", str(secret)),
        files=(
            ConfigFile(options, render(line), read_again=False),
            ConfigFile(secret, f"password {_quoted(password.get_secret_value())}\n", mode=0o640, read_again=False),
        ),
        directories=_DIRECTORIES,
        user=_USER,
        capabilities=("net_admin", "net_raw"),
        insists_on_root=True,
        line=line.name,
        leavings=(paths.SESSIONS / f"{line.interface}.json",),
    )


def _name(line: Line) -> str:
    return f"pppd-{line.name}"


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
