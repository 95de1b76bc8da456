"""The settings last applied: what a restart goes back to."""

from __future__ import annotations

from pathlib import Path

from appliance import paths
from appliance.files import write_atomically
from appliance.site import load
from appliance.site.model import Site


def in_force(path: Path = paths.SITE_IN_FORCE) -> str | None:
    """The text of the settings in force, as the vendor wrote it; None before the first apply."""
    if not path.exists():
        return None
    return load.read(path)


def put_in_force(text: str, path: Path = paths.SITE_IN_FORCE) -> Site:
    """Check `text` and make it the settings in force, atomically; refused text changes nothing.

    Raises SiteError.
    """
    site = load.parse(text)
    write_atomically(path, text)
    return site
