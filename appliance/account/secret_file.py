"""Reading a file that holds a secret: refused when everybody on the machine could read it too."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from appliance.errors import SekishoError


def read_secret(path: Path) -> bytes:
    """The content of `path`.

    Raises `account.secret-exposed` when its mode lets others read it, `account.file-unreadable`.
    """
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            data = stream.read()
    except OSError as error:
        raise unreadable(path, error) from None
    if mode & stat.S_IROTH:
        raise SekishoError(
            "account.secret-exposed",
            f"秘密のファイル {path} を、このコンピューターの誰でも読めてしまいます。"
            f"「chmod 600 {path}」で自分だけが読めるようにしてください。",
            f"Everybody on this computer can read the secret file {path}: make it yours alone with `chmod 600 {path}`.",
        )
    return data


def unreadable(path: Path, error: OSError) -> SekishoError:
    return SekishoError(
        "account.file-unreadable",
        f"ファイル {path} を読めません（{error.strerror}）。場所と名前を確かめてください。",
        f"Cannot read the file {path} ({error.strerror}): check where it is and its name.",
    )
