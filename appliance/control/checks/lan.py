"""Asks each of the clinic's wires who is there: for `apart`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from appliance.control import hearing
from appliance.diagnose.lan.evidence import LanEvidence, Wire
from appliance.errors import SekishoError
from appliance.kernel.line import has_carrier


def gather(asked: tuple[Wire, ...]) -> tuple[LanEvidence, ...]:
    with ThreadPoolExecutor(len(asked)) as threads:
        return tuple(threads.map(_look, asked))


def _look(wire: Wire) -> LanEvidence:
    if not has_carrier(wire.interface):
        return LanEvidence(wire, False)
    try:
        return hearing.lan(wire)
    except SekishoError as error:
        if error.code != "diagnose.cannot-listen":
            raise
        # It had a carrier a moment ago.
        return LanEvidence(wire, False)
