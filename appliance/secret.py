"""A value that must not be shown by accident."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that neither repr, logs nor exceptions show; named as pydantic's SecretStr, which costs 14 MB to import."""

    _value: str = field(repr=False)

    def get_secret_value(self) -> str:
        return self._value
