"""The boot loader's entries on the EFI system partition: one kernel image (UKI) for each version.

systemd-boot starts the newest, counting down in the file's name (Automatic Boot Assessment, systemd.io); one whose
count is used up comes last, one that was proven has no count any more. What waits for its hour has a name that is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import SekishoError
from appliance.files import sync_directory
from appliance.update import disk

TRIES = 2
_NAME = re.compile(r"sekisho_(?P<version>[0-9.]+?)(?P<count>\+[0-9]+(-[0-9]+)?)?\.efi(?P<waits>\.next|\.part)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """counted: still on trial. waits: not for the boot loader yet; half: not even whole."""

    name: str
    version: str
    counted: bool
    waits: bool
    half: bool


def parse(name: str) -> Entry | None:
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return Entry(
        name,
        found["version"],
        found["count"] is not None,
        found["waits"] is not None,
        found["waits"] == ".part",
    )


class Entries:
    """directory: ``EFI/Linux`` of the EFI system partition. Raises SekishoError ``firmware.disk``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def listed(self) -> list[Entry]:
        try:
            return [entry for path in sorted(self.directory.iterdir()) if (entry := parse(path.name))]
        except OSError as error:
            raise disk.failed(self.directory, error) from None

    def of(self, version: str) -> Entry | None:
        """The one that the boot loader may start."""
        return next((entry for entry in self.listed() if entry.version == version and not entry.waits), None)

    def is_blessed(self, version: str) -> bool:
        found = self.of(version)
        return found is not None and not found.counted

    def proven(self, version: str) -> str:
        """The name of its entry. Raises SekishoError ``firmware.not-proven`` where it is still on trial."""
        found = self.of(version)
        if found is None or found.counted:
            raise SekishoError(
                "firmware.not-proven",
                f"動いている版 {version} が確かめられるまで、ほかの版は入れられません。"
                "10分ほど待って、もう一度行ってください。",
                f"Nothing else is installed until version {version}, which runs, is proven: wait for some ten minutes "
                "and try again.",
            )
        return found.name

    def keep_only(self, version: str, and_half_of: str) -> None:
        """Durably: from here on the boot loader knows one version, which must be proven, since nothing else would be
        left to come back to; what there is of `and_half_of` is kept as half of an entry."""
        self.proven(version)
        for entry in self.listed():
            if entry.version == and_half_of and not entry.half:
                self._rename(entry.name, self.half(entry.version).name)
        for entry in self.listed():
            if entry.version not in (version, and_half_of):
                self._remove(entry.name)
        self.sync()

    def half(self, version: str) -> Path:
        """Where to put together what becomes the version's entry."""
        return self.directory / f"sekisho_{version}.efi.part"

    def whole(self, version: str) -> None:
        """What is put together there is whole, and on the disk."""
        self._rename(self.half(version).name, f"sekisho_{version}.efi.next")

    def arm(self, version: str) -> None:
        """The boot loader may try it, from the beginning of its count. One that is empty is none."""
        whole = (entry for entry in self.listed() if entry.version == version and not entry.half)
        found = next((entry for entry in whole if self._holds_something(entry.name)), None)
        if found is None:
            raise disk.failed(self.directory / f"sekisho_{version}.efi", FileNotFoundError(2, "No such file"))
        self._rename(found.name, f"sekisho_{version}+{TRIES}.efi")

    def sync(self) -> None:
        sync_directory(self.directory)

    def _holds_something(self, name: str) -> bool:
        """A power cut while it got a name may have left that and nothing more; the boot loader passes it over."""
        try:
            return (self.directory / name).stat().st_size > 0
        except OSError as error:
            raise disk.failed(self.directory / name, error) from None

    def _rename(self, name: str, new: str) -> None:
        if name == new:
            return
        try:
            (self.directory / name).rename(self.directory / new)
            # FAT keeps size and place of a file beside its name, and Linux puts those to a new name only with the file:
            # with the directory alone a power cut would leave a name of nothing.
            with disk.opened(self.directory / new, writable=False) as moved:
                moved.sync()
            self.sync()
        except OSError as error:
            raise disk.failed(self.directory / name, error) from None

    def _remove(self, name: str) -> None:
        try:
            (self.directory / name).unlink(missing_ok=True)
        except OSError as error:
            raise disk.failed(self.directory / name, error) from None
