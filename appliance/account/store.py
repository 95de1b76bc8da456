"""The account that a router was given last: one file, replaced as a whole, its secret part sealed.

The clinic and serial stand in clear beside the sealed content, in the same file: an older account is
refused even when the content can no longer be unsealed, and a power cut cannot part the two.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from appliance.account import acceptance, code, kept, structure
from appliance.account.kept import Mark, Record
from appliance.account.model import Account
from appliance.account.seal import Sealer
from appliance.errors import SekishoError
from appliance.files import write_atomically


class AccountStore:
    """directory: ours alone (paths.ACCOUNT). desk_keys: JWK set of the trusted desks (paths.DESK_KEYS)."""

    def __init__(self, directory: Path, sealer: Sealer, desk_keys: Path) -> None:
        self._directory = directory
        self._file = directory / kept.FILE
        self._sealer = sealer
        self._desk_keys = desk_keys

    def import_sealed(self, data: bytes, activation_code: str, now: datetime) -> Account:
        """Check an account file fully, seal its content and keep it instead of the previous account.

        activation_code: as typed. now: aware. The account that is kept already, imported again, is accepted
        and changes nothing. On any SekishoError the previous account stays.
        """
        # joserfc is needed only here: a router at rest should not carry it in memory.
        from appliance.account import certificates, envelope, keys

        password = code.parse(activation_code)
        payload = envelope.open_sealed(data, password, keys.load_trusted(self._desk_keys))
        account = structure.from_json(payload)
        certificates.check(account)
        digest = hashlib.sha256(payload).hexdigest()
        record = self._read()
        acceptance.check(account, digest, now, record.mark if record else None)
        if record is not None and record.mark.digest == digest and self._opens(record):
            return account
        self._write(Record(Mark(account.clinic.id, account.serial, digest), self._sealer.seal(payload)))
        return account

    def load(self) -> Account | None:
        """The account that was imported last, None when none ever was.

        Its dates are not looked at: a clock that is wrong after a power cut must not close the clinic, and
        the certificate light warns of the end. Raises `account.store-damaged`, `account.cannot-unseal`.
        """
        text = kept.read(self._directory)
        return None if text is None else self.open(text)

    def open(self, text: str) -> Account:
        """What `kept.read` returned, now or earlier. Raises as `load`."""
        return structure.from_json(self._unsealed(kept.decode(text)))

    def _unsealed(self, record: Record) -> bytes:
        payload = self._sealer.unseal(record.sealed)
        if hashlib.sha256(payload).hexdigest() != record.mark.digest:
            raise kept.damaged()
        return payload

    def _opens(self, record: Record) -> bool:
        try:
            structure.from_json(self._unsealed(record))
        except SekishoError:
            return False
        return True

    def _read(self) -> Record | None:
        """None when absent or damaged: an import then mends it."""
        try:
            text = kept.read(self._directory)
            return None if text is None else kept.decode(text)
        except (OSError, SekishoError):
            return None

    def _write(self, record: Record) -> None:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._file, record.as_text())
        except OSError as error:
            if self._read() == record:
                # Only the directory's fsync failed: the new account is in force, and whole either way.
                return
            raise SekishoError(
                "account.cannot-store",
                f"接続アカウントを {self._directory} に保存できません（{error.strerror}）。"
                "ディスクの空きを確かめてください。",
                f"Cannot store the account in {self._directory} ({error.strerror}): check the space on the disk.",
            ) from None
