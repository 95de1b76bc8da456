"""Gives memory back: a router has little, and the C library keeps what was freed (mallopt(3), malloc_trim(3))."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8


def be_frugal() -> None:
    """One heap for all threads, to be called before there are any: ours work one after the other."""
    ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """After work that took much and kept little, such as an import or an apply."""
    ctypes.CDLL(None).malloc_trim(0)
