"""dnsmasq: DHCP for the LAN, and DNS that knows the engines' proven addresses and nothing else.

It has no upstream resolver: what is not proven does not exist (NXDOMAIN), what is not ours is
refused, both at once, since the real client has no time-out. Names that servers inside the clinic
answer are asked there, and if nothing speaks IPv6 there, by way of a second dnsmasq, which also
serves the terminals that are switched to the internet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from signal import Signals

from appliance import paths
from appliance.engines.spec import BySignal, ConfigFile, Directory, EngineSpec
from appliance.intent.model import Lan, RouterIntent, Segment
from appliance.intent.names import OUTSIDE_NAMES_PORT
from appliance.text import Text

CONFIG = paths.ENGINES / "dnsmasq.conf"
HOSTS = paths.ENGINES / "dnsmasq.hosts"
FIXED = paths.ENGINES / "dnsmasq.fixed"
"""The terminals' addresses: apart from `CONFIG`, because only such a file is read again without a restart."""
OUTSIDE = paths.ENGINES / "dnsmasq-outside.conf"
RESOLVERS = paths.ENGINES / "dnsmasq-outside.resolv"
TTL = 5
"""Seconds a terminal may keep an answer: a lapsed proof must not live on in its cache."""

_USER = "dnsmasq"
_CAPABILITIES = ("net_admin", "net_bind_service", "net_raw")
"""Its ports, answers to machines that have no address yet, and the question whether an address is taken."""

_GROUND = (
    "# Written by Sekisho; what is changed here by hand is overwritten.",
    "pid-file=",
    "log-facility=-",
    "no-poll",
    "no-hosts",
    "cache-size=0",
)


def render(intent: RouterIntent) -> str:
    """dnsmasq(8) --conf-file."""
    lan = intent.lan
    router = f"{lan.router_name}.lan"
    names = sorted({service.host for service in intent.services})
    lines = [
        *_GROUND,
        # Not bind-interfaces: a port or its address may come after us.
        *(f"listen-address={segment.address.ip}" for segment in lan.segments),
        "bind-dynamic",
        "no-resolv",
        f"local-ttl={TTL}",
        f"addn-hosts={HOSTS}",
        *(f"local=/{name}/" for name in names),
        "local=/lan/",
        f"host-record={router},{lan.address.ip}",
        *(line for name in intent.page_names for line in (f"local=/{name}/", f"host-record={name},{lan.address.ip}")),
        *(f"server=/{domain}/{server}" for domain, server in _forwards(intent)),
        *_dhcp(lan),
    ]
    return "\n".join(lines) + "\n"


def render_outside(intent: RouterIntent) -> str:
    """dnsmasq(8) --conf-file of the second one, which tells no IPv6 addresses."""
    names = sorted({service.host for service in intent.services})
    lines = [
        *_GROUND,
        "listen-address=127.0.0.1",
        *(f"listen-address={segment.address.ip}" for segment in intent.lan.segments),
        "bind-dynamic",
        f"port={OUTSIDE_NAMES_PORT}",
        # Dead ends of ours: nothing there speaks IPv6, and a client would try it first and wait.
        "filter-AAAA",
        f"resolv-file={RESOLVERS}" if intent.lan.internet_hosts else "no-resolv",
        # Whoever is on the internet does not learn where the engines are.
        *(f"local=/{name}/" for name in names),
        "local=/lan/",
        *(
            f"server=/{domain}/{server}"
            for forward in intent.lan.forwards
            if not forward.ipv6
            for domain in forward.domains
            for server in forward.servers
        ),
    ]
    return "\n".join(lines) + "\n"


def needs_outside(intent: RouterIntent) -> bool:
    """Whether there are names to tell without their IPv6 addresses (``filter-AAAA`` knows no exception)."""
    return bool(intent.lan.internet_hosts) or any(not forward.ipv6 for forward in intent.lan.forwards)


def _forwards(intent: RouterIntent) -> Iterator[tuple[str, str]]:
    for forward in intent.lan.forwards:
        servers = tuple(map(str, forward.servers)) if forward.ipv6 else (f"127.0.0.1#{OUTSIDE_NAMES_PORT}",)
        yield from ((domain, server) for domain in forward.domains for server in servers)


def _dhcp(lan: Lan) -> list[str]:
    served = [segment for segment in lan.segments if segment.dhcp]
    if not served:
        return []
    return [
        "dhcp-authoritative",
        f"dhcp-leasefile={paths.DHCP_LEASES}",
        # A machine on the LAN does not choose a name in our DNS.
        "dhcp-ignore-names",
        "domain=lan",
        f"dhcp-hostsfile={FIXED}",
        *(line for segment in served for line in _range(segment)),
    ]


def _range(segment: Segment) -> Iterator[str]:
    given, own = segment.dhcp, segment.address
    if given is None:
        return
    yield f"dhcp-range=set:{segment.name},{given.first},{given.last},{own.netmask},{given.lease_minutes}m"
    for option in ("router", "dns-server", "ntp-server"):
        yield f"dhcp-option=tag:{segment.name},option:{option},{own.ip}"
    if segment.behind:
        # Where a client knows the inner router itself (RFC 3442), which then needs the default route here too.
        ways = "".join(f"{behind.network},{behind.via}," for behind in segment.behind)
        yield f"dhcp-option=tag:{segment.name},option:classless-static-route,{ways}0.0.0.0/0,{own.ip}"


def render_fixed(lan: Lan) -> str:
    """dnsmasq(8) --dhcp-hostsfile: one machine a line."""
    return "".join(
        f"{host.mac},{host.address},{host.name},{segment.dhcp.lease_minutes}m\n"
        for host in sorted(lan.hosts, key=lambda host: host.address)
        for segment in lan.segments
        if segment.dhcp and host.address in segment.address.network
    )


def render_hosts(answers: Mapping[str, Sequence[IPv4Address]]) -> str:
    """hosts(5) from name → proven addresses."""
    lines = [f"{address} {name}\n" for name in sorted(answers) for address in sorted(set(answers[name]))]
    return "".join(lines)


def dnsmasq_spec(intent: RouterIntent, answers: Mapping[str, Sequence[IPv4Address]]) -> EngineSpec:
    """answers: only names of our services are told."""
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
        directories=(Directory(paths.DHCP_LEASES.parent, 0o770, _USER, "root"),),
        user=_USER,
        capabilities=_CAPABILITIES,
        reload=BySignal(Signals.SIGHUP),
    )


def dnsmasq_outside_spec(intent: RouterIntent, resolvers: Sequence[IPv4Address | IPv6Address]) -> EngineSpec:
    """resolvers: the line's, for terminals that are switched to the internet."""
    told = "".join(f"nameserver {server}\n" for server in resolvers) if intent.lan.internet_hosts else ""
    return EngineSpec(
        name="dnsmasq-outside",
        title=Text("院外の名前の案内（dnsmasq）", "names from elsewhere for the LAN (dnsmasq)"),
        argv=("dnsmasq", "--keep-in-foreground", f"--conf-file={OUTSIDE}"),
        files=(ConfigFile(OUTSIDE, render_outside(intent), read_again=False), ConfigFile(RESOLVERS, told)),
        user=_USER,
        capabilities=_CAPABILITIES,
        reload=BySignal(Signals.SIGHUP),
    )
