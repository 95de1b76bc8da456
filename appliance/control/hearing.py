"""Asks a line or a wire what is there: for `apart`, where what strangers made another process say is checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pydantic import TypeAdapter

from appliance.control import wire
from appliance.diagnose.lan.evidence import LanEvidence, Wire
from appliance.diagnose.line.evidence import LineEvidence
from appliance.errors import SekishoError


def line(port: str) -> LineEvidence:
    """See `appliance.diagnose.line.probe`. Raises SekishoError ``diagnose.cannot-listen``, ``wire.not-there``."""
    with _told(port):
        return TypeAdapter(LineEvidence).validate_python(wire.ask({"line": port}))


def lan(asked: Wire) -> LanEvidence:
    """See `appliance.diagnose.lan.survey`. Raises as `line`."""
    with _told(asked.interface):
        heard = wire.ask({"lan": TypeAdapter(Wire).dump_python(asked, mode="json")})
    # What the wire is we know better than whoever was told.
    return replace(TypeAdapter(LanEvidence).validate_python(heard), wire=asked)


@contextmanager
def _told(port: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SekishoError(
            "diagnose.cannot-listen",
            f"ポート {port} の様子を聞けません（{error.strerror}）。ポートの名前とケーブルを確かめてください。",
            f"cannot listen at port {port} ({error.strerror}); check the port's name and its cable.",
        ) from error
