"""The pages' own words, Japanese and English, one module for each page."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.text import Language, Text


def in_language(words: Mapping[str, Text], language: Language) -> dict[str, str]:
    return {name: text.in_language(language) for name, text in words.items()}
