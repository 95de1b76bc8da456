"""Random changes of settings and account under traffic: what they do not concern loses no packet and keeps its sets.

``SEKISHO_CHANGES=1000`` makes as many of them, ``SEKISHO_SEED`` others.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from appliance.errors import SekishoError
from appliance.intent import names
from appliance.intent.compile import compile
from appliance.intent.model import RouterIntent
from appliance.intent.services import gate_ports
from appliance.kernel import apply as kernel
from appliance.kernel import nft, wireguard
from appliance.kernel.apply import Memory
from appliance.kernel.nft.runtime import Grant
from appliance.site.model import Site
from tests.builders import (
    lab_account,
    lab_tunnel,
    passthrough_service,
    pin_of,
    static_wan,
    terminate_service,
    wireguard_preshared_key,
    wireguard_private_key,
    wireguard_public_key,
)
from tests.lab.changes import Changes, Values
from tests.lab.flows import Datagrams, Flow, Stream
from tests.lab.waiting import until
from tests.unit.kernel.namespace import sh

COUNT = int(os.environ.get("SEKISHO_CHANGES", "60"))
SEED = int(os.environ.get("SEKISHO_SEED", "1"))
LIFE = 3600
"""Seconds of what run time filled in: nobody renews it here."""
ENGINE, GATE_ENGINE, WEB = "203.0.113.17", "203.0.113.18", "198.51.100.80"
ROUTER, RECEPTION, OFFICE, SCANNER = "192.0.2.1", "192.0.2.10", "192.0.2.11", "192.0.2.130"
RECEPTION_MAC, OFFICE_MAC = "02:00:00:00:02:10", "02:00:00:00:02:11"
INNER, MONITORING = "203.0.113.129", "203.0.113.6"

SITE: Values = {
    "wan": static_wan(),
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


@pytest.mark.isolated(limit=120 + COUNT)
def test_random_changes_lose_nothing() -> None:
    _build()
    changes = _changes()
    memory = Memory.load()
    kernel.apply(_intent(changes.site, changes.account), memory)
    _run_time(changes)
    now = ["nothing"]
    with contextlib.ExitStack() as stack:
        flows = [stack.enter_context(contextlib.closing(flow)) for flow in _flows(lambda: now[0])]
        elements, counters, connections = _elements(), nft.counters(), _connections()
        started = time.monotonic()
        for number in range(COUNT):
            now[0] = f"change {number + 1}: {changes.step()}"
            intent = _intent(changes.site, changes.account)
            kernel.apply(intent, memory)
            counters = _gone_on(counters, nft.counters())
            elements = _gone_on_dying(elements, _elements())
        print(f"{COUNT} changes in {time.monotonic() - started:.0f} s, seed {SEED}")
        assert kernel.plan(intent, memory) == []
        for flow in flows:
            flow.rest()
        with contextlib.suppress(TimeoutError):
            until(lambda: not any(flow.lost() for flow in flows), "everything has arrived", limit=5)
        assert {flow.name: (flow.lost(), flow.story()) for flow in flows if flow.lost()} == {}
        assert _connections() >= connections


def _gone_on(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Counters go up; one may come and go with what it counts."""
    for name in before.keys() & after.keys():
        assert after[name] >= before[name], name
    return after


def _gone_on_dying(before: dict[str, int | None], after: dict[str, int | None]) -> dict[str, int | None]:
    """What run time filled in is there, and its time runs on."""
    assert after.keys() == before.keys()
    for key, left in after.items():
        assert left is None or left <= (before[key] or 0), key
    return after


# ---- the clinic ----------------------------------------------------------------------------------


def _changes() -> Changes:
    account = {
        "serial": 1,
        "issuer": "Example Data Center",
        "clinic": {"id": "clinic-0001", "name": {"ja": "見本クリニック", "en": "Example Clinic"}},
        "tunnels": [lab_tunnel(1), lab_tunnel(2)],
        "services": [passthrough_service(), terminate_service()],
        "monitoring": [f"{MONITORING}/32"],
        "dns": ["203.0.113.5"],
        "ntp": ["203.0.113.7"],
    }
    return Changes(SEED, SITE, account, _is_valid, vlans=_has_vlans(), service=_service, pin=_pin)


def _service(name: str, mode: str) -> Values:
    make = passthrough_service if mode == "passthrough" else terminate_service
    return make(name=name, host=f"{name}.cloud.example", port=443)


def _pin() -> str:
    return pin_of(ec.generate_private_key(ec.SECP256R1()).public_key())


def _is_valid(site: Values, account: Values) -> bool:
    try:
        _intent(site, account)
    except (ValidationError, SekishoError):
        return False
    return True


def _intent(site: Values, account: Values) -> RouterIntent:
    return compile(lab_account(**account), Site.model_validate(site))


