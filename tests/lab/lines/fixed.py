"""A line with a fixed address: the upper router hands out nothing, or the contract's papers give the addresses."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab import addresses, outside
from tests.lab.lines.upper import UpperRouter
from tests.lab.machine import Machine


@dataclass(frozen=True, slots=True)
class FixedLine(UpperRouter):
    @property
    def settings(self) -> str:
        own = f"{self.first}/{self.inside.network.prefixlen}"
        return f'kind = "static"\naddress = "{own}"\ngateway = "{self.inside.ip}"\ndns = ["{self.inside.ip}"]\n'

    def serve(self, machine: Machine) -> None:
        """Answer for names, and that is all."""
        machine.popen(
            *outside.DNSMASQ,
            "--interface=lan0",
            f"--server={addresses.INTERNET_DNS.ip}",
            log=machine.log_dir / "dnsmasq.log",
        )
