"""Which version runs: light enough for the daemon."""

from __future__ import annotations

import platform
import re

VERSION_PATTERN = r"^(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){0,3}$"


def version() -> str | None:
    """``IMAGE_VERSION`` of os-release(5); None where the system is no image of ours."""
    try:
        found = platform.freedesktop_os_release().get("IMAGE_VERSION", "")
    except OSError:
        return None
    return found if re.fullmatch(VERSION_PATTERN, found) else None