def _has_vlans() -> bool:
    done = subprocess.run(["ip", "link", "add", "link", "lan2", "name", "v2", "type", "vlan", "id", "9"], check=False)
    if done.returncode == 0:
        sh("ip link delete v2")
    return done.returncode == 0


def _build() -> None:
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
        answers = ["ip", "netns", "exec", "line", "wg", "show", device]
        until(lambda: subprocess.run(answers, capture_output=True, timeout=20).returncode == 0, device)
    configuration = (
        f"[Interface]\nPrivateKey = {wireguard_private_key(f'dc{number}')}\nListenPort = {51819 + number}\n"
        f"[Peer]\nPublicKey = {wireguard_public_key('clinic-0001')}\nAllowedIPs = {INNER}/32\n"
        f"PresharedKey = {wireguard_preshared_key(f'dc{number}')}\n"
    )
    sh(f"{enter} wg setconf {device} /dev/stdin", input=configuration)
    sh(f"ip -n line address add 203.0.113.{number}/32 dev {device} && ip -n line link set {device} mtu 1394 up")


def _run_time(changes: Changes) -> None:
    """What the daemon and BIRD would do: the endpoints, the proofs, the way."""
    intent = _intent(changes.site, changes.account)
    endpoints = [(IPv4Address(f"198.51.100.1{number}"), 51819 + number) for number in (1, 2)]
    nft.replace_elements(names.TUNNEL_ENDPOINTS, endpoints)
    for tunnel, (address, port) in zip(intent.tunnels, endpoints, strict=True):
        wireguard.introduce(tunnel, address, port)
    gate = next(service.gate_port for service in intent.services if service.gate_port)
    engine, gate_engine = (IPv4Address(ENGINE), 443), (IPv4Address(GATE_ENGINE), 443)
    nft.grant(
        [
            Grant(names.ENGINE_VERIFIED, engine, LIFE),
            Grant(names.GATE_VERIFIED, gate_engine, LIFE),
            Grant(names.GATE_OPEN, gate_engine, LIFE, gate),
            Grant(names.INTERNET_TERMINALS, (IPv4Address(OFFICE), OFFICE_MAC), LIFE),
        ]
    )
    sh("ip route add 203.0.113.0/25 via 203.0.113.1 dev sk-dc1 table 51 metric 32 proto bird src 203.0.113.129")


# ---- traffic and state -----------------------------------------------------------------------------


def _flows(now: Callable[[], str]) -> Iterator[Flow]:
    # None: the router itself.
    engine = _listening("line", ENGINE, 443)
    yield Stream("terminal and engine", *_connected("reception", ENGINE, 443, engine), now)
    gate = _listening(None, ROUTER, gate_ports(["gate"])["gate"])
    yield Stream("terminal and gate", *_connected("reception", GATE_ENGINE, 443, gate), now)
    metrics = _listening(None, INNER, names.METRICS_PORT)
    yield Stream("monitoring and router", *_connected("line", INNER, names.METRICS_PORT, metrics, MONITORING), now)
    yield Datagrams("terminal and scanner", *_paired("reception", "scanner", SCANNER), now)
    yield Datagrams("terminal and internet", *_paired("office", "line", WEB), now)


def _listening(namespace: str | None, address: str, port: int) -> socket.socket:
    server = _socket(namespace, socket.SOCK_STREAM)
    server.bind((address, port))
    server.listen()
    return server


def _connected(
    namespace: str, address: str, port: int, server: socket.socket, source: str = "0.0.0.0"
) -> tuple[socket.socket, socket.socket]:
    client = _socket(namespace, socket.SOCK_STREAM)
    client.settimeout(20)
    client.bind((source, 0))
    client.connect((address, port))
    answerer, _ = server.accept()
    server.close()
    return client, answerer


def _paired(namespace: str, far_namespace: str, address: str, port: int = 4000) -> tuple[socket.socket, socket.socket]:
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


def _elements() -> dict[str, int | None]:
    """What run time filled in, with the seconds that it still has."""
    kinds = (
        *((name, "set") for name in (names.ENGINE_VERIFIED, names.GATE_VERIFIED, names.INTERNET_TERMINALS)),
        (names.GATE_OPEN, "map"),
        (names.TUNNEL_ENDPOINTS, "set"),
    )
    return {f"{name} {item.key}": item.expires for name, kind in kinds for item in nft.elements(name, kind)}


def _connections() -> set[str]:
    """Tracked connections of the flows, by the kernel's number of each."""
    listed = sh("conntrack -L -o id 2>/dev/null")
    wanted = (ENGINE, GATE_ENGINE, SCANNER, WEB)
    found = (line for line in listed.splitlines() if any(f"dst={address} " in line for address in wanted))
    return {re.search(r"\bid=(\d+)", line)[1] for line in found}
