"""What we did that the kernel itself cannot tell is ours. Gone at a reboot, as the kernel's state is."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_interface
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.files import remove_durably, write_atomically
from appliance.intent.model import Address

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FirewallMemory:
    """Fingerprints (see nft.fingerprint) of what we loaded and of what the kernel showed right after."""

    wanted: dict[str, list[list[str]]]
    observed: dict[str, list[list[str]]]


@dataclass(slots=True)
class Memory:
    """Saved before the change that it describes, so that a crash in between orphans nothing.

    addresses: added by us to interfaces that are not ours. ports: raised by us. sysctls: values
    before us, in the order in which they go back. offloads: whether the kernel's fast path stood its
    trial; None before that.
    """

    path: Path
    addresses: set[Address] = field(default_factory=set)
    ports: set[str] = field(default_factory=set)
    sysctls: dict[str, str] = field(default_factory=dict)
    firewall: FirewallMemory | None = None
    offloads: bool | None = None

    @classmethod
    def load(cls, path: Path | None = None) -> Memory:
        """An empty memory when there is none. path: `paths.RUN` / ``kernel.json`` unless given."""
        path = path or paths.RUN / "kernel.json"
        try:
            return _decode(path, json.loads(path.read_bytes()))
        except FileNotFoundError:
            return cls(path)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("%s is not readable (%s): starting from what the kernel shows", path, error)
            return cls(path)

    def save(self) -> None:
        write_atomically(self.path, json.dumps(_encode(self), separators=(",", ":")))

    def forget(self) -> None:
        """Nothing of ours is left in the kernel."""
        self.addresses.clear()
        self.ports.clear()
        self.sysctls.clear()
        self.firewall = None
        if self.path.parent.exists():
            remove_durably(self.path)


def _encode(memory: Memory) -> dict[str, Any]:
    firewall = memory.firewall
    return {
        "addresses": sorted(
            [item.interface, str(item.address), str(item.peer) if item.peer else ""] for item in memory.addresses
        ),
        "ports": sorted(memory.ports),
        "sysctls": memory.sysctls,
        "firewall": {"wanted": firewall.wanted, "observed": firewall.observed} if firewall else None,
        "offloads": memory.offloads,
    }


def _decode(path: Path, raw: dict[str, Any]) -> Memory:
    firewall = raw["firewall"]
    return Memory(
        path=path,
        addresses={
            Address(interface, ip_interface(address), IPv4Address(peer) if peer else None)
            for interface, address, peer in raw["addresses"]
        },
        ports=set(raw["ports"]),
        sysctls=dict(raw["sysctls"]),
        firewall=FirewallMemory(firewall["wanted"], firewall["observed"]) if firewall else None,
        offloads=raw["offloads"],
    )
