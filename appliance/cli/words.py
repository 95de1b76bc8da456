"""How commands speak: Japanese first, English beside it, or the one language that was asked for."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from appliance.text import Language, Text

BOTH = "both"
LANGUAGES: Mapping[str, tuple[Language, ...]] = {BOTH: ("ja", "en"), "ja": ("ja",), "en": ("en",)}

_ERROR = Text("エラー", "error")


def languages(args: argparse.Namespace) -> tuple[Language, ...]:
    return LANGUAGES[args.lang]


def say(args: argparse.Namespace, text: Text, stream: TextIO | None = None) -> None:
    """One line for each language."""
    for language in languages(args):
        print(text.in_language(language), file=stream or sys.stdout)


def complain(spoken: Iterable[Language], text: Text) -> None:
    for language in spoken:
        print(f"{_ERROR.in_language(language)}: {text.in_language(language)}", file=sys.stderr)


def may_colour(stream: TextIO) -> bool:
    """https://no-color.org, and nothing but text into files and pipes."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON で出す / as JSON")


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
