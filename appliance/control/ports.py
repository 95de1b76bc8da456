"""Which port is the LAN, so that a fresh router can be found by whoever sets it up: what its hardware profile says.

Where there is no profile, or something else is wanted, ``/etc/sekisho/ports.toml``::

    lan = "lan0"                # the port where the clinic is
    address = "192.168.151.1/24"          # these three only where the product's own do not fit
    dhcp_first = "192.168.151.100"
    dhcp_last = "192.168.151.199"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import NoReturn

from appliance import paths
from appliance.errors import SekishoError
from appliance.hardware.machine import own
from appliance.hardware.matching import lan
from appliance.intent import fresh
from appliance.intent.model import RouterIntent

_PORT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
_RANGE = frozenset({"address", "dhcp_first", "dhcp_last"})


def fresh_intent(path: Path = paths.PORTS) -> RouterIntent | None:
    """What this machine is before anybody has set it up; None where nobody has said which port is the LAN.

    Raises SekishoError ``control.bad-ports``, ``hardware.bad-profile``: what was said cannot be understood.
    """
    try:
        given = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        machine, profile = own()
        port = None if profile is None else lan(machine, profile)
        return None if port is None else fresh.fresh(port)
    except (OSError, ValueError) as error:
        _refuse(path, str(error))
    port = given.pop("lan", None)
    if not isinstance(port, str) or not _PORT.fullmatch(port):
        _refuse(path, "lan")
    if not given:
        return fresh.fresh(port)
    if given.keys() != _RANGE or not all(isinstance(value, str) for value in given.values()):
        _refuse(path, ", ".join(sorted(given.keys() ^ _RANGE)) or "address")
    try:
        address = IPv4Interface(given["address"])
        dhcp = replace(fresh.DHCP, first=IPv4Address(given["dhcp_first"]), last=IPv4Address(given["dhcp_last"]))
    except ValueError as error:
        _refuse(path, str(error))
    hosts = range(int(address.network.network_address) + 1, int(address.network.broadcast_address))
    if not (int(address.ip) in hosts and int(dhcp.first) in hosts and int(dhcp.last) in hosts):
        _refuse(path, "address, dhcp_first, dhcp_last")
    if dhcp.first > dhcp.last or dhcp.first <= address.ip <= dhcp.last:
        _refuse(path, "dhcp_first, dhcp_last")
    return fresh.fresh(port, address, dhcp)


def _refuse(path: Path, what: str) -> NoReturn:
    raise SekishoError(
        "control.bad-ports",
        f'ポートの割り当て {path} を読めません（{what}）。「lan = "ポートの名前"」と書いてください。',
        f'The ports in {path} cannot be understood ({what}); write `lan = "NAME OF THE PORT"`.',
    )
