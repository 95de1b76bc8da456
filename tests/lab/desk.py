"""The data center's desk: it issues the clinic's account with the product's own offline command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from tests.lab import addresses
from tests.lab.datacenter import BFD_INTERVAL_MS, BFD_MULTIPLIER, Concentrator
from tests.lab.wireguard import Clinic

_SEKISHO = Path(sys.prefix, "bin", "sekisho")
_INSIDE = f"""\
dns = ["{addresses.CENTER_DNS.ip}"]
monitoring = ["{addresses.MONITORING}"]
ntp = ["{addresses.CENTER_NTP.ip}"]
trust_url = "http://{addresses.TRUST_HOST}:{addresses.TRUST_PORT}{addresses.TRUST_PATH}"
measure_url = "http://{addresses.MEASURE_HOST}:{addresses.MEASURE_PORT}{addresses.MEASURE_PATH}"\
"""
_BFD = f"""
[bfd]
interval_ms = {BFD_INTERVAL_MS}
multiplier = {BFD_MULTIPLIER}
"""
_MAINTAINER = f"""
[[maintainers]]
name = "vendor"
title = {{ ja = "サンプル商会の保守室", en = "Sample Systems support" }}
addresses = ["{addresses.MAINTAINER.ip}"]
"""
_CODE_GROUP = re.compile(r"^ +group \d +((?:\S )*\S)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Account:
    """file: what the installer gets on a USB stick. code: what comes by letter. clinics: by tunnel name."""

    file: Path
    code: str
    clinics: dict[str, Clinic]


class Desk:
    """A desk; `directory` (created) keeps its files. pki: folder written by `Pki.write`. key: which signs; None: a new
    one."""

    def __init__(self, directory: Path, pki: Path, pins: Iterable[str], key: Path | None = None) -> None:
        directory.mkdir(mode=0o700)
        self._directory = directory
        self._pki = pki
        self._pins = list(pins)
        self._serial = 0
        self._key = key or directory / "desk.key"
        self.public_keys = directory / "desk-keys.json"
        """What a router keeps as /etc/sekisho/desk-keys.json; made with a new key only."""
        if key is None:
            self._sekisho("keygen", "--key", self._key, "--public", self.public_keys)

    def issue(
        self,
        concentrators: Iterable[Concentrator],
        days: float = 365,
        rewrite: Callable[[str], str] = lambda request: request,
    ) -> Account:
        """A new account for the clinic of this world, with the next serial, valid for `days`. concentrators: none for
        one whose way is the internet.

        rewrite: what the clerk changes in the request before it is issued.
        """
        self._serial += 1
        folder = self._directory / str(self._serial)
        folder.mkdir(mode=0o700)
        request = folder / "request.toml"
        request.write_text(rewrite(self._request(concentrators, datetime.now(UTC) + timedelta(days=days))))
        account_file, letter, *peers = self._sekisho(
            "issue", request, "--key", self._key, "--out", folder
        ).stdout.splitlines()
        documents = [json.loads(Path(file).read_text()) for file in peers]
        clinics = {
            tunnel["name"]: Clinic(document["public_key"], tunnel["preshared_key"], addresses.CLINIC_INNER)
            for document in documents
            for tunnel in document["tunnels"]
        }
        groups = _CODE_GROUP.findall(Path(letter).read_text())
        code = "-".join(group.replace(" ", "") for group in groups)
        return Account(Path(account_file), code, clinics)

    def sign_trust(
        self, serial: int, pins: Mapping[str, Sequence[str]] = MappingProxyType({}), revocations: str = ""
    ) -> bytes:
        """A trust list for all clinics. pins: by host. revocations: PEM."""
        folder = self._directory / f"trust-{serial}-{len(list(self._directory.iterdir()))}"
        folder.mkdir()
        (folder / "revocations.pem").write_text(revocations)
        written = "".join(f"{json.dumps(host)} = {json.dumps(list(given))}\n" for host, given in pins.items())
        request = folder / "trust.toml"
        request.write_text(
            f'serial = {serial}\nissuer = "Lab desk"\nrevocations_file = "revocations.pem"\n\n[pins]\n{written}'
        )
        self._run("trust", "issue", request, "--key", self._key, "--out", folder / "list.jws")
        return (folder / "list.jws").read_bytes()

    def _sekisho(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self._run("account", *arguments)

    @staticmethod
    def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [_SEKISHO, *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        except subprocess.CalledProcessError as error:
            error.add_note(error.stderr)
            raise

    def _request(self, concentrators: Iterable[Concentrator], expires: datetime) -> str:
        """See docs/account.md."""
        tunnels = "".join(
            f"""
[[tunnels]]
name = "{concentrator.place.name}"
endpoint_host = "{concentrator.place.host}"
endpoint_port = {addresses.WIREGUARD_PORT}
public_key = "{concentrator.public_key}"
inner_address = "{addresses.CLINIC_INNER}"
peer_address = "{concentrator.place.inner}"
allowed_prefixes = ["{addresses.DATA_CENTER}"]
"""
            for concentrator in concentrators
        )
        return f"""\
serial = {self._serial}
issuer = "Lab desk"
expires = {expires:%Y-%m-%dT%H:%M:%SZ}
{_INSIDE if tunnels else 'path = "internet"'}
trust_anchors_file = "{self._pki}/engine-ca.pem"
terminal_anchors_file = "{self._pki}/terminal-ca.pem"

[clinic]
id = "{addresses.CLINIC_ID}"
name = {{ ja = "見本医院", en = "Sample Clinic" }}
{_BFD if tunnels else ""}
[identity]
certificate_file = "{self._pki}/clinic.pem"
key_file = "{self._pki}/clinic.key"

[page]
names = ["{addresses.PAGE_HOST}"]
certificate_file = "{self._pki}/page.pem"
key_file = "{self._pki}/page.key"
{tunnels}{_MAINTAINER if tunnels else ""}
[[services]]
name = "receipt"
host = "{addresses.RECEIPT_HOST}"
port = {addresses.ENGINE_PORT}
mode = "passthrough"
pins = {json.dumps(self._pins)}

[[services]]
name = "receipt-gate"
host = "{addresses.RECEIPT_GATE_HOST}"
port = {addresses.ENGINE_PORT}
mode = "terminate"
pins = {json.dumps(self._pins)}

[services.presented]
certificate_file = "{self._pki}/gate.pem"
key_file = "{self._pki}/gate.key"
"""
