"""What is handed out as a capture."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from appliance.control.capturing import Capturing
from appliance.errors import SekishoError


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
