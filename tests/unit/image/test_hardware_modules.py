"""What a hardware profile wants of the kernel is in the image."""

from __future__ import annotations

import runpy

import pytest

from tests.lab.filesystem import PROJECT

_SCRIPT = runpy.run_path(str(PROJECT / "scripts" / "hardware_modules.py"))


def test_modules_and_the_watchdog(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    _SCRIPT["main"](["10-qemu-q35", "90-intel-4-ports"])
    wanted = capsys.readouterr().out.strip().split(",")
    assert {"/i6300esb[.]ko", "/iTCO[-_]wdt[.]ko", "/virtio[-_]net[.]ko", "/igc[.]ko"} <= set(wanted)
