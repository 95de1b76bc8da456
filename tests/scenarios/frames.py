"""Packets as an attacker makes them: any sender, any content, put on the wire below the machine's own IP stack."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from scapy.layers.l2 import Ether
from scapy.packet import Packet

from tests.lab.machine import Machine


def send(machine: Machine, interface: str, next_hop: str, packets: Iterable[Packet]) -> None:
    """Send IP packets in Ethernet frames from `interface`, with its own MAC, to the MAC `next_hop`."""
    own = machine.run("cat", f"/sys/class/net/{interface}/address").stdout.strip()
    with machine.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)) as wire:
        wire.bind((interface, 0))
        for packet in packets:
            wire.send(bytes(Ether(src=own, dst=next_hop) / packet))
