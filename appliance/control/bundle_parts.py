"""Puts the support bundle together: for `apart`, where the account and the settings are opened.

Each part comes from a source that is named here or by whoever calls: nothing is copied from a folder, and of settings
and account goes in what is listed. As the last thing each part is looked through for every secret that this router
holds; one that held any is left out, and the manifest says so.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from appliance import paths
from appliance.account.inspect import redacted
from appliance.account.model import Account
from appliance.account.seal import SystemdCreds
from appliance.account.store import AccountStore
from appliance.control import in_force, line_passwords
from appliance.errors import SekishoError
from appliance.site import load

Parts = Mapping[str, str]
"""Text by the name of a file."""
LARGEST = 2 * 1024 * 1024
"""Characters of one part; what is longer loses its beginning."""
_SHORTEST_SECRET = 6
"""Characters. A shorter one would be found in any text."""
_KEY_LINE = 32
"""Characters of a line of a PEM key that are never there by chance."""

_LINE = dict.fromkeys(
    (
        *("kind", "interface", "upload_mbit", "address", "gateway", "dns", "mtu"),
        *("aftr", "br", "rule_ipv6", "rule_ipv4", "ea_bits"),
    ),
    True,
)
"""Not `user`: by it the provider knows the clinic."""
_ADDRESSED = dict.fromkeys(("name", "interface", "vlan", "address", "dhcp", "reaches"), True)
_TERMINAL = dict.fromkeys(("name", "mac", "address", "internet_minutes", "access"), True)
_SITE: Mapping[str, Any] = {
    **dict.fromkeys(
        ("language", "page", "tunnels", "services", "routes", "forwards", "maintenance", "time", "update"), True
    ),
    "wan": _LINE,
    "backup_wan": _LINE,
    "lan": _ADDRESSED,
    "segments": {"__all__": _ADDRESSED},
    "terminals": {"__all__": _TERMINAL},
}
"""What of the settings goes in: free words (labels, the vendor's name) and comments do not."""


def assemble(parts: Parts, lines: tuple[str, ...]) -> bytes:
    """A gzipped tar of `parts`, of the settings in force and of the account. lines: names of those with passwords."""
    account = _opened()
    whole = {**parts, "settings.json": _settings(), "account.json": _account(account)}
    secrets = tuple(_secrets(account, lines))
    kept = {name: text[-LARGEST:] for name, text in whole.items() if not _holds(text, secrets)}
    manifest = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "serials": {"account": account.serial, "trust_list": account.trust_serial} if account else None,
        "parts": sorted(kept),
        "left_out": sorted(set(whole) - set(kept)),
    }
    return packed({**kept, "manifest.json": json.dumps(manifest, indent=2) + "\n"})


def packed(parts: Parts) -> bytes:
    """As a gzipped tar (POSIX.1-2001) with one folder."""
    now = int(time.time())
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, text in sorted(parts.items()):
            data = text.encode(errors="replace")
            entry = tarfile.TarInfo(f"sekisho-support/{name}")
            entry.size, entry.mtime, entry.mode = len(data), now, 0o600
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _opened() -> Account | None:
    try:
        return AccountStore(paths.ACCOUNT, SystemdCreds(), paths.DESK_KEYS).load()
    except SekishoError:
        return None


def _account(account: Account | None) -> str:
    if account is None:
        return json.dumps(None)
    return json.dumps(redacted(account, datetime.now(UTC)), ensure_ascii=False, indent=2, default=str) + "\n"


def _settings() -> str:
    try:
        kept = in_force.read()
        if kept is None:
            return json.dumps(None)
        site = load.parse(kept.site)
    except SekishoError as error:
        return f"not to be had: {error.code}\n"
    return site.model_dump_json(include=dict(_SITE), exclude_none=True, indent=2) + "\n"


def _secrets(account: Account | None, lines: Iterable[str]) -> Iterator[str]:
    """All that this router keeps to itself."""
    yield from (secret.get_secret_value() for secret in line_passwords.known(lines).values())
    yield from _lines_of_key(_own_page())
    if account is None:
        return
    if account.wireguard_private_key is not None:
        yield account.wireguard_private_key.get_secret_value()
    yield from (tunnel.preshared_key.get_secret_value() for tunnel in account.tunnels)
    pairs = [account.identity, *(service.presented for service in account.services if service.presented)]
    pairs += [account.page] if account.page else []
    for pair in pairs:
        yield from _lines_of_key(pair.key.get_secret_value())


def _own_page() -> str:
    """Key and certificate of the device's own page, as they are kept; nothing before they are made."""
    try:
        return paths.PAGE_CERTIFICATE.read_text(errors="replace")
    except OSError:
        return ""


def _lines_of_key(pem: str) -> Iterator[str]:
    lines = pem.partition("PRIVATE KEY")[2].splitlines()
    return (line for line in lines if len(line) >= _KEY_LINE and not line.startswith("-"))


def _holds(text: str, secrets: Iterable[str]) -> bool:
    return any(secret in text for secret in secrets if len(secret) >= _SHORTEST_SECRET)
