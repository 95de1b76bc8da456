"""Asks a line or a wire what is there: for `apart`, where what strangers made another process say is checked."""

from __future__ import annotations

from dataclasses import replace

from pydantic import TypeAdapter

from appliance.control import wire
from appliance.diagnose.lan.evidence import LanEvidence, Wire
from appliance.diagnose.line.evidence import LineEvidence


def line(port: str) -> LineEvidence:
    """See `appliance.diagnose.line.probe`."""
    return TypeAdapter(LineEvidence).validate_python(wire.ask({"line": port}))


def lan(asked: Wire) -> LanEvidence:
    """See `appliance.diagnose.lan.survey`."""
    heard = wire.ask({"lan": TypeAdapter(Wire).dump_python(asked, mode="json")})
    # What the wire is we know better than whoever was told.
    return replace(TypeAdapter(LanEvidence).validate_python(heard), wire=asked)
