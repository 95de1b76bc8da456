"""The newest trust list that this router was given: one file, replaced as a whole. It holds no secret."""

from __future__ import annotations

from pathlib import Path

from appliance.account import trust
from appliance.account.document import LARGEST, TRUST
from appliance.account.trust import TrustList
from appliance.errors import SekishoError
from appliance.files import write_atomically


class TrustStore:
    """file: ours alone (paths.TRUST). desk_keys: JWK set of the trusted desks (paths.DESK_KEYS)."""

    def __init__(self, file: Path, desk_keys: Path) -> None:
        self._file = file
        self._desk_keys = desk_keys

    def take(self, signed: bytes, clinic: str | None) -> tuple[TrustList, bool]:
        """Check a list fully and keep it instead of the one before; whether it is another. clinic: this router's.

        On any SekishoError the list before stays.
        """
        # joserfc is needed only here.
        from appliance.account import envelope, keys

        if len(signed) > LARGEST:
            raise SekishoError(
                "trust.too-large",
                "信頼リストが大きすぎます（上限 1 MiB）。データセンターに知らせてください。",
                "The trust list is too large (1 MiB at most): tell the data center.",
            )
        payload = envelope.verify(signed.strip(), keys.load_trusted(self._desk_keys), TRUST)
        new, kept = trust.from_json(payload), self._kept()
        trust.refuse_older(new, payload, kept, clinic)
        if kept is not None and kept[1] == payload:
            return new, False
        try:
            write_atomically(self._file, payload)
        except OSError as error:
            raise SekishoError(
                "trust.cannot-store",
                f"信頼リストを {self._file} に保存できません（{error.strerror}）。ディスクの空きを確かめてください。",
                f"Cannot store the trust list in {self._file} ({error.strerror}): check the space on the disk.",
            ) from None
        return new, True

    def load(self) -> TrustList | None:
        """None when there is none, or it is damaged: the account alone then says what is trusted."""
        kept = self._kept()
        return None if kept is None else kept[0]

    def _kept(self) -> tuple[TrustList, bytes] | None:
        # Its signature was verified when it came: to ask again would close the clinic when a desk's key is retired.
        try:
            payload = self._file.read_bytes()
            return trust.from_json(payload), payload
        except (OSError, SekishoError):
            return None
