"""The status page as a process of its own: it talks to browsers and asks the local API, nothing else."""

from __future__ import annotations

import sys

from appliance.engines.spec import EngineSpec
from appliance.intent.model import RouterIntent
from appliance.intent.names import PAGE_PORT, PAGE_USER
from appliance.text import Text


def web_spec(intent: RouterIntent) -> EngineSpec:
    return EngineSpec(
        name="web",
        title=Text("状態のページ", "the status page"),
        argv=(sys.executable, "-I", "-m", "webui", "--listen", f"{intent.lan.address.ip}:{PAGE_PORT}"),
        user=PAGE_USER,
    )
