"""A small clinic on the real kernel, for the firewall alone: what `compile` wants is laid down with ip(8) and nft(8).

The tunnels are plain cables here: the table knows a tunnel by its interface only. Whoever fills
sets at run time (prover, resolver, DHCP client) is played by the test.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from appliance.intent import names
from appliance.intent.compile import compile
from appliance.intent.model import RouterIntent
from appliance.kernel.nft import render, trial
from appliance.kernel.nft.fast_path import fitting
from tests.builders import lab_account, lab_site, static_wan
from tests.lab.machine import Machine
from tests.lab.wires import Cabinet

ENGINE, GATE_ENGINE, UNPROVEN = "203.0.113.17", "203.0.113.18", "203.0.113.19"
CENTER_DNS, MONITORING = "203.0.113.5", "203.0.113.6"
RESOLVER, PUBLIC_WEB, CONCENTRATOR = "198.51.100.53", "198.51.100.80", "198.51.100.11"
ROUTER, INNER = "192.0.2.1", "203.0.113.129"
PATIENCE = 8.0
"""Seconds until a test gives up waiting for something that must come; `SILENCE` for what must not."""
SILENCE = 0.7


@dataclass(slots=True)
class Clinic:
    router: Machine
    terminal: Machine
    stranger: Machine
    line: Machine
    center: Machine
    intent: RouterIntent

    # ---- what the daemon would do at run time ---------------------------------------------------

    def prove(self, address: str, *, gate: bool = False, seconds: int = 600) -> None:
        element = f"{address} . 443 timeout {seconds}s"
        if gate:
            port = self.intent.services[1].gate_port
            self._element("add", names.GATE_VERIFIED, element)
            self._element("add", names.GATE_OPEN, f"{element} : {port}")
        else:
            self._element("add", names.ENGINE_VERIFIED, element)

    def lapse(self, address: str, *, gate: bool = False) -> None:
        self._element("delete", names.GATE_VERIFIED if gate else names.ENGINE_VERIFIED, f"{address} . 443")

    def is_proven(self, address: str) -> bool:
        listing = self.router.run("nft", "-j", "list", "set", "inet", names.TABLE, names.ENGINE_VERIFIED).stdout
        return address in listing

    def _element(self, verb: str, set_name: str, element: str) -> None:
        self.router.run("nft", verb, "element", "inet", names.TABLE, set_name, f"{{ {element} }}")

    def carry_by(self, interface: str | None) -> None:
        """What BIRD does: the data center's route by one tunnel, or none."""
        for prefix in {prefix for tunnel in self.intent.tunnels for prefix in tunnel.allowed_prefixes}:
            if interface is None:
                self.router.run("ip", "route", "del", f"{prefix}", "table", "51", "metric", "32", check=False)
            else:
                peer = next(tunnel.peer_address for tunnel in self.intent.tunnels if tunnel.interface == interface)
                hop = ("via", str(peer), "dev", interface, "src", INNER, "metric", "32")
                self.router.run("ip", "route", "replace", f"{prefix}", *hop, "table", "51")

    def forget(self) -> None:
        """Back to a router on which nothing is proven and nothing is connected."""
        for name in (names.ENGINE_VERIFIED, names.GATE_VERIFIED, names.STRANGERS):
            self.router.run("nft", "flush", "set", "inet", names.TABLE, name)
        self.router.run("nft", "flush", "map", "inet", names.TABLE, names.GATE_OPEN)
        self.router.run("conntrack", "-F")
        self.carry_by("sk-dc1")

    def counted(self, counter: str) -> int:
        """Packets."""
        listing = self.router.run("nft", "-j", "list", "counter", "inet", names.TABLE, counter).stdout
        return next(int(entry["counter"]["packets"]) for entry in json.loads(listing)["nftables"] if "counter" in entry)


def outcome(machine: Machine, address: str, port: int, patience: float = PATIENCE) -> str:
    """What a program on `machine` sees when it connects: open, refused, unreachable or silence."""
    return try_to_connect(machine.socket(), address, port, patience)


def try_to_connect(connection: socket.socket, address: str, port: int, patience: float = PATIENCE) -> str:
    with connection:
        connection.settimeout(patience)
        try:
            connection.connect((address, port))
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "silence"
        except OSError:
            return "unreachable"
        return "open"


def says(connection: socket.socket, word: bytes = b"receipt") -> str:
    """Send and wait for the echo: echo, reset, closed or silence."""
    try:
        connection.sendall(word)
        received = connection.recv(100)
    except ConnectionError:
        return "reset"
    except TimeoutError:
        return "silence"
    return "echo" if received == word else "closed"


def asks(
    machine: Machine, address: str, port: int, patience: float = PATIENCE, as_user: int = 0, source: str = ""
) -> str:
    """Send a datagram and wait: echo, refused or silence."""
    with owned_socket(machine, as_user, socket.SOCK_DGRAM) as question:
        question.bind((source, 0))
        question.settimeout(patience)
        question.connect((address, port))
        try:
            question.send(b"?")
            question.recv(10)
        except TimeoutError:
            return "silence"
        except OSError:
            return "refused"
        return "echo"


