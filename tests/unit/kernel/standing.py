"""A router with real tunnels between a clinic and its data center, for the kernel's part alone.

In network namespaces: ``reception`` and ``office`` on the LAN, ``scanner`` in another segment, ``line`` with the line's
router, both concentrators and all behind them. Whoever fills sets and routes at run time (daemon, BIRD) is played by
`run_time`.
"""

from __future__ import annotations

import ctypes
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from appliance.intent import names
from appliance.intent.model import RouterIntent
from appliance.kernel import nft, wireguard, wireguard_go
from appliance.kernel.nft.runtime import Grant
from tests.builders import static_wan, wireguard_preshared_key, wireguard_private_key, wireguard_public_key
from tests.lab.waiting import until
from tests.unit.kernel.namespace import sh

ENGINE, GATE_ENGINE, WEB = "203.0.113.17", "203.0.113.18", "198.51.100.80"
ROUTER, RECEPTION, OFFICE, SCANNER = "192.0.2.1", "192.0.2.10", "192.0.2.11", "192.0.2.130"
RECEPTION_MAC, OFFICE_MAC = "02:00:00:00:02:10", "02:00:00:00:02:11"
INNER, MONITORING = "203.0.113.129", "203.0.113.6"

SITE: dict[str, Any] = {
    "wan": static_wan(upload_mbit=100),
    "lan": {
        "interface": "lan0",
        "address": f"{ROUTER}/26",
        "dhcp": {"first": "192.0.2.32", "last": "192.0.2.61"},
        "reaches": ["imaging"],
    },
    "segments": [{"name": "imaging", "interface": "lan1", "address": "192.0.2.129/28"}],
    "terminals": [
        {"name": "reception", "label": "受付", "mac": RECEPTION_MAC, "address": RECEPTION},
        {"name": "office", "label": "診察室", "mac": OFFICE_MAC, "address": OFFICE, "internet_minutes": 60},
    ],
}


def build() -> None:
    """Terminals and a scanner on the clinic's side, the line's router with the data center behind it on the other."""
    # nft takes the names of the table's users from the machine that loads it.
    users = (names.GATE_USER, names.PAGE_USER, names.TIME_USER, names.NAMES_USER)
    passwd = Path("/etc/passwd").read_text()
    passwd += "".join(f"{user}:x:{number}:{number}::/:/bin/false\n" for number, user in enumerate(users, 990))
    Path("/run/passwd").write_text(passwd)
    sh("mount --bind /run/passwd /etc/passwd")
    sh("ip netns add switch && ip -n switch link add hub type bridge && ip -n switch link set hub up")
    for namespace, port, mac, address in (
        ("reception", "lan0", RECEPTION_MAC, f"{RECEPTION}/26"),
        ("office", "lan0", OFFICE_MAC, f"{OFFICE}/26"),
        ("scanner", "lan1", "02:00:00:00:02:30", f"{SCANNER}/28"),
        ("line", "wan0", "02:00:00:00:02:65", "192.0.2.65/28"),
    ):
        sh(f"ip netns add {namespace}")
        if port == "lan0":
            port = f"to-{namespace}"
            sh(f"ip -n switch link add {port} type veth peer name eth0 netns {namespace}")
            sh(f"ip -n switch link set {port} master hub up")
        else:
            sh(f"ip link add {port} type veth peer name eth0 netns {namespace}")
        sh(
            f"ip -n {namespace} link set eth0 address {mac} up && ip -n {namespace} link set lo up && "
            f"ip -n {namespace} address add {address} dev eth0"
        )
    for namespace, router in (("reception", ROUTER), ("office", ROUTER), ("scanner", "192.0.2.129")):
        sh(f"ip -n {namespace} route add default via {router}")
    for port in ("lan0", "lan2", "lan3", "wan1"):
        sh(f"ip link add {port} type veth peer name far-{port} && ip link set far-{port} up")
    sh("ip link set far-lan0 netns switch && ip -n switch link set far-lan0 master hub up")
    for address in ("198.51.100.11", "198.51.100.12", WEB, ENGINE, GATE_ENGINE, MONITORING):
        sh(f"ip -n line address add {address}/32 dev lo")
    for number in (1, 2):
        _concentrator(number)
    sh(f"ip -n line route add {INNER} dev wg1")


