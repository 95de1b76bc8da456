"""Takes an account file in, in a process of its own.

Opening the file needs a JOSE library and a costly key derivation: a router at rest should not carry
either in the daemon's memory, and bytes from outside are better not parsed where the router's keys are.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

from appliance.errors import SekishoError

LIMIT = 60.0
"""Seconds."""


def import_account(data: bytes, code: str) -> dict[str, Any]:
    """The redacted account. Blocking. SekishoError: refused, and the previous account stays."""
    question = json.dumps({"file": base64.b64encode(data).decode(), "code": code})
    done = subprocess.run(
        [sys.executable, "-I", "-m", "appliance.control.importing"],
        input=question,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"the account's importer ended with status {done.returncode}") from None
    if "refused" in answer:
        raise SekishoError(**answer["refused"])
    account = answer["account"]
    if not isinstance(account, dict):
        raise RuntimeError("the account's importer said something else than an account")
    return account


def main() -> int:
    from appliance.account.inspect import redacted
    from appliance.control.holdings import accounts

    question = json.load(sys.stdin)
    now = datetime.now(UTC)
    try:
        account = accounts().import_sealed(base64.b64decode(question["file"]), question["code"], now)
    except SekishoError as error:
        answer: dict[str, Any] = {"refused": {"code": error.code, "ja": error.text.ja, "en": error.text.en}}
    else:
        answer = {"account": redacted(account, now)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
