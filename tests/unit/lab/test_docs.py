"""What docs/operator.md tells a data center to type is what the lab's data center runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lab import addresses, datacenter, wireguard
from tests.lab.datacenter import Concentrator

BLOCKS = re.findall(
    r"^```\w*\n(.*?)^```$", (Path(__file__).parents[3] / "docs/operator.md").read_text(), re.MULTILINE | re.DOTALL
)


def block(beginning: str) -> str:
    (found,) = [text for text in BLOCKS if text.startswith(beginning)]
    return str(found)


def concentrator() -> Concentrator:
    """As in the guide: the first one, with one clinic."""
    found = Concentrator(addresses.CONCENTRATORS[1], "(this one's)", "")
    found.admit(wireguard.Clinic("(the clinic's)", "(secret)", addresses.CLINIC_INNER))
    return found


@pytest.mark.parametrize(
    ("place", "rendered"),
    [
        (addresses.CONCENTRATORS[1].backbone.ip, concentrator().bird_configuration()),
        (addresses.CORE.ip, datacenter.core_bird_configuration()),
    ],
)
def test_bird(place: object, rendered: str) -> None:
    assert block(f"router id {place};") == rendered


def test_wireguard() -> None:
    ours = concentrator()
    rendered = wireguard.configuration(ours.private_key, addresses.WIREGUARD_PORT, ours.clinics)

    def without_keys(text: str) -> list[str]:
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return [re.sub(r"(Key = ).*", r"\1", line) for line in lines]

    assert without_keys(block("[Interface]")) == without_keys(rendered)


def test_forwarding() -> None:
    assert datacenter.FORWARDING in block("nft -f - <<")
