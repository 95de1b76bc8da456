"""What an earlier run of ours told the running daemons: read back, so that a restart need not tell them anew.

A line that is not as ours are has been told by nobody: it is told anew.
"""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

from appliance.engines import bird, dnsmasq
from appliance.intent.model import RouterIntent

_PROTOCOL = re.compile(
    r"^protocol static by_(\w+) \{\n    ipv4 \{\n        preference (\d{1,9});\n    \};\n"
    r"    route \S+ via \S+?( bfd)?(?: \{ krt_mtu = (\d{1,9}); \})?;",
    re.MULTILINE,
)


def answers(hosts: Path = dnsmasq.HOSTS) -> dict[str, tuple[IPv4Address, ...]]:
    """The inverse of `dnsmasq.render_hosts`; nothing when there is no such file yet."""
    told: dict[str, tuple[IPv4Address, ...]] = {}
    for line in _text(hosts).splitlines():
        with suppress(ValueError):
            address, name = line.split()
            told[name] = (*told.get(name, ()), IPv4Address(address))
    return told


def standings(intent: RouterIntent, config: Path = bird.CONFIG) -> dict[str, bird.Standing]:
    """By tunnel name; only the tunnels that BIRD knows already."""
    told = {
        protocol: bird.Standing(int(preference), bool(watch), int(mtu) if mtu else None)
        for protocol, preference, watch, mtu in _PROTOCOL.findall(_text(config))
    }
    names = {tunnel.name.replace("-", "_"): tunnel.name for tunnel in intent.tunnels}
    return {name: told[protocol] for protocol, name in names.items() if protocol in told}


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except FileNotFoundError:
        return ""
