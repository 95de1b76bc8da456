"""Every version of the settings that was tried or in force: numbered files, bounded, whole after a power cut.

A version names its account by fingerprint; the account itself, as the account store keeps it (sealed), lies
beside it once for all the versions that share it. Only root reads any of this: settings may hold a line's password.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from appliance import paths
from appliance.errors import SekishoError
from appliance.files import remove_durably, write_atomically
from appliance.site.trial import Ending
from appliance.text import Text

VERSIONS = 50
ACCOUNTS = 5
"""How many are kept."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Version:
    """began, ended: UTC, ISO 8601. role, uid, name (of the log-in, empty on the console): who asked for it. site: as
    the vendor wrote it.

    serial, fingerprint (SHA-256, hex): of the account. trial: whether it was one. copy_of: the version that it
    brings back. ending None: still open.
    """

    number: int
    began: str
    role: str
    uid: int
    trial: bool
    copy_of: int | None
    serial: int
    fingerprint: str
    site: str
    ending: Ending | None = None
    ended: str = ""
    reason: Text | None = None
    name: str = ""


class History:
    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or paths.HISTORY

    def versions(self) -> list[Version]:
        """Oldest first."""
        found = (_read(path) for path in self._files())
        return [version for version in found if version is not None]

    def version(self, number: int) -> Version:
        """SekishoError ``history.no-such-version``."""
        found = _read(self._file(number)) if 0 < number < 10**6 else None
        if found is None:
            raise SekishoError(
                "history.no-such-version",
                f"版 {number} は残っていません。「sekisho site history」で残っている版を確かめてください。",
                f"version {number} is not kept: see `sekisho site history` for those that are.",
            )
        return found

    def account(self, version: Version) -> str:
        """The account of a version, sealed. SekishoError ``history.account-gone``."""
        try:
            return self._account(version.fingerprint).read_text()
        except (OSError, UnicodeDecodeError):
            raise SekishoError(
                "history.account-gone",
                f"版 {version.number} の接続アカウント（番号 {version.serial}）はもう残っていないので、"
                "この版には戻せません。設定だけを戻すには、site.toml を書き直して反映してください。",
                f"the account of version {version.number} (serial {version.serial}) is no longer kept, so this "
                "version cannot be brought back: write its settings into site.toml and apply them.",
            ) from None

    def kept(self, number: int) -> tuple[str, str]:
        """Account (sealed) and settings of a version; SekishoError as of `version` and `account`."""
        version = self.version(number)
        return self.account(version), version.site

    def begin(self, version: Version, account: str) -> Version:
        """Keep a version and its account; returns it with the number that it got."""
        numbers = [int(path.stem) for path in self._files()]
        numbered = replace(version, number=max(numbers, default=0) + 1)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The account first: there is never a version that looks restorable and is not.
        if not self._account(numbered.fingerprint).exists():
            write_atomically(self._account(numbered.fingerprint), account)
        self._write(numbered)
        self._prune()
        return numbered

    def end(self, number: int, ending: Ending, at: str, reason: Text | None = None) -> None:
        """Note how a version ended; one that is no longer kept is no matter."""
        version = _read(self._file(number))
        if version is not None:
            self._write(replace(version, ending=ending, ended=at, reason=reason))

    def _prune(self) -> None:
        files = self._files()
        for path in files[:-VERSIONS]:
            remove_durably(path)
        fingerprints = dict.fromkeys(version.fingerprint for version in reversed(self.versions()))
        kept = {self._account(fingerprint) for fingerprint in list(fingerprints)[:ACCOUNTS]}
        for path in set(self._directory.glob("account-*.json")) - kept:
            remove_durably(path)

    def _write(self, version: Version) -> None:
        write_atomically(self._file(version.number), json.dumps(asdict(version), ensure_ascii=False) + "\n")

    def _files(self) -> list[Path]:
        return sorted(path for path in self._directory.glob("*.json") if path.stem.isdigit())

    def _file(self, number: int) -> Path:
        return self._directory / f"{number:06}.json"

    def _account(self, fingerprint: str) -> Path:
        return self._directory / f"account-{fingerprint}.json"


def _read(path: Path) -> Version | None:
    try:
        raw = json.loads(path.read_bytes())
        ending, reason = raw["ending"], raw["reason"]
        return Version(
            **{
                **raw,
                "ending": Ending(ending) if ending else None,
                "reason": Text(reason["ja"], reason["en"]) if reason else None,
            }
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        _log.warning("%s is not readable (%s): left out of the history", path, type(error).__name__)
        return None
