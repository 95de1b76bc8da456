"""How many connections may stand at once."""

from __future__ import annotations


class Admission:
    """In all, and for each terminal: pure book-keeping."""

    def __init__(self, total: int, per_terminal: int) -> None:
        self._total, self._per_terminal = total, per_terminal
        self.count = 0
        self.by_terminal: dict[str, int] = {}

    def enter(self, terminal: str) -> bool:
        """False when it is one too many: then it has not entered."""
        if self.count >= self._total or self.by_terminal.get(terminal, 0) >= self._per_terminal:
            return False
        self.count += 1
        self.by_terminal[terminal] = self.by_terminal.get(terminal, 0) + 1
        return True

    def leave(self, terminal: str) -> None:
        self.count -= 1
        self.by_terminal[terminal] -= 1
        if not self.by_terminal[terminal]:
            del self.by_terminal[terminal]