def _concentrator(number: int) -> None:
    """With kernel and wireguard-go alike the outer packets belong to the namespace in which the interface is made."""
    device, enter = f"wg{number}", "ip netns exec line"
    if subprocess.run(["ip", "-n", "line", "link", "add", device, "type", "wireguard"], check=False).returncode != 0:
        subprocess.Popen(["ip", "netns", "exec", "line", "wireguard-go", "-f", device])
        # Not by wg(8), which removes a socket that does not listen yet.
        until(lambda: wireguard_go.is_running(device), device)
    configuration = (
        f"[Interface]\nPrivateKey = {wireguard_private_key(f'dc{number}')}\nListenPort = {51819 + number}\n"
        f"[Peer]\nPublicKey = {wireguard_public_key('clinic-0001')}\nAllowedIPs = {INNER}/32\n"
        f"PresharedKey = {wireguard_preshared_key(f'dc{number}')}\n"
    )
    sh(f"{enter} wg setconf {device} /dev/stdin", input=configuration)
    sh(f"ip -n line address add 203.0.113.{number}/32 dev {device} && ip -n line link set {device} mtu 1394 up")


def run_time(intent: RouterIntent, seconds: int) -> None:
    """What the daemon and BIRD would do: the endpoints, the way, and the proofs and the internet for so long."""
    endpoints = [(IPv4Address(f"198.51.100.1{number}"), 51819 + number) for number in (1, 2)]
    nft.replace_elements(names.TUNNEL_ENDPOINTS, endpoints)
    for tunnel, (address, port) in zip(intent.tunnels, endpoints, strict=True):
        wireguard.introduce(tunnel, address, port)
    gate = next(service.gate_port for service in intent.services if service.gate_port)
    engine, gate_engine = (IPv4Address(ENGINE), 443), (IPv4Address(GATE_ENGINE), 443)
    nft.grant(
        [
            Grant(names.ENGINE_VERIFIED, engine, seconds),
            Grant(names.GATE_VERIFIED, gate_engine, seconds),
            Grant(names.GATE_OPEN, gate_engine, seconds, gate),
            Grant(names.INTERNET_TERMINALS, (IPv4Address(OFFICE), OFFICE_MAC), seconds),
        ]
    )
    sh("ip route add 203.0.113.0/25 via 203.0.113.1 dev sk-dc1 table 51 metric 32 proto bird src 203.0.113.129")


def listening(namespace: str | None, address: str, port: int) -> socket.socket:
    server = _socket(namespace, socket.SOCK_STREAM)
    server.bind((address, port))
    server.listen()
    return server


def connected(
    namespace: str, address: str, port: int, server: socket.socket, source: str = "0.0.0.0"
) -> tuple[socket.socket, socket.socket]:
    client = _socket(namespace, socket.SOCK_STREAM)
    client.settimeout(20)
    client.bind((source, 0))
    client.connect((address, port))
    answerer, _ = server.accept()
    server.close()
    return client, answerer


def paired(namespace: str, far_namespace: str, address: str, port: int = 4000) -> tuple[socket.socket, socket.socket]:
    near, far = _socket(namespace, socket.SOCK_DGRAM), _socket(far_namespace, socket.SOCK_DGRAM)
    far.bind((address, port))
    near.connect((address, port))
    near.send(b"here I am")
    far.settimeout(20)
    _, peer = far.recvfrom(100)
    far.connect(peer)
    return near, far


def _socket(namespace: str | None, kind: int) -> socket.socket:
    def make() -> socket.socket:
        if namespace is not None:
            with Path("/run/netns", namespace).open("rb") as there:
                assert ctypes.CDLL(None).setns(there.fileno(), 0) == 0
        return socket.socket(socket.AF_INET, kind)

    # A thread of its own has a namespace of its own.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make).result()
