"""The one error that reaches a person: what is wrong, where, and what to do."""

from __future__ import annotations

from appliance.text import Text


class SekishoError(Exception):
    """Refused input or a failed step, said in one sentence per language.

    `code` is stable and short (``account.wrong-code``); programs, tests and metrics
    match on it, never on the words. The text must not contain a secret.
    """

    def __init__(self, code: str, ja: str, en: str) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.text = Text(ja, en)

    def __reduce__(self) -> tuple[type[SekishoError], tuple[str, str, str]]:
        """Across processes it goes as what it says, whatever more a kind of it knows."""
        return SekishoError, (self.code, self.text.ja, self.text.en)
