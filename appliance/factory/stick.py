"""The factory's memory stick: told by a file on it, which may list serial numbers; it takes the labels home.

``sekisho-factory.toml``, at the top of the stick::

    serials = ["SK-000101", "SK-000102"]    # may be left out: then the machines keep their makers' numbers
"""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance import paths
from appliance.errors import SekishoError
from appliance.factory.label import file_name
from appliance.files import write_atomically

MARK = "sekisho-factory.toml"
_PATIENCE = 60.0
"""Seconds for a slow stick to be written."""


@dataclass(frozen=True, slots=True)
class Stick:
    """serials: as listed, in this order."""

    folder: Path
    serials: tuple[str, ...]

    @property
    def used(self) -> tuple[str, ...]:
        """Those of the list that have a label here."""
        return tuple(serial for serial in self.serials if (self.folder / file_name(serial)).exists())

    def take(self, name: str, pdf: bytes) -> None:
        """Durable when it returns. Raises SekishoError ``factory.cannot-write``."""
        try:
            with _writable(self.folder):
                write_atomically(self.folder / name, pdf)
        except (OSError, subprocess.SubprocessError) as error:
            raise SekishoError(
                "factory.cannot-write",
                f"USB メモリー（{self.folder}）にラベルを書けません（{error}）。空きと書き込み禁止を確かめてください。",
                f"The label cannot be written on the stick in {self.folder} ({error}): check that it has space, and "
                "that it is not write-protected.",
            ) from None


def found(directory: Path | None = None) -> Stick | None:
    """The first stick that is marked as the factory's. Raises SekishoError ``factory.bad-stick``."""
    for mark in sorted((directory or paths.STICKS).glob(f"*/{MARK}")):
        try:
            serials = tomllib.loads(mark.read_bytes().decode()).get("serials", [])
        except (OSError, ValueError, RecursionError) as error:
            raise _bad(mark, str(error)) from None
        if not isinstance(serials, list) or not all(isinstance(serial, str) for serial in serials):
            raise _bad(mark, "serials")
        return Stick(mark.parent, tuple(serials))
    return None


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """A stick is read-only for everybody, and all the time but this."""
    read_only = bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    if read_only:
        _remount(folder, "rw")
    try:
        yield
    finally:
        if read_only:
            _remount(folder, "ro")


def _remount(folder: Path, how: str) -> None:
    subprocess.run(
        ["mount", "-o", f"remount,{how}", str(folder)], check=True, timeout=_PATIENCE, stdout=subprocess.DEVNULL
    )


def _bad(mark: Path, why: str) -> SekishoError:
    return SekishoError(
        "factory.bad-stick",
        f'{mark} を読めません（{why}）。「serials = ["番号", …]」と書くか、中身を空にしてください。',
        f'{mark} cannot be understood ({why}): write `serials = ["NUMBER", …]`, or leave it empty.',
    )
