"""The whole world: who stands where, and what can happen to it.

with World(directory) as world: builds everything but the appliance; nothing of the product
runs until `prepare_clinic` and `start_appliance`. Leaving the block removes every trace but
the files in `directory`, which belongs to the caller and must lie on a disk.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from ipaddress import IPv4Interface
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import addresses, datacenter, outside, terminal, wireguard
from tests.lab.client import Dialer, ReceiptClient
from tests.lab.datacenter import Concentrator
from tests.lab.desk import Account, Desk
from tests.lab.enginehost import EngineHost
from tests.lab.lines import AccessLine, Login
from tests.lab.lines.upper import UpperRouter
from tests.lab.machine import Machine
from tests.lab.pki import EngineCertificate, Pki
from tests.lab.relay import Relay
from tests.lab.router import Router, site
from tests.lab.wires import Cabinet, Direction, Link

_SEGMENTS = {
    "reception": {"eth0": "lan"},
    "doctor": {"eth0": "lan"},
    "lan-attacker": {"eth0": "lan"},
    "router": {"lan0": "lan"},
    "internet": {"internet": "internet"},
    "vendor": {"eth0": "internet"},
    "attacker": {"eth0": "internet"},
    "conc1": {"internet": "internet", "backbone": "backbone"},
    "conc2": {"internet": "internet", "backbone": "backbone"},
    "core": {"backbone": "backbone", "dc1": "dc1", "dc2": "dc2"},
    "e1": {"eth0": "dc1"},
    "e2": {"eth0": "dc2"},
}
"""The cables that every world has; its access lines add theirs."""

ROLES = tuple(_SEGMENTS)

CLINIC = ("reception", "doctor", "lan-attacker", "router")
BEYOND_THE_LINE = tuple(role for role in ROLES if role not in CLINIC)
"""What remains of the world when the clinic and its router are machines elsewhere."""

_MACS = {
    ("router", "lan0"): addresses.ROUTER_LAN_MAC,
    ("router", "wan0"): addresses.ROUTER_WAN_MAC,
    **{(name, terminal.INTERFACE): place.mac for name, place in addresses.TERMINALS.items()},
}


class World:
    """See the module. `machines` by role, `links` by role and interface. roles: which of `ROLES` there are.

    owns_clock: the router may set the clock, for all of them: only where the kernel is the test's own."""

    def __init__(
        self,
        directory: Path,
        roles: Sequence[str] = ROLES,
        lines: Sequence[AccessLine] = (UpperRouter(),),
        owns_clock: bool = False,
    ) -> None:
        self.directory = directory
        self.lines = lines
        self._owns_clock = owns_clock
        self._cabling = {role: dict(_SEGMENTS[role]) for role in roles}
        for line in lines:
            self._cabling |= {role: dict(cables) for role, cables in line.cabling.items()}
            if "router" in roles:
                self._cabling["router"][line.place.port] = line.place.segment
        ports = ((role, interface) for role, cables in self._cabling.items() for interface in cables)
        # Fixed, so that a machine that comes back is the same to its neighbours.
        self._macs = {port: f"02:00:00:00:03:{number:02x}" for number, port in enumerate(ports)} | _MACS
        self._is_ipv6_at_home = any(line.speaks_ipv6 for line in lines)
        self._speaks_ipv6 = {*CLINIC, *(role for line in lines if line.speaks_ipv6 for role in line.cabling)}
        if self._is_ipv6_at_home:
            self._speaks_ipv6 |= {"internet", *(f"conc{number}" for number in addresses.CONCENTRATORS)}
        self.machines: dict[str, Machine] = {}
        self.links: dict[tuple[str, str], Link] = {}
        self.concentrators: dict[int, Concentrator] = {}
        self.pki = Pki()
        self.pki_directory = directory / "pki"
        self.engines: dict[str, EngineHost] = {}
        self._starts = 0
        self._on_close = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if not self.machines:
            self.build()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Switch everything off."""
        self._on_close.close()

    # ---- building -------------------------------------------------------------------------------

    def build(self) -> None:
        """Build everything, once; entering the ``with`` block does it if nobody has."""
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self) -> None:
        self.pki.write(self.pki_directory)
        self.cabinet = Cabinet(self.directory / "cabinet", hubs={"internet"})
        self._on_close.callback(self.cabinet.close)
        for role in self._cabling:
            self._place(role)
        outside.start_internet(self.machines["internet"], self._is_ipv6_at_home)
        for line in self.lines:
            line.start(self.machines)
        datacenter.start_core(self.machines["core"])
        for number, place in addresses.CONCENTRATORS.items():
            machine = self.machines[f"conc{number}"]
            self.concentrators[number] = Concentrator(place, *wireguard.create_key(machine), self._is_ipv6_at_home)
            self.concentrators[number].start(machine)
        for name, engine in addresses.ENGINES.items():
            self._host(name, engine.receipt, engine.receipt_gate, gateway=engine.gateway)
            host = EngineHost(self.machines[name], [engine.receipt.ip, engine.receipt_gate.ip], self.pki)
            host.show(EngineCertificate.GOOD)
            self.engines[name] = host
        self._host("vendor", addresses.VENDOR)
        self._host("attacker", addresses.INTERNET_ATTACKER)
        if "lan-attacker" in self.machines:
            self._host("lan-attacker", addresses.LAN_ATTACKER, gateway=addresses.ROUTER_LAN)
        for host in self.engines.values():
            host.wait_until_serving()

    def _place(self, role: str, former: Machine | None = None) -> Machine:
        """Switch on a machine and plug its cables. former: the same machine, before it lost its power."""
        self._starts += 1
        machine = Machine(
            role,
            self.directory / f"{self._starts:02}-{role}",
            owns_clock=role == "router" and self._owns_clock,
            former=former.directory if former else None,
        )
        self._on_close.callback(machine.close)
        self.machines[role] = machine
        if role not in self._speaks_ipv6:
            machine.sysctl(net__ipv6__conf__default__disable_ipv6=1)
        for interface in self._cabling[role]:
            self.plug(role, interface)
        return machine

    def plug(self, role: str, interface: str) -> None:
        """Give a machine its interface, with the cable to where it belongs."""
        segment, mac = self._cabling[role][interface], self._macs[role, interface]
        self.links[role, interface] = self.cabinet.plug(self.machines[role], interface, segment, mac)

    def add(self, role: str, cabling: dict[str, str]) -> Machine:
        """One more machine; cabling: interface → segment."""
        for interface, segment in cabling.items():
            self.lay(role, interface, segment)
        return self._place(role)

    def lay(self, role: str, interface: str, segment: str) -> None:
        """One more network card for `role`; `plug` gives it to a machine that runs."""
        self._cabling.setdefault(role, {})[interface] = segment
        self._macs[role, interface] = f"02:00:00:00:04:{len(self._macs):02x}"

    def mac(self, role: str, interface: str) -> str:
        return self._macs[role, interface]

    def pull_out(self, role: str, interface: str) -> None:
        """Take a network card out of a running machine, as a USB device is pulled; `plug` puts it back."""
        self.links.pop((role, interface)).remove()

    def _host(self, role: str, *own: IPv4Interface, gateway: IPv4Interface | None = None) -> None:
        commands = [f"address add {address} dev eth0" for address in own]
        if gateway is not None:
            commands.append(f"route add default via {gateway.ip}")
        self.machines[role].ip("\n".join(commands) + "\n")

    # ---- what can happen --------------------------------------------------------------------------

    def stop_concentrator(self, number: int) -> None:
        """Cut the power of concentrator 1 or 2: no farewell to anybody, its links are silent."""
        role = f"conc{number}"
        for interface in self._cabling[role]:
            self.pull_out(role, interface)
        self.machines.pop(role).close()

    def start_concentrator(self, number: int) -> None:
        """Switch a stopped concentrator on again; it still knows its key and its clinics."""
        self.concentrators[number].start(self._place(f"conc{number}"))

    def cut_router_power(self) -> None:
        """Nothing of the router goes on, and nobody is told; its disk stays."""
        for interface in self._cabling["router"]:
            self.pull_out("router", interface)
        self.machines["router"].close()

    def restore_router_power(self) -> None:
        """The router boots, as far as the closed table that its init loads first; then `router.run` starts Sekisho."""
        self.router = Router(self._place("router", former=self.machines["router"]))

    def cut_tunnel(self, number: int) -> None:
        """Lose the packets of one tunnel on the internet, in silence and in both directions."""
        link = self.links[f"conc{number}", "internet"]
        link.cut(Direction.TO_MACHINE, match=f"udp dport {addresses.WIREGUARD_PORT}")
        link.cut(Direction.FROM_MACHINE, match=f"udp sport {addresses.WIREGUARD_PORT}")

    def mend_tunnel(self, number: int) -> None:
        self.links[f"conc{number}", "internet"].mend()

    def set_engine_certificate(self, engine: str, kind: EngineCertificate) -> None:
        """Let engine ``e1`` or ``e2`` show another certificate; only its server restarts."""
        self.engines[engine].show(kind)
        self.engines[engine].wait_until_serving()

    # ---- the clinic ---------------------------------------------------------------------------------

    def prepare_clinic(self) -> tuple[Path, str]:
        """Issue the clinic's account, admit the clinic at the data centers, write the router's settings.

        Returns the account's file and its activation code.
        """
        self.issue_account()
        self.router = Router(self.machines["router"])
        self._forget_what_was_heard()
        self.router.configure(self.desk.public_keys.read_text(), site(self.lines))
        return self.account.file, self.account.code

    def _forget_what_was_heard(self) -> None:
        """A router that boots is closed before its ports hear anything; this one's kernel may have followed a line."""
        router = self.machines["router"]
        shown = json.loads(router.run("ip", "-6", "-json", "address", "show", "scope", "global").stdout)
        ports = [entry["ifname"] for entry in shown if any(info.get("dynamic") for info in entry.get("addr_info", []))]
        router.ip("".join(f"link set {port} down\nlink set {port} up\n" for port in ports))

    def issue_account(self, key: Path | None = None) -> None:
        """Issue the clinic's first account, and admit the clinic at the data centers. key: see `Desk`."""
        self.desk = Desk(self.directory / "desk", self.pki_directory, self.pki.pins, key)
        self.account = self.desk.issue(self.concentrators.values())
        self.admit(self.account)

    def admit(self, account: Account) -> None:
        """Tell the concentrators about the clinic, as the desk's file for them says."""
        for concentrator in self.concentrators.values():
            concentrator.admit(account.clinics[concentrator.place.name])

    def start_appliance(self) -> None:
        """Start Sekisho on the prepared router, import the account, type in the lines' passwords, apply."""
        self.router.run()
        self.router.import_account(self.account)
        for line in self.lines:
            if isinstance(line, Login):
                self.router.log_in(line.place.table, line.password)
        self.router.apply()

    def stop_appliance(self) -> None:
        self.router.stop()

    def kill_appliance(self) -> None:
        self.router.kill()

    def lease_terminals(self) -> None:
        """Let both terminals get their addresses from the router's DHCP server."""
        for name in addresses.TERMINALS:
            terminal.start_client(self.machines[name])
        for name, place in addresses.TERMINALS.items():
            terminal.wait_for_lease(self.machines[name], place)

    def fix_terminals(self) -> None:
        """Type in the terminals' addresses, where no router serves DHCP."""
        for name, place in addresses.TERMINALS.items():
            terminal.fix(self.machines[name], place)

    def client(self, role: str = "reception", host: str = addresses.RECEIPT_HOST) -> ReceiptClient:
        """The receipt client on a terminal, with that terminal's certificate."""
        files = self.pki_directory
        return ReceiptClient(
            Dialer(self.machines[role]),
            host,
            addresses.ENGINE_PORT,
            files / "engine-ca.pem",
            files / f"{role}.pem",
            files / f"{role}.key",
        )

    # ---- looking at it ------------------------------------------------------------------------------

    def concentrator_in_use(self) -> int:
        """The concentrator by which the core reaches the clinic now, 0 while there is none."""
        return datacenter.concentrator_in_use(self.machines["core"])

    def relay(self, machine: str, address: str, port: int) -> int:
        """A port on this host's 127.0.0.1 that leads to (address, port) as seen from `machine`."""
        relay = Relay(self.machines[machine], address, port)
        self._on_close.callback(relay.close)
        return relay.port
