"""The settings as they are being written, on the disk: one section at a time, by whoever saw the newest draft."""

from __future__ import annotations

import hashlib
from typing import Any

from appliance import paths
from appliance.control import apart
from appliance.errors import SekishoError
from appliance.files import write_atomically

_OPENING = "appliance.control.opening"


def read() -> dict[str, Any]:
    """See `site.edit.Draft`; with ``revision``, which changes with the text. SekishoError: it cannot be read."""
    draft: dict[str, Any] = apart.call(_OPENING, "draft", paths.SITE)
    return {**draft, "revision": _revision(draft["toml"])}


def edit(section: str, value: Any, revision: str) -> dict[str, Any]:
    """Write `section` (None: take it out) and return the new draft, ``written`` True.

    Where the section itself has problems nothing is written: the draft that would have been is returned with them,
    ``written`` False. Raises SekishoError ``site.changed`` when the settings are no longer those of `revision`.
    """
    told, before = apart.call(_OPENING, "edited_draft", paths.SITE, section, value)
    if _revision(before) != revision:
        raise SekishoError(
            "site.changed",
            "この設定は、ほかの画面かファイルで書き換えられました。新しい内容を見てから、もう一度直してください。",
            "These settings have been changed elsewhere: look at what they are now, and change them again.",
        )
    accepted = not any(problem["section"] == section for problem in told["problems"])
    if accepted:
        write_atomically(paths.SITE, told["toml"])
    # Of what is on the disk: whoever corrects what was refused has seen that.
    return {**told, "revision": _revision(told["toml"] if accepted else before), "written": accepted}


def _revision(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
