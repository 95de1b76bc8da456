"""Whoever builds the image again from the same tree gets the same, but for signatures."""

from __future__ import annotations

import os
import subprocess

from tests.image import same_bits
from tests.image.emulated import OUTPUT
from tests.lab.filesystem import PROJECT


def test_second_build_is_the_same() -> None:
    environment = {**os.environ, "OUTPUT": "again", "FRESH": "1"}
    subprocess.run([PROJECT / "scripts" / "image"], cwd=PROJECT, env=environment, check=True, timeout=1500)
    assert list(same_bits.compare(OUTPUT, OUTPUT.with_name("again"))) == []
