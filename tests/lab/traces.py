"""What a world would leave behind if it left anything."""

from __future__ import annotations

from pathlib import Path


def traces(directory: Path) -> list[str]:
    """Tasks of this host, our own included, that still see the disk of a machine in `directory`."""
    found = []
    for mounts in Path("/proc").glob("[0-9]*/task/[0-9]*/mountinfo"):
        try:
            if str(directory) in mounts.read_text():
                found.append(str(mounts))
        except OSError:
            continue
    return found


def host_interfaces() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}
