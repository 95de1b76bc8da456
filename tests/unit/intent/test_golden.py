"""The whole intent of some clinics as text under review: any change of a rule shows as a change of these files."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from appliance.intent import softwires
from appliance.intent.compile import compile
from appliance.intent.fresh import fresh
from appliance.intent.lines import with_ways
from appliance.intent.model import RouterIntent
from appliance.kernel.nft import render
from appliance.kernel.nft.fast_path import fitting
from tests.builders import MAINTAINER, WITHOUT_TUNNELS, lab_account, lab_site, lab_tunnel, static_wan, terminate_service
from tests.golden import golden
from tests.lab.machine import Machine
from tests.unit.intent.clinic import add_users
from tests.unit.intent.readable import readable

GOLDEN = Path(__file__).parent / "golden"

SEGMENTS: dict[str, Any] = {
    "backup_wan": {"kind": "dhcp", "interface": "usb0"},
    "lan": {"interface": "lan0", "address": "192.0.2.1/26", "reaches": ["imaging"]},
    "segments": [
        {"name": "imaging", "vlan": 20, "address": "192.0.2.129/28"},
        {
            "name": "guests",
            "interface": "lan1",
            "address": "192.0.2.145/28",
            "dhcp": {"first": "192.0.2.150", "last": "192.0.2.155"},
        },
    ],
    "routes": [{"to": "192.0.2.192/28", "via": "192.0.2.5"}],
    "forwards": [{"domains": ["*.insurer.example"], "servers": ["192.0.2.5", "192.0.2.194"]}],
    "terminals": [
        {
            "name": "reception",
            "label": "受付",
            "mac": "02:00:00:00:02:10",
            "address": "192.0.2.10",
            "internet_minutes": 30,
        },
        {"name": "imaging", "label": "画像", "mac": "02:00:00:00:02:12", "address": "192.0.2.130"},
    ],
}
DS_LITE: dict[str, Any] = {"kind": "ds-lite", "interface": "wan0", "aftr": "aftr.access.example"}
MAP_E: dict[str, Any] = {
    "kind": "map-e",
    "interface": "wan0",
    "br": "2001:db8:100::64",
    "rule_ipv6": "2001:db8:10::/44",
    "rule_ipv4": "198.51.100.192/28",
    "ea_bits": 12,
}
FAR_END = IPv6Address("2001:db8:100::64")
OWN_PREFIX = IPv6Network("2001:db8:12:3400::/56")
FRESH = "fresh"
"""No clinic yet."""
FOUND = frozenset({"ds-lite", "map-e", "internet-by-map-e"})
"""Clinics whose line has said what it gives; the others' intents are as `compile` makes them."""
CLINICS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "lab": ({}, {}),
    "static-wan-without-dhcp": (
        {"trust_url": "http://trust.cloud.example:8080/list"},
        {"wan": static_wan(), "lan": {"interface": "lan0", "address": "192.0.2.1/26"}},
    ),
    "segments-and-internet": ({}, SEGMENTS),
    "two-lines": (
        {},
        {
            "wan": {"kind": "dhcp", "interface": "wan0", "upload_mbit": 100},
            "backup_wan": {"kind": "dhcp", "interface": "usb0", "upload_mbit": 20},
            "time": {"ntp": ["ntp.time.example"], "nts": ["nts.time.example"]},
        },
    ),
    "ipoe": ({}, {"wan": {"kind": "ipoe", "interface": "wan0"}, "time": {"nts": ["nts.time.example"]}}),
    "two-families": (
        {},
        {"wan": {"kind": "ipoe", "interface": "wan0"}, "backup_wan": {"kind": "dhcp", "interface": "usb0"}},
    ),
    "pppoe": (
        {"tunnels": [lab_tunnel(1, mtu=1420), lab_tunnel(2)]},
        {"wan": {"kind": "pppoe", "interface": "wan0", "user": "clinic-0001@provider.example"}},
    ),
    "ds-lite": ({}, {"wan": DS_LITE}),
    "map-e": ({}, {"wan": MAP_E, "terminals": SEGMENTS["terminals"][:1]}),
    "maintenance": (
        {"maintainers": [MAINTAINER]},
        {"maintenance": [{"terminal": "reception", "services": ["rdp", 5901], "minutes": 30}]},
    ),
    "internet": (WITHOUT_TUNNELS, {}),
    "internet-by-map-e": (WITHOUT_TUNNELS, {"wan": MAP_E}),
    "one-tunnel-terminate-only": (
        {"tunnels": [lab_tunnel(1)], "services": [terminate_service()], "monitoring": []},
        {"terminals": [], "vendor": None, "language": "en"},
    ),
}


def compiled(clinic: str) -> RouterIntent:
    if clinic == FRESH:
        return fresh("lan0")
    account, site = CLINICS[clinic]
    intent = compile(lab_account(**account), lab_site(**site))
    if clinic not in FOUND:
        return intent
    way = softwires.way(intent.lines[0], 0, OWN_PREFIX[1], (OWN_PREFIX,), FAR_END)
    assert way is not None
    return with_ways(intent, [way])


@pytest.mark.parametrize("clinic", [*CLINICS, FRESH])
def test_the_intent_is_as_reviewed(clinic: str) -> None:
    intent = compiled(clinic)
    for suffix, text in ((".intent", readable(intent)), (".nft", render(intent.firewall))):
        assert text == golden(GOLDEN / (clinic + suffix), text)


@pytest.mark.namespaces
def test_the_kernel_takes_the_tables(tmp_path: Path) -> None:
    with Machine("router", tmp_path / "router") as router:
        add_users(router)
        for clinic in (*CLINICS, FRESH):
            router.run("nft", "-c", "-f", "-", input=render(fitting(compiled(clinic).firewall, (), offloads=False)))


def test_golden_files_have_a_clinic() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {*CLINICS, FRESH}
