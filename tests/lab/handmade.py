"""A router made by hand with Debian's own tools: the world can be tried without the product."""

from __future__ import annotations

from tests.lab import addresses, datacenter, terminal, wireguard
from tests.lab.waiting import until
from tests.lab.world import World


class HandmadeRouter:
    """What a person would type on the router to get a clinic through: no proof, no lights, nothing closed."""

    def __init__(self, world: World) -> None:
        self.machine = world.machines["router"]
        private_key, public_key = wireguard.create_key(self.machine)
        preshared_key = self.machine.run("wg", "genpsk").stdout.strip()
        for concentrator in world.concentrators.values():
            concentrator.admit(wireguard.Clinic(public_key, preshared_key, addresses.CLINIC_INNER))
        self.machine.ip(
            f"address add {addresses.ROUTER_LAN} dev lan0\n"
            f"rule add priority 5100 to {addresses.DATA_CENTER} lookup 51\n"
            f"route add table 51 unreachable {addresses.DATA_CENTER} metric 4294967295\n"
        )
        terminal.start_client(self.machine, "wan0")
        self.machine.sysctl(net__ipv4__ip_forward=1)
        for concentrator in world.concentrators.values():
            place = concentrator.place
            interface = f"sk-{place.name}"
            wireguard.create_interface(self.machine, interface)
            self.machine.run(
                *("wg", "setconf", interface, "/dev/stdin"),
                input=f"[Interface]\nPrivateKey = {private_key}\n[Peer]\nPublicKey = {concentrator.public_key}\n"
                f"PresharedKey = {preshared_key}\nAllowedIPs = {addresses.DATA_CENTER}\nPersistentKeepalive = 15\n"
                f"Endpoint = {place.outside.ip}:{addresses.WIREGUARD_PORT}\n",
            )
            self.machine.ip(
                f"link set dev {interface} mtu 1394 up\n"
                f"address add {addresses.CLINIC_INNER} peer {place.inner} dev {interface}\n"
                # BFD's own packets follow the rule to table 51, too.
                f"route add table 51 {place.inner} dev {interface} src {addresses.CLINIC_INNER}\n"
            )
        self.machine.run(
            *("nft", "-f", "-"),
            input="table ip handmade { chain postrouting { type nat hook postrouting priority srcnat; "
            f'oifname "sk-*" snat to {addresses.CLINIC_INNER}; }}; }}\n',
        )
        datacenter.start_bird(self.machine, self._bird())
        self.machine.popen(
            *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-hosts", "--no-resolv"),
            *("--interface=lan0", "--bind-interfaces", "--dhcp-authoritative", "--dhcp-leasefile=/run/leases"),
            f"--server={addresses.CENTER_DNS.ip}",
            f"--dhcp-range={addresses.DHCP_FIRST},{addresses.DHCP_LAST},{addresses.LAN.netmask},1h",
            *(f"--dhcp-host={place.mac},{place.address.ip}" for place in addresses.TERMINALS.values()),
        )
        until(
            lambda: self.carrying() == "sk-dc1" and world.concentrator_in_use() == 1,
            "the first tunnel carries both ways",
        )

    def _bird(self) -> str:
        bfd = f"interval {datacenter.BFD_INTERVAL_MS} ms; multiplier {datacenter.BFD_MULTIPLIER};"
        routes = "".join(
            f"""
protocol static {place.name} {{
  ipv4 {{ table tunnels; preference {place.preference}; }};
  route {addresses.DATA_CENTER} via {place.inner} bfd {{ krt_prefsrc = {addresses.CLINIC_INNER}; }};
}}
"""
            for place in addresses.CONCENTRATORS.values()
        )
        return f"""
router id {addresses.CLINIC_INNER};
ipv4 table tunnels;
protocol device {{ }}
protocol bfd {{ interface "sk-dc1" {{ {bfd} }}; interface "sk-dc2" {{ {bfd} }}; }}
protocol kernel {{ ipv4 {{ table tunnels; export all; }}; kernel table 51; metric 32; }}
{routes}"""

    def carrying(self) -> str:
        """The interface to the engines, empty while there is none."""
        route = self.machine.run(
            "ip", "route", "show", "table", "51", str(addresses.DATA_CENTER), "proto", "bird"
        ).stdout
        return route.split("dev ")[1].split()[0] if "dev " in route else ""
