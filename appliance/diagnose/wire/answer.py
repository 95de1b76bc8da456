"""One request on the socket that is standard input, and its answer: ``sekisho wire``.

A process of its own, which needs CAP_NET_RAW and nothing else: no user, no file, no other capability. Whoever asks it
need not believe it, since it hears strangers. A request is a line of JSON:

``{"line": PORT}``, ``{"lan": WIRE}``
    What was heard, JSON: ``{"heard": EVIDENCE}`` (`LineEvidence`, `LanEvidence`); where the port cannot be heard,
    ``{"refused": ERRNO}``.
``{"capture": {"port": …, "seconds": …, "bytes": …, "payload": …}}``
    Pieces of a pcap file as they come, as `capture.record` says.
"""

from __future__ import annotations

import json
import socket
import sys
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter

from appliance.diagnose.capture import record
from appliance.diagnose.lan.evidence import LanEvidence, Wire
from appliance.diagnose.lan.survey import survey
from appliance.diagnose.line.evidence import LineEvidence
from appliance.diagnose.line.probe import probe

LONGEST_REQUEST = 1 << 20
"""Bytes."""


def main() -> int:
    # Whoever asked may be gone by now; then nobody needs an answer.
    with suppress(ConnectionError), socket.socket(fileno=0) as asker:
        with asker.makefile("rb") as stream:
            request = json.loads(stream.readline(LONGEST_REQUEST))
        match request:
            case {"capture": {"port": port, "seconds": seconds, "bytes": room, "payload": payload}}:
                record.record(asker, record.Order(str(port), float(seconds), int(room), bool(payload)))
            case _:
                asker.sendall(_heard(request))
    return 0


def _heard(request: Any) -> bytes:
    try:
        match request:
            case {"line": str(port)}:
                heard = TypeAdapter(LineEvidence).dump_python(probe(port), mode="json")
            case {"lan": wire}:
                evidence = survey(TypeAdapter(Wire).validate_python(wire))
                heard = TypeAdapter(LanEvidence).dump_python(evidence, mode="json")
            case _:
                raise ValueError("no such request")
    except OSError as error:
        return json.dumps({"refused": error.errno}).encode()
    return json.dumps({"heard": heard}).encode()


if __name__ == "__main__":
    sys.exit(main())
