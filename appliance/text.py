"""Text that a person reads: Japanese first, English beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Literal

Language = Literal["ja", "en"]

JAPAN = timezone(timedelta(hours=9), "JST")
"""The clinics' time, in which people are told of moments: one zone, no summer time; a router's own is often UTC."""


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    ja: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.ja if language == "ja" else self.en

    def as_dict(self) -> dict[str, str]:
        return {"ja": self.ja, "en": self.en}
