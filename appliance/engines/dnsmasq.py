"""dnsmasq: DHCP for the LAN, and DNS that knows the engines' proven addresses and nothing else.

There is no upstream resolver at all: what is not proven does not exist (NXDOMAIN), what is not
ours is refused, both at once, since the real client has no time-out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from signal import Signals

from appliance import paths
from appliance.engines.spec import BySignal, ConfigFile, Directory, EngineSpec
from appliance.intent.model import Lan, RouterIntent
from appliance.text import Text

CONFIG = paths.ENGINES / "dnsmasq.conf"
HOSTS = paths.ENGINES / "dnsmasq.hosts"
FIXED = paths.ENGINES / "dnsmasq.fixed"
"""The terminals' addresses: apart from `CONFIG`, because only such a file is read again without a restart."""
TTL = 5
"""Seconds a terminal may keep an answer: a lapsed proof must not live on in its cache."""


def render(intent: RouterIntent) -> str:
    """dnsmasq(8) --conf-file."""
    lan = intent.lan
    router = f"{lan.router_name}.lan"
    names = sorted({service.host for service in intent.services})
    lines = [
        "# Written by Sekisho; what is changed here by hand is overwritten.",
        # Not bind-interfaces: the LAN port or its address may come after us.
        f"listen-address={lan.address.ip}",
        "bind-dynamic",
        "user=dnsmasq",
        "group=nogroup",
        "pid-file=",
        "log-facility=-",
        "no-resolv",
        "no-poll",
        "no-hosts",
        "cache-size=0",
        f"local-ttl={TTL}",
        f"addn-hosts={HOSTS}",
        *(f"local=/{name}/" for name in names),
        "local=/lan/",
        f"host-record={router},{lan.address.ip}",
        *_dhcp(lan),
    ]
    return "\n".join(lines) + "\n"


def _dhcp(lan: Lan) -> list[str]:
    if lan.dhcp_first is None or lan.dhcp_last is None:
        return []
    return [
        f"dhcp-range={lan.dhcp_first},{lan.dhcp_last},{lan.address.netmask},{lan.lease_hours}h",
        "dhcp-authoritative",
        f"dhcp-leasefile={paths.DHCP_LEASES}",
        # A machine on the LAN does not choose a name in our DNS.
        "dhcp-ignore-names",
        "domain=lan",
        f"dhcp-option=option:router,{lan.address.ip}",
        f"dhcp-option=option:dns-server,{lan.address.ip}",
        f"dhcp-hostsfile={FIXED}",
        f"dhcp-option=option:ntp-server,{lan.address.ip}",
    ]


def render_fixed(lan: Lan) -> str:
    """dnsmasq(8) --dhcp-hostsfile: one machine a line."""
    hosts = sorted(lan.hosts, key=lambda host: host.address) if lan.dhcp_first else ()
    return "".join(f"{host.mac},{host.address},{host.name},{lan.lease_hours}h\n" for host in hosts)


def render_hosts(answers: Mapping[str, Sequence[IPv4Address]]) -> str:
    """hosts(5) from name → proven addresses."""
    lines = [f"{address} {name}\n" for name in sorted(answers) for address in sorted(set(answers[name]))]
    return "".join(lines)


def dnsmasq_spec(intent: RouterIntent, answers: Mapping[str, Sequence[IPv4Address]]) -> EngineSpec:
    """dnsmasq gives root up by itself. answers: only names of our services are told."""
    own = {service.host for service in intent.services}
    hosts = render_hosts({name: addresses for name, addresses in answers.items() if name in own})
    return EngineSpec(
        name="dnsmasq",
        title=Text("院内の名前とアドレスの案内（dnsmasq）", "names and addresses for the LAN (dnsmasq)"),
        argv=("dnsmasq", "--keep-in-foreground", f"--conf-file={CONFIG}"),
        files=(
            ConfigFile(CONFIG, render(intent), read_again=False),
            ConfigFile(HOSTS, hosts),
            ConfigFile(FIXED, render_fixed(intent.lan)),
        ),
        directories=(Directory(paths.DHCP_LEASES.parent, 0o700),),
        reload=BySignal(Signals.SIGHUP),
    )
