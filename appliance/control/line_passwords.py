"""The passwords of the lines that need one, sealed at rest as the account is; no version of the settings holds them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from pathlib import Path

from appliance import paths
from appliance.account.seal import Sealer, SystemdCreds
from appliance.errors import SekishoError
from appliance.files import write_atomically
from appliance.secret import Secret
from appliance.text import Text

LINES = ("wan", "backup_wan")
"""As the settings call them."""
LONGEST = 128
_PASSWORD = re.compile(rf"[ -~]{{1,{LONGEST}}}")

_log = logging.getLogger(__name__)


def keep(line: str, password: Secret, directory: Path = paths.LINE_PASSWORDS) -> None:
    """Seal the password of `line` and keep it instead of the former one.

    Raises SekishoError ``line.bad-password``, ``account.cannot-seal``, ``line.cannot-store``.
    """
    if _PASSWORD.fullmatch(password.get_secret_value()) is None:
        raise SekishoError(
            "line.bad-password",
            f"パスワードは半角の英数字と記号で {LONGEST} 文字までです。書類のとおりに入力し直してください。",
            f"a password has up to {LONGEST} plain letters, digits and signs: type it as the papers show it.",
        )
    sealed = _sealer(line).seal(password.get_secret_value().encode("ascii"))
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(_file(directory, line), sealed)
    except OSError as error:
        raise SekishoError(
            "line.cannot-store",
            f"パスワードを {directory} に保存できません（{error.strerror}）。ディスクの空きを確かめてください。",
            f"cannot store the password in {directory} ({error.strerror}): check the space on the disk.",
        ) from None


def known(lines: Iterable[str], directory: Path = paths.LINE_PASSWORDS) -> dict[str, Secret]:
    """By the line's name; one that is not there, or cannot be unsealed any more, is left out and logged."""
    found = {}
    for line in lines:
        try:
            sealed = _file(directory, line).read_text(errors="replace")
            found[line] = Secret(_sealer(line).unseal(sealed).decode("ascii"))
        except FileNotFoundError:
            continue
        except (SekishoError, OSError, UnicodeDecodeError) as error:
            _log.error("the password of line %s: %s", line, error)
    return found


def missing(line: str) -> SekishoError:
    return SekishoError(
        "line.no-password",
        f"回線 {line} のパスワードがまだありません。「sekisho line password {line}」で入力してください。",
        f"the password of line {line} is not here yet: type it into `sekisho line password {line}`.",
    )


def _file(directory: Path, line: str) -> Path:
    return directory / f"{line}.sealed"


def _sealer(line: str) -> Sealer:
    return SystemdCreds(
        f"sekisho-line-{line}",
        Text(f"回線 {line} のパスワード", f"the password of line {line}"),
        Text(f"「sekisho line password {line}」で入力し直して", f"type it again (`sekisho line password {line}`)"),
    )
