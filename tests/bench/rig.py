"""The shortest way from a terminal to an engine: terminal — router — concentrator with the engine behind it.

One router is the product's kernel side as the product itself makes it (`tests.bench.product`), one is bare: WireGuard,
routes, `ip_forward` and nothing else. No daemon runs, so nothing else uses the processor. LAN and data center are
networks for benchmarks (RFC 2544), large enough for 10,000 terminals and engines.
"""

from __future__ import annotations

import socket
import subprocess
from abc import abstractmethod
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from tests import builders
from tests.bench.built import Built
from tests.lab import wireguard
from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine
from tests.lab.router import Router
from tests.lab.waiting import until

LAN = IPv4Interface("198.18.0.1/17")
CENTER = IPv4Network("198.19.0.0/17")
PEER, CLINIC = IPv4Address("198.19.0.1"), IPv4Address("203.0.113.129")
"""The concentrator's and the router's addresses inside the tunnel."""
WAN, UPSTREAM = IPv4Interface("192.0.2.66/28"), IPv4Interface("192.0.2.65/28")
SPARE = IPv4Address("192.0.2.67")
"""The other concentrator: nobody stands there."""
PORT, WIREGUARD_PORT = 443, 51820
KEY = "clinic"
"""Of the router, by its name in `builders`."""
LAN_CARD = "02:00:00:00:02:01"
MTU = 1394
"""Of the tunnel, in bytes."""

_FIRST_TERMINAL, _FIRST_ENGINE = IPv4Address("198.18.1.0"), IPv4Address("198.19.1.0")


def terminal(number: int) -> tuple[IPv4Address, str]:
    """Address and MAC of a terminal, from 0."""
    return _FIRST_TERMINAL + number, f"02:00:01:00:{number >> 8:02x}:{number & 0xFF:02x}"


def engine(number: int) -> IPv4Address:
    return _FIRST_ENGINE + number


class Rig(Built):
    """One such way. size: terminals that the router knows, and proven engines; the last of each are those that talk."""

    def __init__(self, directory: Path, size: int = 1) -> None:
        super().__init__(directory)
        self.size = size

    @abstractmethod
    def make_router(self, peer_key: str) -> None:
        """Make the router, with a tunnel to the concentrator of this public key."""

    def _build(self) -> None:
        self.terminal, self.router, self.concentrator = (
            self._stack.enter_context(Machine(name, self._directory / name))
            for name in ("terminal", "router", "concentrator")
        )
        address, card = terminal(self.size - 1)
        _cable(self.terminal, f"eth0 address {card}", self.router, f"lan0 address {LAN_CARD}")
        _cable(self.router, "wan0", self.concentrator, "eth0")
        self.terminal.ip(
            f"address add {address}/{LAN.network.prefixlen} dev eth0\nlink set eth0 up\n"
            f"neighbor add {LAN.ip} lladdr {LAN_CARD} dev eth0\nroute add default via {LAN.ip}\n"
        )
        private_key, public_key = wireguard.create_key(self.concentrator)
        # Before its initiator, whose first handshake would else be lost and come again 5 s later.
        self.concentrator.ip(f"address add {UPSTREAM} dev eth0\nlink set eth0 up\n")
        wireguard.create_interface(self.concentrator, "wg0")
        clinic = wireguard.Clinic(_public_key(), _preshared_key(), CLINIC)
        wireguard.configure(self.concentrator, "wg0", private_key, WIREGUARD_PORT, [clinic])
        self.concentrator.ip(
            f"address add {PEER} peer {CLINIC} dev wg0\nlink set wg0 mtu {MTU} up\n"
            f"address add {engine(self.size - 1)}/32 dev lo\n"
            # The bare router translates nobody.
            f"route add {LAN.network} dev wg0\n"
        )
        allowed = f"{CLINIC}/32,{LAN.network}"
        self.concentrator.run("wg", "set", "wg0", "peer", clinic.public_key, "allowed-ips", allowed)
        self.make_router(public_key)

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """A TCP connection of the terminal to the engine, both its ends."""
        listener = self.concentrator.socket()
        with listener:
            listener.bind((str(engine(self.size - 1)), PORT))
            listener.listen()
            near = self.terminal.connect(str(engine(self.size - 1)), PORT, 30)
            far, _ = listener.accept()
        far.settimeout(30)
        self._stack.callback(near.close)
        self._stack.callback(far.close)
        return near, far


class Bare(Rig):
    def make_router(self, peer_key: str) -> None:
        self.router.ip(f"address add {LAN} dev lan0\nlink set lan0 up\naddress add {WAN} dev wan0\nlink set wan0 up\n")
        wireguard.create_interface(self.router, "sk-dc1")
        self.router.run(
            *("wg", "setconf", "sk-dc1", "/dev/stdin"),
            input=f"[Interface]\nPrivateKey = {builders.wireguard_private_key(KEY)}\n"
            f"[Peer]\nPublicKey = {peer_key}\nPresharedKey = {_preshared_key()}\n"
            f"AllowedIPs = {CENTER}\nEndpoint = {UPSTREAM.ip}:{WIREGUARD_PORT}\n",
        )
        self.router.ip(
            f"address add {CLINIC} peer {PEER} dev sk-dc1\nlink set sk-dc1 mtu {MTU} up\n"
            f"route add {CENTER} dev sk-dc1\n"
        )
        self.router.sysctl(net__ipv4__ip_forward=1)


class Ours(Rig):
    def make_router(self, peer_key: str) -> None:
        Router(self.router)
        log = self.router.log_dir / "product.log"
        with log.open("wb") as stream:
            process = self.router.start(
                ["python", "-m", "tests.bench.product", str(self.size), peer_key],
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
            )
        if process.wait(1200) != 0:
            raise RuntimeError(log.read_text())

    def await_fast_path(self, near: socket.socket, far: socket.socket) -> None:
        """Use the connection until the kernel says that it is in the flow table."""

        def is_there() -> bool:
            near.sendall(b"?")
            far.sendall(far.recv(1))
            near.recv(1)
            return "[OFFLOAD]" in self.router.run("conntrack", "-L", "-p", "tcp", check=False).stdout

        until(is_there, "the connection is on the fast path")


def _public_key() -> str:
    return builders.wireguard_public_key(KEY)


def _preshared_key() -> str:
    return builders.wireguard_preshared_key("dc1")


def _cable(one: Machine, its: str, other: Machine, others: str) -> None:
    subprocess.run(
        ["ip", "-batch", "-"],
        input=f"link add name {its} netns {one.pid} type veth peer name {others} netns {other.pid}\n",
        text=True,
        check=True,
        timeout=60,
    )
