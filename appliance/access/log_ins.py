"""The log-ins, in one file that only root reads: names, roles, hashes; secrets of authenticator applications sealed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from appliance.errors import SekishoError
from appliance.files import write_atomically

ROLES = ("manager", "vendor", "datacenter")
MOST = 32
"""Log-ins on one router."""
MOST_KEYS = 5
MOST_BROWSERS = 10
NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")


@dataclass(frozen=True, slots=True)
class Totp:
    """sealed: the secret. step: the last one of which a code was accepted (RFC 6238, section 5.2)."""

    sealed: str = field(repr=False)
    step: int


@dataclass(frozen=True, slots=True)
class Key:
    """A security key. id, public (COSE): base64url. count: uses, as it says. host: under which it was added."""

    id: str
    public: str
    count: int
    host: str
    label: str
    added: str


@dataclass(frozen=True, slots=True)
class Browser:
    """One that has logged in. digest: of its token. until: ISO 8601."""

    digest: str
    until: str


@dataclass(frozen=True, slots=True)
class LogIn:
    """password: PHC string. first: it was made by the router and has to be changed. until: ISO 8601, when a first
    password ends, empty for the one on the label. user: for security keys, base64url, says nothing about anybody.
    """

    name: str
    role: str
    password: str = field(repr=False)
    first: bool
    until: str
    made: str
    user: str
    totp: Totp | None = None
    keys: tuple[Key, ...] = ()
    browsers: tuple[Browser, ...] = ()

    @property
    def second(self) -> bool:
        """It asks for a second factor."""
        return self.totp is not None or bool(self.keys)


def read(path: Path) -> dict[str, LogIn]:
    """By name; nobody where there is no file. Raises SekishoError ``access.damaged``: nobody can log in then."""
    try:
        document = json.loads(path.read_bytes())
        return {one["name"]: _log_in(one) for one in document["log_ins"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise SekishoError(
            "access.damaged",
            f"ログインの登録（{path}）を読めません。本体の画面で「sekisho access first-password」を実行し、"
            "登録し直してください。",
            f"the log-ins ({path}) cannot be read: run `sekisho access first-password` on the router's own "
            "console, and register them anew.",
        ) from None


def write(path: Path, log_ins: Mapping[str, LogIn]) -> None:
    """Raises SekishoError ``access.cannot-store``."""
    document = {"log_ins": [asdict(one) for one in log_ins.values()]}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, json.dumps(document, indent=1) + "\n")
    except OSError as error:
        raise SekishoError(
            "access.cannot-store",
            f"ログインの登録を {path.parent} に保存できません（{error.strerror}）。ディスクの空きを確かめてください。",
            f"cannot store the log-ins in {path.parent} ({error.strerror}): check the space on the disk.",
        ) from None


def _log_in(document: dict[str, Any]) -> LogIn:
    one = LogIn(
        **document
        | {
            "totp": Totp(**document["totp"]) if document["totp"] else None,
            "keys": tuple(Key(**key) for key in document["keys"]),
            "browsers": tuple(Browser(**browser) for browser in document["browsers"]),
        }
    )
    if one.role not in ROLES or NAME.fullmatch(one.name) is None:
        raise ValueError(one.name)
    return one
