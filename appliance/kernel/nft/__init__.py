"""The firewall: one nftables table of ours, `inet sekisho` (nft(8))."""

from __future__ import annotations

from appliance.kernel.nft.load import apply, devices_to_come, diff, observe, remove
from appliance.kernel.nft.runtime import Element, Grant, counters, elements, grant, replace_elements, revoke
from appliance.kernel.nft.syntax import render

__all__ = [
    "Element",
    "Grant",
    "apply",
    "counters",
    "devices_to_come",
    "diff",
    "elements",
    "grant",
    "observe",
    "remove",
    "render",
    "replace_elements",
    "revoke",
]
