"""Text that a person reads: Japanese first, English beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    ja: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.ja if language == "ja" else self.en

    def as_dict(self) -> dict[str, str]:
        return {"ja": self.ja, "en": self.en}
