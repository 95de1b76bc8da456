"""Reviewed text beside its test: one way to compare with it, and one to write it anew."""

from __future__ import annotations

import os
from pathlib import Path


def golden(path: Path, text: str) -> str:
    """What the reviewed file at `path` holds, to compare `text` with.

    With ``SEKISHO_GOLDEN=write`` in the environment `text` is written there first.
    """
    if os.environ.get("SEKISHO_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8")
