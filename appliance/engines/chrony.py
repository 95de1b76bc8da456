"""chrony: the router's clock by NTP and NTS, and the time for the LAN (chrony.conf(5))."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from appliance import paths
from appliance.engines.spec import ConfigFile, Directory, EngineSpec
from appliance.intent.model import RouterIntent
from appliance.intent.names import TIME_USER
from appliance.text import Text

CONFIG = paths.ENGINES / "chrony.conf"
RESOLVERS = paths.ENGINES / "chrony.resolv"
STEP = 600
"""Seconds. A smaller error is mended by going slower or faster (an hour for five minutes): a clock that jumps back
makes each concentrator refuse our handshakes until it has caught up (WireGuard's TAI64N), and the clock floor may
have put it some minutes ahead."""

_NAMES_BY_OUR_OWN_RESOLVERS = 'mount --bind "$0" /etc/resolv.conf && exec chronyd "$@"'
"""chrony asks the C library for names, which knows no other place; nobody else on the router shall be changed."""


def render(intent: RouterIntent) -> str:
    """chrony.conf(5)."""
    time = intent.time
    lines = [
        "# Written by Sekisho; what is changed here by hand is overwritten.",
        f"user {TIME_USER}",
        f"driftfile {paths.CHRONY}/drift",
        *(f"server {server} iburst minpoll 5" for server in time.inside),
        *(f"server {server} iburst" for server in time.ntp),
        *(f"server {server} iburst nts" for server in time.nts),
        # A clock that is far behind must not keep the certificate from being believed that would mend it.
        *(("nocerttimecheck 1", f"ntsdumpdir {paths.CHRONY}") if time.nts else ()),
        f"makestep {STEP} 3",
        "rtcsync",
        *(f"allow {network}" for network in intent.lan.networks),
        "cmdport 0",
        f"bindcmdaddress {paths.RUN}/chrony/control.sock",
        f"pidfile {paths.RUN}/chrony/chronyd.pid",
    ]
    return "\n".join(lines) + "\n"


def chrony_spec(
    intent: RouterIntent, resolvers: Sequence[IPv4Address | IPv6Address], *, owns_clock: bool
) -> EngineSpec:
    """chronyd gives root up by itself. resolvers: the line's, for the names of servers on the internet.

    owns_clock: False where this machine may not set the clock (a container); then chrony only tells the LAN.
    """
    argv = ["-d", "-f", str(CONFIG)]
    if not owns_clock:
        argv.insert(0, "-x")
    files = [ConfigFile(CONFIG, render(intent), read_again=False)]
    if intent.time.ntp or intent.time.nts:
        argv = ["unshare", "--mount", "sh", "-c", _NAMES_BY_OUR_OWN_RESOLVERS, str(RESOLVERS), *argv]
        told = "".join(f"nameserver {server}\n" for server in resolvers)
        files.append(ConfigFile(RESOLVERS, told, read_again=False))
    else:
        argv.insert(0, "chronyd")
    return EngineSpec(
        name="chrony",
        title=Text("時刻合わせ（chrony）", "the time (chrony)"),
        argv=tuple(argv),
        files=tuple(files),
        directories=(
            Directory(paths.CHRONY, 0o750, TIME_USER),
            Directory(paths.RUN / "chrony", 0o750, TIME_USER),
        ),
    )
