"""What a plan or an apply changes, as numbered sentences."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from appliance.cli.words import languages
from appliance.sentences import in_sentences
from appliance.text import Text

_LISTED = Text("（項目は --json で見られます）", " (listed by --json)")


def list_changes(changes: Sequence[dict[str, Any]], args: argparse.Namespace) -> int:
    """Numbered sentences, the second language under the first. Returns how many."""
    sentences = list(in_sentences(changes, _LISTED))
    places = len(str(len(sentences)))
    for number, sentence in enumerate(sentences, 1):
        label = f"{number:{places}}. "
        for language in languages(args):
            print(label + sentence.in_language(language))
            label = " " * len(label)
    return len(sentences)
