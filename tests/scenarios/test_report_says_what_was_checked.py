"""The connectivity report of a real clinic: on paper what the router has proven, and no more than that."""

from __future__ import annotations

import re

import pytest

from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.wires import Direction
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

PAPER = "/tmp/report.pdf"


def words(world: World) -> str:
    """All of the paper's, without spaces and line ends."""
    return re.sub(r"\s", "", world.router.machine.run("pdftotext", PAPER, "-").stdout)


def test_report_says_what_was_checked(clinic: World) -> None:
    made = clinic.router.sekisho("report", PAPER)
    paper = words(clinic)
    assert "疎通を確認しました" in paper
    for address in (str(place.receipt.ip) for place in addresses.ENGINES.values()):
        assert address in paper
    assert clinic.pki.pins[0] in paper
    number = re.search(r"[0-9A-F]{4}(-[0-9A-F]{4}){3}", made.stdout)
    assert number and number[0] in paper

    for concentrator in addresses.CONCENTRATORS:
        clinic.links[f"conc{concentrator}", "internet"].cut(*Direction)
    until(lambda: observe.light_states(clinic)["tunnel"] == "failed", "the light of the tunnels")
    refused = clinic.router.sekisho("report", PAPER, "--language", "en", check=False)
    assert refused.returncode == 1
    assert "Connectivitycouldnotbeconfirmed" in words(clinic)
