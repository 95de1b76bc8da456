"""Sealing at rest by systemd-creds(1): bound to the TPM2 chip where there is one, and to this installation."""

from __future__ import annotations

import subprocess
from typing import Protocol

from appliance.errors import SekishoError
from appliance.text import Text

_PATIENCE = 60.0
"""Seconds. TPM2 chips on small boards need several for one operation."""


_ACCOUNT = Text("接続アカウント", "the account")
_IMPORT_AGAIN = Text("もう一度取り込んで", "import the account again")


class Sealer(Protocol):
    def seal(self, secret: bytes) -> str:
        """Text that only `unseal` on this machine can open. Raises `account.cannot-seal`."""

    def unseal(self, sealed: str) -> bytes:
        """Raises `account.cannot-unseal`."""


class SystemdCreds:
    """name: is authenticated with the content, so that one credential cannot stand in for another.

    what: it is called before people; again: what they do when it cannot be opened any more.
    """

    def __init__(
        self,
        name: str = "sekisho-account",
        what: Text = _ACCOUNT,
        again: Text = _IMPORT_AGAIN,
    ) -> None:
        self._name = name
        self._what = what
        self._again = again

    def seal(self, secret: bytes) -> str:
        try:
            return self._run("encrypt", secret).decode("ascii")
        except _FailedError as failed:
            raise SekishoError(
                "account.cannot-seal",
                f"{self._what.ja}をこのルーターに安全に保存できません（{failed}）。"
                "/var/lib/systemd がディスクの上にあるか確かめてください。",
                f"This router cannot store {self._what.en} safely ({failed}): check that /var/lib/systemd is on a "
                "disk.",
            ) from None

    def unseal(self, sealed: str) -> bytes:
        try:
            return self._run("decrypt", sealed.encode("ascii", errors="replace"))
        except _FailedError as failed:
            raise SekishoError(
                "account.cannot-unseal",
                f"保存してある{self._what.ja}を、このルーターで開けません（{failed}）。{self._again.ja}ください。",
                f"This router cannot open {self._what.en} as stored ({failed}): {self._again.en}.",
            ) from None

    def _run(self, verb: str, data: bytes) -> bytes:
        try:
            done = subprocess.run(
                ["systemd-creds", verb, f"--name={self._name}", "--newline=no", "-", "-"],
                input=data,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _FailedError(f"systemd-creds: {type(error).__name__}") from None
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise _FailedError(said[-1] if said else f"systemd-creds: {done.returncode}")
        return done.stdout


class _FailedError(Exception):
    pass