def owned_socket(machine: Machine, user: int, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> socket.socket:
    """A socket as a process of `user` would open it: the kernel keeps the opener's file system uid (meta skuid)."""
    libc = ctypes.CDLL(None)

    def opened() -> socket.socket:
        libc.setfsuid(user)
        try:
            return socket.socket(socket.AF_INET, kind, protocol)
        finally:
            libc.setfsuid(0)

    return machine.inside(opened)


class Echo:
    """Answers everything on a TCP or UDP port of a machine; remembers who connected."""

    def __init__(self, machine: Machine, address: str, port: int, kind: int = socket.SOCK_STREAM) -> None:
        self.peers: list[str] = []
        self._socket = machine.socket(kind=kind)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((address, port))
        if kind == socket.SOCK_STREAM:
            self._socket.listen()
        serve = self._streams if kind == socket.SOCK_STREAM else self._datagrams
        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()

    def _streams(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, (peer, _) = self._socket.accept()
                self.peers.append(peer)
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    @staticmethod
    def _answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(4096):
                connection.sendall(data)

    def _datagrams(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = self._socket.recvfrom(4096)
                if peer is None:  # shut down
                    return
                self._socket.sendto(data, peer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE)


@contextlib.contextmanager
def standing_clinic() -> Iterator[Clinic]:
    intent = compile(lab_account(), lab_site(wan=static_wan(), time={"ntp": ["ntp.time.example"]}))
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))

        def machine(name: str) -> Machine:
            return stack.enter_context(Machine(name, directory / name))

        router, terminal, stranger = machine("router"), machine("reception"), machine("stranger")
        line, center = machine("line"), machine("center")
        cabinet = Cabinet(directory / "cabinet")
        stack.callback(cabinet.close)
        for one in (terminal, stranger, line, center):
            one.sysctl(net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__default__rp_filter=0)
        cabinet.plug(router, "lan0", "lan")
        cabinet.plug(terminal, "eth0", "lan", mac=intent.lan.hosts[0].mac)
        cabinet.plug(stranger, "eth0", "lan", mac="02:00:00:00:02:50")
        cabinet.plug(router, "wan0", "line")
        cabinet.plug(line, "eth0", "line")
        for number in (1, 2):
            cabinet.plug(router, f"sk-dc{number}", f"tunnel{number}")
            cabinet.plug(center, f"t{number}", f"tunnel{number}")
        _lay(router, intent)
        for one, address in ((terminal, "192.0.2.10"), (stranger, "192.0.2.50")):
            one.ip(f"addr add {address}/26 dev eth0\nroute add default via {ROUTER}\n")
        line.ip(
            "addr add 192.0.2.65/28 dev eth0\n"
            + "".join(f"addr add {address}/32 dev lo\n" for address in (RESOLVER, PUBLIC_WEB, CONCENTRATOR))
            + f"route add 192.0.2.0/26 via 192.0.2.66\nroute add {INNER} via 192.0.2.66\n"
        )
        center.ip(
            f"addr add 203.0.113.1/32 peer {INNER} dev t1\naddr add 203.0.113.2/32 peer {INNER} dev t2\n"
            + "".join(
                f"addr add {address}/32 dev lo\n" for address in (ENGINE, GATE_ENGINE, UNPROVEN, CENTER_DNS, MONITORING)
            )
            + "route add 192.0.2.0/26 dev t1\n"
        )
        yield Clinic(router, terminal, stranger, line, center, intent)


def add_users(machine: Machine) -> None:
    """nft takes the names of the table's users from the machine that loads it."""
    machine.run(
        "systemd-sysusers",
        "-",
        input="".join(
            f"u {user} -\n" for user in (names.GATE_USER, names.PAGE_USER, names.TIME_USER, names.NAMES_USER)
        ),
    )


def _lay(router: Machine, intent: RouterIntent) -> None:
    """The order of an apply: the barrier stands before there is a way."""
    add_users(router)
    ports = {"lan0", "wan0", *(tunnel.interface for tunnel in intent.tunnels)}
    router.run("nft", "-f", "-", input=render(fitting(intent.firewall, ports, trial.offloads())))
    for address in intent.addresses:
        peer = f"peer {address.peer}/32" if address.peer else ""
        router.ip(f"addr add {address.address.ip if peer else address.address} {peer} dev {address.interface}")
    for tunnel in intent.tunnels:
        router.ip(f"link set dev {tunnel.interface} mtu {tunnel.mtu}")
    for route in intent.routes:
        words = [f"dev {route.interface}" if route.interface else "", f"via {route.gateway}" if route.gateway else ""]
        words += [f"src {route.source}" if route.source else "", f"metric {route.metric}" if route.metric else ""]
        kind = "" if route.interface else "unreachable "
        router.ip(f"route add {kind}{route.destination} {' '.join(words)} table {route.table}")
    for rule in intent.rules:
        what = f"to {rule.destination}" if rule.destination else f"fwmark {rule.mark:#x}"
        router.ip(f"rule add priority {rule.priority} {what} lookup {rule.table}")
    for key, value in intent.sysctls:
        router.write(Path("/proc/sys", key), value)
