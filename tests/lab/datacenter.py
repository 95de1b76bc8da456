"""The data centers' side: two concentrators and the core between them and the engines.

A concentrator announces a clinic's inner address to the core while its BFD session with that
clinic is up (RFC 5880), so the core's way back changes together with the clinic's way there and
established TCP connections live on. Without the session it announces a last resort, which the
core takes only when nobody has better news: a clinic whose BFD speaker has died is not cut off.
Between them speaks BGP, not OSPF: BIRD calculates OSPF's routes once a second at best (option
`tick`), BGP's at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.lab import addresses, wireguard
from tests.lab.addresses import ConcentratorPlace
from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine
from tests.lab.outside import speak_ipv6, start_dns, start_time
from tests.lab.waiting import until

BFD_INTERVAL_MS = 20
BFD_MULTIPLIER = 12
WIREGUARD_INTERFACE = "wg0"
_BIRD_CONF = Path("/etc/bird.conf")
_BIRD_SOCKET = Path("/run/bird.ctl")
_PROMPTLY = 'chrt --rr --pid 1 $$ 2>/dev/null; exec "$0" "$@"'
"""Before everybody else who wants the processor, as docs/operator.md has it; where that is not allowed, like them."""
_TRUST = Path("/run/trust")

_BFD = f"interval {BFD_INTERVAL_MS} ms; multiplier {BFD_MULTIPLIER};"
_BACKBONE_BFD = "interval 50 ms; multiplier 4;"
"""The data centers' own wires lose nothing."""
_LAST_RESORT = f"({addresses.BACKBONE_AS}, 1)"
"""BGP community (RFC 1997) of a route that nobody watches."""
# Defaults wait 5 s before the first word and 60 s after an error.
_BGP = """\
template bgp backbone {
  local as %d;
  direct;
  hold time 9;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  bfd on;
}
"""

FORWARDING = f"""\
table inet concentrator {{
  chain forward {{
    type filter hook forward priority 0; policy drop;
    iifname {WIREGUARD_INTERFACE} oifname backbone accept
    iifname backbone oifname {WIREGUARD_INTERFACE} accept
  }}
}}
"""


def start_bird(machine: Machine, configuration: str) -> None:
    """Run BIRD with `configuration` until the machine ends."""
    machine.write(_BIRD_CONF, configuration)
    command = ("bird", "-f", "-c", _BIRD_CONF, "-s", _BIRD_SOCKET)
    machine.popen("sh", "-c", _PROMPTLY, *command, log=machine.log_dir / "bird.log")
    until(lambda: birdc(machine, "show", "status", check=False), f"BIRD on {machine.name}")


def birdc(machine: Machine, *command: str, check: bool = True) -> str:
    """What BIRD answers; empty when it does not and `check` is false."""
    return machine.run("birdc", "-s", _BIRD_SOCKET, *command, check=check).stdout


class Concentrator:
    """One VPN gateway. Its key stays the same over restarts of its machine; clinics are admitted by `admit`.

    speaks_ipv6: it is reached by both families.
    """

    def __init__(self, place: ConcentratorPlace, private_key: str, public_key: str, speaks_ipv6: bool = False) -> None:
        self.place = place
        self._speaks_ipv6 = speaks_ipv6
        self.private_key = private_key
        self.public_key = public_key
        self.clinics: list[wireguard.Clinic] = []
        self.machine: Machine | None = None

    def start(self, machine: Machine) -> None:
        """Bring up the service on a machine whose interfaces `internet` and `backbone` are plugged."""
        self.machine = machine
        machine.ip(
            f"address add {self.place.outside} dev internet\n"
            f"address add {self.place.backbone} dev backbone\n"
            f"route add {addresses.DATA_CENTER} via {addresses.CORE.ip}\n"
        )
        if self._speaks_ipv6:
            speak_ipv6(machine, self.place.outside6)
        machine.sysctl(net__ipv4__ip_forward=1)
        # A clinic's packets go to the engines and nowhere else, least of all to the internet.
        machine.run("nft", "-f", "-", input=FORWARDING)
        wireguard.create_interface(machine, WIREGUARD_INTERFACE)
        machine.ip(
            f"address add {self.place.inner}/32 dev {WIREGUARD_INTERFACE}\n"
            f"link set dev {WIREGUARD_INTERFACE} mtu 1394 up\n"
        )
        self._configure_tunnels(machine)
        start_bird(machine, self.bird_configuration())

    def admit(self, clinic: wireguard.Clinic) -> None:
        """Know a clinic (again): its tunnel may come up, and its address is announced, as a last resort without BFD."""
        self.clinics = [known for known in self.clinics if known.inner_address != clinic.inner_address] + [clinic]
        if self.machine is not None:
            self._configure_tunnels(self.machine)
            self.machine.write(_BIRD_CONF, self.bird_configuration())
            birdc(self.machine, "configure")

    def forget_handshakes(self) -> None:
        """Take every clinic's next handshake, whatever its time: a peer that is made anew has seen none (wg(8))."""
        if self.machine is not None:
            wireguard.configure(self.machine, WIREGUARD_INTERFACE, self.private_key, addresses.WIREGUARD_PORT, [])
            self._configure_tunnels(self.machine)

    def _configure_tunnels(self, machine: Machine) -> None:
        wireguard.configure(machine, WIREGUARD_INTERFACE, self.private_key, addresses.WIREGUARD_PORT, self.clinics)
        # BIRD takes a clinic for a direct neighbour only by a peer address (its `onlink` with `bfd` crashes 2.0.12).
        machine.ip(
            "".join(
                f"address replace {self.place.inner} peer {clinic.inner_address} dev {WIREGUARD_INTERFACE}\n"
                for clinic in self.clinics
            )
        )

    def bird_configuration(self) -> str:
        """For the clinics admitted so far."""
        routes = [f"  route {clinic.inner_address}/32 via {clinic.inner_address}" for clinic in self.clinics]
        watched = "".join(f"{route} bfd;\n" for route in routes)
        unwatched = "".join(f"{route};\n" for route in routes)
        return f"""\
router id {self.place.backbone.ip};
{_BGP % addresses.BACKBONE_AS}
protocol device {{ }}
protocol bfd {{
  interface "{WIREGUARD_INTERFACE}" {{ {_BFD} }};
  interface "backbone" {{ {_BACKBONE_BFD} }};
}}
protocol static clinics {{
  ipv4;
{watched}}}
protocol static last_resort {{
  ipv4 {{ preference 100; import filter {{ bgp_community.add({_LAST_RESORT}); accept; }}; }};
{unwatched}}}
protocol bgp core from backbone {{
  neighbor {addresses.CORE.ip} internal;
  ipv4 {{
    import none;
    export where source = RTS_STATIC;
    next hop self;
  }};
}}
"""


