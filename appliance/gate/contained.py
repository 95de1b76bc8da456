"""Errors of ours: they end one connection, and never the process with all the others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Abandonable(Protocol):
    def abandon(self) -> None:
        """Give up what this object stands for, whatever state it is in."""


Owner = TypeVar("Owner", bound=Abandonable)
Arguments = ParamSpec("Arguments")


def contained(method: Callable[Concatenate[Owner, Arguments], None]) -> Callable[Concatenate[Owner, Arguments], None]:
    """For what the loop calls."""

    def run(self: Owner, /, *arguments: Arguments.args, **options: Arguments.kwargs) -> None:
        try:
            method(self, *arguments, **options)
        except Exception:
            sys.excepthook(*sys.exc_info())
            self.abandon()

    return run
