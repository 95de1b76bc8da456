"""WireGuard on a machine that is not ours to test: by the kernel, or by wireguard-go where it has none."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import NamedTuple

from appliance.kernel import wireguard_go
from tests.lab.machine import Machine
from tests.lab.waiting import until


class Clinic(NamedTuple):
    """What a concentrator knows of one clinic (wg(8) words)."""

    public_key: str
    preshared_key: str
    inner_address: IPv4Address


def create_key(machine: Machine) -> tuple[str, str]:
    """A new private key and its public key."""
    private = machine.run("wg", "genkey").stdout.strip()
    return private, machine.run("wg", "pubkey", input=private).stdout.strip()


def create_interface(machine: Machine, name: str) -> str:
    """Make the interface; say which implementation carries it, ``kernel`` or ``wireguard-go``."""
    if machine.run("ip", "link", "add", "dev", name, "type", "wireguard", check=False).returncode == 0:
        return "kernel"
    daemon = machine.popen("wireguard-go", "-f", name)

    def answers_or_ended() -> bool:
        return answers(machine, name) or daemon.poll() is not None

    until(answers_or_ended, f"wireguard-go on {machine.name}")
    if daemon.poll() is not None:
        raise RuntimeError(f"wireguard-go on {machine.name} ended at once, status {daemon.returncode}; see its log")
    return "wireguard-go"


def answers(machine: Machine, name: str) -> bool:
    """Whether the wireguard-go of this interface takes questions.

    Never ask ``wg`` this: a socket that is bound and not yet listening it takes for one that somebody has left
    behind, and removes it.
    """
    return machine.inside(lambda: wireguard_go.is_running(name))


def configuration(private_key: str, port: int, clinics: list[Clinic]) -> str:
    """The file for ``wg syncconf`` (wg(8))."""
    sections = [f"[Interface]\nPrivateKey = {private_key}\nListenPort = {port}\n"]
    sections += [
        f"[Peer]\nPublicKey = {clinic.public_key}\nPresharedKey = {clinic.preshared_key}\n"
        f"AllowedIPs = {clinic.inner_address}/32\n"
        for clinic in clinics
    ]
    return "".join(sections)


def configure(machine: Machine, name: str, private_key: str, port: int, clinics: list[Clinic]) -> None:
    """Give the interface its key and port, and exactly these peers, without disturbing those that stay."""
    machine.run("wg", "syncconf", name, "/dev/stdin", input=configuration(private_key, port, clinics))
