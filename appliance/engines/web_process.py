"""The router's page as a process of its own: the gate brings it what browsers ask, and it asks the local API."""

from __future__ import annotations

import sys

from appliance import paths
from appliance.engines.spec import Directory, EngineSpec
from appliance.intent.names import GATE_USER, PAGE_USER
from appliance.text import Text


def web_spec() -> EngineSpec:
    """It opens nothing on the network. The directory lets nobody but the gate come to its socket."""
    return EngineSpec(
        name="web",
        title=Text("状態のページ", "the status page"),
        argv=(sys.executable, "-I", "-m", "webui", "--socket", str(paths.PAGE_SOCKET)),
        directories=(Directory(paths.PAGE_SOCKET.parent, 0o710, PAGE_USER, GATE_USER),),
        user=PAGE_USER,
    )
