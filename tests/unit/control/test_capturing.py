"""What is handed out as a capture."""

from __future__ import annotations

import asyncio
import base64
import sys
from pathlib import Path

import pytest

from appliance.control import capturing as module
from appliance.control.capturing import Capturing, Order
from appliance.errors import SekishoError
from appliance.intent.compile import compile
from tests.builders import lab_account, lab_site


def test_no_name_leads_to_another_file(tmp_path: Path) -> None:
    folder, name = tmp_path / "captures", "20261123-100503-lan.pcap"
    folder.mkdir()
    for file in (folder / name, tmp_path / name, folder / "notes"):
        file.write_bytes(b"pcap")
    capturing = Capturing(folder)
    assert capturing.read(name) == {"name": name, "data": base64.b64encode(b"pcap").decode()}
    for other in (f"../{name}", f"{folder}/{name}", "notes", f"{name}\n", f"{name}\0", f"{name}.json", ""):
        with pytest.raises(SekishoError, match=r"capture\.unknown"):
            capturing.read(other)


def test_it_has_begun_when_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow router: whoever is told "started" does at once what is to be seen."""
    slow = "import time; time.sleep(0.5); print('head', flush=True); time.sleep(0.5)"
    monkeypatch.setattr(module, "_command", lambda *_: [sys.executable, "-c", slow])
    monkeypatch.setattr(module, "_interface", lambda *_: "lan0")

    async def begin() -> int:
        capturing = Capturing(tmp_path)
        begun = await capturing.start(Order("lan", 5, 1024, False), compile(lab_account(), lab_site()))
        size = (tmp_path / begun["name"]).stat().st_size
        await capturing.stop()
        return size

    assert asyncio.run(begin()) > 0
