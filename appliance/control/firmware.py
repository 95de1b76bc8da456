"""Until when what this router runs on gets security fixes."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

_DEBIAN: Mapping[str, date] = {"12": date(2028, 6, 30), "13": date(2030, 6, 30)}
"""End of long-term support of each release, https://wiki.debian.org/LTS."""


def support_end() -> tuple[str, datetime] | None:
    """The system's name and the end of its support; None where nobody says. See os-release(5)."""
    try:
        return end_in(platform.freedesktop_os_release())
    except OSError:
        return None


def end_in(release: Mapping[str, str]) -> tuple[str, datetime] | None:
    """release: the variables of os-release(5). An image that says so itself is believed first."""
    name = f"{release['NAME']} {release.get('VERSION_ID', '')}".rstrip()
    try:
        day = date.fromisoformat(release["SUPPORT_END"])
    except (KeyError, ValueError):
        found = _DEBIAN.get(release.get("VERSION_ID", "")) if release.get("ID") == "debian" else None
        if found is None:
            return None
        day = found
    return name, datetime.combine(day, time.max, UTC)
