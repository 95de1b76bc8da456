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
    """resolvers: the line's, for the names of servers on the internet.

    owns_clock: False where this machine may not set the clock (a container); then chrony only tells the LAN.
    """
    files = [ConfigFile(CONFIG, render(intent), read_again=False)]
    asks_names = bool(intent.time.ntp or intent.time.nts)
    if asks_names:
        told = "".join(f"nameserver {server}\n" for server in resolvers)
        files.append(ConfigFile(RESOLVERS, told, read_again=False))
    return EngineSpec(
        name="chrony",
        title=Text("時刻合わせ（chrony）", "the time (chrony)"),
        # -U: it is not root from the beginning, and has what it needs.
        argv=("chronyd", "-U", *(() if owns_clock else ("-x",)), "-d", "-f", str(CONFIG)),
        files=tuple(files),
        directories=(
            Directory(paths.CHRONY, 0o750, TIME_USER),
            # chronyc(1) makes a socket for itself beside chronyd's.
            Directory(paths.RUN / "chrony", 0o770, TIME_USER),
        ),
        user=TIME_USER,
        capabilities=("net_bind_service", *(("sys_time",) if owns_clock else ())),
        resolvers=RESOLVERS if asks_names else None,
    )
