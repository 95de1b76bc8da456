"""How a service reaches the terminals: apart from the model, so that who knows only this needs no validator."""

from __future__ import annotations

from enum import StrEnum


class ServiceMode(StrEnum):
    PASSTHROUGH = "passthrough"
    TERMINATE = "terminate"
