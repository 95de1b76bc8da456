"""The forms that the settings have had, and the way from each to the next and back. Pure, on the text of site.toml.

What is in force is kept in every form (`control.in_force`), so that a version that comes back after a newer one finds
its own. A newer form may be able to say what an older one cannot: that is left out on the way down, and what the older
one does without it is what it always did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SCHEMA = 3
"""The form that `model` describes."""


_MARK = "\ufeff"
"""What editors put before UTF-8 (see `load`)."""


@dataclass(frozen=True, slots=True)
class Step:
    """up: of text in a form, the same in the next one. down: its inverse, as far as the older form reaches."""

    up: Callable[[str], str]
    down: Callable[[str], str]


def _same(text: str) -> str:
    return text


def _without(table: str) -> Callable[[str], str]:
    def down(text: str) -> str:
        if table not in text:
            return text
        # Only for who needs it: the daemon should not carry it.
        import tomlkit

        bare = text.removeprefix(_MARK)
        document = tomlkit.parse(bare)
        if table not in document:
            return text
        del document[table]
        return text[: len(text) - len(bare)] + tomlkit.dumps(document)

    return down


STEPS = (Step(up=_same, down=_without("update")), Step(up=_same, down=_without("maintenance")))
"""From the first form on. 2: hours for updates (``[update]``). 3: remote maintenance (``[[maintenance]]``)."""


def raised(text: str, schema: int) -> str:
    """`text` of the form `schema` (1 to `SCHEMA`), in the newest."""
    for step in STEPS[schema - 1 :]:
        text = step.up(text)
    return text


def lowered(text: str, schema: int) -> str:
    """`text` of the newest form, in the form `schema` (1 to `SCHEMA`). text: has been checked (`load`)."""
    for step in reversed(STEPS[schema - 1 :]):
        text = step.down(text)
    return text
