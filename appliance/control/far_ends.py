"""Where the softwires of the lines lead: far ends as found, kept in a file each, so that a restart knows them."""

from __future__ import annotations

import json
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path

from appliance import paths
from appliance.files import write_atomically
from appliance.intent.model import Line

_LONGEST = 1024
"""Bytes."""


def literal(host: str) -> IPv6Address | None:
    try:
        return IPv6Address(host)
    except AddressValueError:
        return None


def known(line: Line, directory: Path = paths.FAR_ENDS) -> IPv6Address | None:
    """None while the name in the line's settings has not been found yet."""
    if line.softwire is None:
        return None
    if address := literal(line.softwire.far_end):
        return address
    try:
        with (directory / f"{line.name}.json").open("rb") as stream:
            kept = json.loads(stream.read(_LONGEST))
        return IPv6Address(kept["address"]) if kept["host"] == line.softwire.far_end else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(line: str, host: str, address: IPv6Address, directory: Path = paths.FAR_ENDS) -> None:
    write_atomically(directory / f"{line}.json", json.dumps({"host": host, "address": str(address)}))
