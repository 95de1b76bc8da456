"""The desk's request: a TOML file that describes one clinic's account, with certificates and keys in files beside it.

Its keys are those of the account (docs/account.md). A key that ends in ``_file`` names a file, relative to the
request, whose content becomes the value of the key without the ending. Secrets come only that way.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.account.model import FORMAT
from appliance.account.secret_file import read_secret, unreadable
from appliance.errors import SekishoError

_SECRETS = ("key", "preshared_key", "wireguard_private_key")
_WIREGUARD = ("preshared_key", "wireguard_private_key")
_ENDING = "_file"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the desk fills in where the request is silent. Keys: WireGuard, base64."""

    not_before: datetime
    wireguard_private_key: str
    preshared_keys: tuple[str, ...]


def to_account_json(path: Path, defaults: Defaults) -> bytes:
    """Request file → account JSON, not yet checked against the account's structure.

    Raises as `to_json`.
    """
    values = _read(path, {"format": FORMAT, "not_before": defaults.not_before})
    if values.get("path") != "internet":
        values.setdefault("wireguard_private_key", defaults.wireguard_private_key)
    tunnels = values.get("tunnels")
    if isinstance(tunnels, list):
        for tunnel, generated in zip(tunnels, defaults.preshared_keys, strict=False):
            if isinstance(tunnel, dict):
                tunnel.setdefault("preshared_key", generated)
    return _encoded(values)


def to_json(path: Path, defaults: Mapping[str, Any]) -> bytes:
    """Request file → JSON, not yet checked against any structure. defaults: where the request is silent.

    Raises `account.file-unreadable`, `account.request`, `account.secret-exposed`, `account.secret-inline`.
    """
    return _encoded(_read(path, defaults))


def _encoded(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, default=_rfc3339).encode()


def _read(path: Path, defaults: Mapping[str, Any]) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise unreadable(path, error) from None
    except ValueError as error:
        raise SekishoError(
            "account.request",
            f"申込ファイル {path} を TOML として読めません（{error}）。その行を直してください。",
            f"The request {path} is not valid TOML ({error}): correct that line.",
        ) from None
    return {**defaults, **_resolved(document, path.parent, "")}


def _rfc3339(value: Any) -> str:
    """TOML's dates and times; its other values are JSON's."""
    return str(value.isoformat())


def _resolved(table: dict[str, Any], folder: Path, where: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in table.items():
        if key in _SECRETS:
            raise SekishoError(
                "account.secret-inline",
                f"申込ファイルの {where}{key} に秘密の値を直接書かないでください。"
                f"ファイルに入れて、{key}{_ENDING} でその名前を書いてください。",
                f"Do not write the secret {where}{key} in the request: "
                f"put it in a file and name the file in {key}{_ENDING}.",
            )
        if key.endswith(_ENDING) and isinstance(value, str):
            name = key.removesuffix(_ENDING)
            text = _content(folder / value, secret=name in _SECRETS)
            # `wg genkey` ends its output with a line break.
            result[name] = text.strip() if name in _WIREGUARD else text
        elif isinstance(value, dict):
            result[key] = _resolved(value, folder, f"{where}{key}.")
        elif isinstance(value, list):
            result[key] = [
                _resolved(entry, folder, f"{where}{key}[{index}].") if isinstance(entry, dict) else entry
                for index, entry in enumerate(value)
            ]
        else:
            result[key] = value
    return result


def _content(path: Path, *, secret: bool) -> str:
    if secret:
        data = read_secret(path)
    else:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise unreadable(path, error) from None
    return data.decode("utf-8", errors="replace")
