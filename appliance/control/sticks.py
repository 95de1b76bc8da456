"""What is on the memory sticks that are plugged in.

udev has each of them mounted read-only below `paths.STICKS`; here they are only looked at. What a file is called does
not matter: its first bytes tell what it is.
"""

from __future__ import annotations

import os
import unicodedata
from itertools import islice
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.account import armour
from appliance.errors import SekishoError
from appliance.files import opened_from_others, read_from_others

MOST = 200
"""Files of one stick that are looked at, at its top only."""
_HEADS = {
    armour.BEGIN.encode(): "account",
    b"SEKISHO FIRMWARE ": "firmware",
}
_LONGEST = max(map(len, _HEADS))


def listing(directory: Path = paths.STICKS) -> list[dict[str, Any]]:
    """Of each file that is for us: kind (``account``, ``firmware``), path, size in bytes, stick."""
    return [
        {"kind": kind, "path": str(file), "size": size, "stick": file.parent.name}
        for folder in sorted(directory.glob("*"))
        for file in sorted(_files(folder))
        for kind, size in _looked_at(file)
    ]


def account(path: str, directory: Path = paths.STICKS) -> bytes:
    """The account that `listing` tells by this path, and nothing else of the machine's.

    At most one byte more than an account may have. Raises SekishoError ``sticks.gone``.
    """
    chosen("account", path, directory)
    try:
        return read_from_others(Path(path), armour.MAX_FILE + 1)
    except OSError:
        raise _gone() from None


def chosen(kind: str, path: str, directory: Path = paths.STICKS) -> None:
    """Nothing, where `listing` tells a file of this kind by this path; else SekishoError ``sticks.gone``."""
    if not any((file["kind"], file["path"]) == (kind, path) for file in listing(directory)):
        raise _gone()


def _gone() -> SekishoError:
    return SekishoError(
        "sticks.gone",
        "そのファイルは、差してある USB メモリーにもうありません。USB メモリーを差し直して、もう一度選んでください。",
        "That file is no longer on a memory stick that is plugged in: plug the stick in again and choose once more.",
    )


def _files(folder: Path) -> list[Path]:
    try:
        return [file for file in islice(folder.iterdir(), MOST) if _can_be_shown(file.name)]
    except OSError:
        # Pulled in this moment, or damaged.
        return []


def _can_be_shown(name: str) -> bool:
    """What is no character, steers terminals or turns the text around is no name that anybody could choose by."""
    return not any(unicodedata.category(character).startswith("C") for character in name)


def _looked_at(file: Path) -> list[tuple[str, int]]:
    """Kind and size of a file that is for us."""
    try:
        with opened_from_others(file) as descriptor:
            head, size = os.read(descriptor, _LONGEST), os.fstat(descriptor).st_size
    except OSError:
        return []
    return [(kind, size) for begins, kind in _HEADS.items() if head.startswith(begins)]
