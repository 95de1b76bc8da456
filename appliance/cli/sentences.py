"""What a plan or an apply changes, as numbered sentences."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from appliance.cli.words import languages
from appliance.text import Text


def list_changes(changes: Sequence[dict[str, Any]], args: argparse.Namespace) -> int:
    """Numbered sentences, the second language under the first. Returns how many."""
    sentences = list(_sentences(changes))
    places = len(str(len(sentences)))
    for number, sentence in enumerate(sentences, 1):
        label = f"{number:{places}}. "
        for language in languages(args):
            print(label + sentence.in_language(language))
            label = " " * len(label)
    return len(sentences)


def _sentences(changes: Sequence[dict[str, Any]]) -> Iterator[Text]:
    """One for each change; the kernel's switches, which would bury the rest, are counted where the first stands."""
    switches = sum(change["subsystem"] == "sysctl" for change in changes)
    counted = False
    for change in changes:
        if change["subsystem"] != "sysctl":
            yield Text(change["text"]["ja"], change["text"]["en"])
        elif not counted:
            counted = True
            yield Text(
                f"カーネルの設定を {switches} 項目そろえます（項目は --json で見られます）。",
                f"set {switches} kernel {'switch' if switches == 1 else 'switches'} (listed by --json)",
            )
