"""Who may call what: levels of access to an API, as data.

`READ_WRITE` is everything, `REFERENCE` what a list of methods and paths says, `NONE` nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

_PLAIN_PATH = re.compile(r"/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:/|$))*")
"""No segment that begins with a dot, none that is empty, nothing encoded: what every server reads alike."""


class Level(IntEnum):
    NONE = 0
    REFERENCE = 1
    READ_WRITE = 2

    @property
    def word(self) -> str:
        """As the account and the settings have it."""
        return self.name.lower().replace("_", "-")


LEVELS: Mapping[str, Level] = {level.word: level for level in Level}


@dataclass(frozen=True, slots=True)
class Rule:
    """methods: in capitals. path: the whole path, or with a star at its end all paths that begin so."""

    methods: frozenset[str]
    path: str

    def covers(self, method: str, path: str) -> bool:
        if method not in self.methods:
            return False
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path


@dataclass(frozen=True, slots=True)
class Access:
    """default: for terminals whose certificate is not named. by_certificate: by its common name. at_most: by the
    terminal's address; of others there is no such limit. reference: what that level covers."""

    default: Level
    by_certificate: Mapping[str, Level]
    at_most: Mapping[str, Level]
    reference: tuple[Rule, ...]

    def level_of(self, certificate: str | None, address: str) -> Level:
        """certificate: common name of the one that was shown."""
        granted = self.default if certificate is None else self.by_certificate.get(certificate, self.default)
        return min(granted, self.at_most.get(address, Level.READ_WRITE))

    def permits(self, level: Level, method: str, target: str) -> bool:
        """target: the request's, in origin form (RFC 9112 section 3.2.1); what follows the question mark counts not."""
        if level is not Level.REFERENCE:
            return level is Level.READ_WRITE
        path = target.partition("?")[0]
        return bool(_PLAIN_PATH.fullmatch(path)) and any(rule.covers(method, path) for rule in self.reference)
