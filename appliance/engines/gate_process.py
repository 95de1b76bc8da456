"""The gate as a process of its own: it speaks TLS with strangers, so it has no privilege at all."""

from __future__ import annotations

import sys

from appliance import paths
from appliance.engines.spec import Directory, EngineSpec
from appliance.intent.names import GATE_USER
from appliance.text import Text

NAME = "gate"


def gate_spec() -> EngineSpec:
    """Its settings come over its control socket, so it has no file to read again."""
    return EngineSpec(
        name=NAME,
        title=Text("接続の関所（ゲート）", "the gate"),
        argv=(sys.executable, "-I", "-m", "appliance.gate", str(paths.GATE_SOCKET)),
        directories=(Directory(paths.GATE_SOCKET.parent, 0o750, GATE_USER),),
        user=GATE_USER,
    )
