"""WireGuard on a machine that is not ours to test: by the kernel, or by wireguard-go where it has none."""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Address
from typing import NamedTuple

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
    machine.popen("wireguard-go", "-f", name)

    def answers() -> bool:
        try:
            return machine.run("wg", "show", name, timeout=2, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    until(answers, f"wireguard-go on {machine.name}")
    return "wireguard-go"


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