def start_core(machine: Machine) -> None:
    """The core router, with the data centers' own DNS; interfaces `backbone`, `dc1`, `dc2` are plugged."""
    own_addresses = [(addresses.CORE, "backbone"), (addresses.CENTER_DNS, "lo"), (addresses.MONITORING, "lo")]
    own_addresses += [(addresses.CENTER_NTP, "lo"), (addresses.MAINTAINER, "lo")]
    own_addresses += [(engine.gateway, engine.segment) for engine in addresses.ENGINES.values()]
    machine.ip("".join(f"address add {address} dev {interface}\n" for address, interface in own_addresses))
    machine.sysctl(net__ipv4__ip_forward=1)
    start_bird(machine, core_bird_configuration())
    start_time(machine, addresses.CENTER_NTP.ip)
    start_dns(
        machine,
        addresses.CENTER_DNS.ip,
        {
            addresses.RECEIPT_HOST: [engine.receipt.ip for engine in addresses.ENGINES.values()],
            addresses.RECEIPT_GATE_HOST: [engine.receipt_gate.ip for engine in addresses.ENGINES.values()],
            addresses.TRUST_HOST: [addresses.CENTER_DNS.ip],
            addresses.MEASURE_HOST: [addresses.CENTER_DNS.ip],
            addresses.BACKUP_HOST: [addresses.ENGINES["e1"].receipt.ip],
            addresses.RENEWAL_HOST: [addresses.ENGINES["e1"].receipt.ip],
        },
    )
    _serve_trust_lists(machine)
    place = (str(addresses.CENTER_DNS.ip), str(addresses.MEASURE_PORT), addresses.MEASURE_PATH)
    machine.popen(sys.executable, "-m", "tests.lab.measure", *place, cwd=PROJECT)


def publish_trust(core: Machine, signed: bytes) -> None:
    """Let everybody find this trust list from now on."""
    core.write(_TRUST / addresses.TRUST_PATH.lstrip("/"), signed)


def _serve_trust_lists(core: Machine) -> None:
    core.run("mkdir", "-p", _TRUST)
    place = ("--bind", str(addresses.CENTER_DNS.ip), "--directory", _TRUST)
    core.popen(sys.executable, "-m", "http.server", str(addresses.TRUST_PORT), *place)


def core_bird_configuration() -> str:
    """The core takes a clinic's address from the concentrator that is preferred and watches it."""
    concentrators = "".join(
        f"""\
protocol bgp {place.name} from backbone {{
  neighbor {place.backbone.ip} internal;
  passive;
  ipv4 {{
    import filter {{
      bgp_local_pref = {place.preference};
      if {_LAST_RESORT} ~ bgp_community then bgp_local_pref = {place.preference // 10};
      accept;
    }};
    export none;
  }};
}}
"""
        for place in addresses.CONCENTRATORS.values()
    )
    return f"""\
router id {addresses.CORE.ip};
{_BGP % addresses.BACKBONE_AS}
protocol device {{ }}
protocol bfd {{ interface "backbone" {{ {_BACKBONE_BFD} }}; }}
protocol kernel {{ ipv4 {{ export where source = RTS_BGP; }}; }}
{concentrators}"""


def concentrator_in_use(core: Machine) -> int:
    """The number of the concentrator by which the core reaches the clinic, 0 while there is none."""
    route = core.run("ip", "route", "show", f"{addresses.CLINIC_INNER}/32").stdout
    for number, place in addresses.CONCENTRATORS.items():
        if f"via {place.backbone.ip} " in route:
            return number
    return 0
