"""Gathers what the connectivity report says, and has it printed in a process of its own."""

from __future__ import annotations

import platform
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance import __version__
from appliance.control import apart, holdings, keep_page, versions
from appliance.control.ready import Ready
from appliance.hardware import machine
from appliance.site.history import History
from appliance.text import Language


@dataclass(frozen=True, slots=True)
class Printed:
    """number, passed: see `report.model.Report`."""

    pdf: bytes
    number: str
    passed: bool


def material(
    ready: Ready, history: History, status: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """All that a report is made of, as plain values: for `report.compose`. SekishoError: the account cannot be read.

    status, evidence: of the same moment. site: name, address, terminals, and the number of the version in force.
    """
    lan = ready.intent.lan
    standing = [version["number"] for version in versions.listing(history) if version["in_force"]]
    return {
        "status": dict(status),
        "evidence": [dict(seen) for seen in evidence],
        "account": holdings.account_shown(),
        "site": {
            "name": lan.router_name,
            "address": str(lan.address.ip),
            "version": standing[0] if standing else None,
            "terminals": [
                {"name": one.name, "label": one.label, "address": str(one.address), "mac": one.mac}
                for one in ready.site.terminals
            ],
        },
        "versions": {
            "Sekisho": __version__,
            "Linux": platform.release(),
            "OpenSSL": ssl.OPENSSL_VERSION,
            "OS": platform.freedesktop_os_release()["PRETTY_NAME"],
        },
        "device": _device(),
        "page": keep_page.urls(lan, ready.account.page)[0],
    }


def printed(material: Mapping[str, Any], language: Language) -> Printed:
    """Raises SekishoError `report.no-font`."""
    return Printed(*apart.call("appliance.report.paper", "printed", material, language))


def _device() -> str:
    found = machine.seen()
    return " ".join(value for value in (found.vendor, found.product, found.serial) if value)
