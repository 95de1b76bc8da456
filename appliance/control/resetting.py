"""Everything back to what the factory sent out, except the machine's own keys and the audit record.

The wish is durable first; the daemon then ends, and the one that systemd starts does it before anything else. A power
cut in the middle only means that it is done a little later: what is gone is gone, what is left is found again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from appliance import paths
from appliance.access import log_ins
from appliance.control.access_people import VENDOR, labelled
from appliance.errors import SekishoError
from appliance.factory.record import Kept
from appliance.files import remove_durably, sync_directory, write_atomically

GOES = (
    paths.IN_FORCE,
    paths.ACCOUNT,
    paths.SITE,
    paths.TRIAL,
    paths.TRUST,
    paths.LINE_PASSWORDS,
    paths.HISTORY,
    paths.CAPTURES,
    paths.WISHES,
    paths.DHCP_LEASES,
    paths.PAST.parent,
)
"""What a clinic has left here. What was in force goes first: from then on no start can go on with it.

Not: the page's key, which the label vouches for; the factory's record; the audit record; the clock's state; what the
factory put into /etc/sekisho."""


def wish(by: str) -> None:
    """Have it done at the next start. Raises SekishoError ``factory.cannot-reset``."""
    try:
        write_atomically(paths.RESET, json.dumps({"by": by}) + "\n")
    except OSError as error:
        raise SekishoError(
            "factory.cannot-reset",
            f"工場出荷時の状態に戻せません（{paths.RESET}: {error.strerror}）。ディスクの空きを確かめてください。",
            f"cannot go back to the factory's state ({paths.RESET}: {error.strerror}): check the space on the disk.",
        ) from None


def finish(down_mark: Path) -> bool:
    """Do what was wished, if it was; whether it was. down_mark: of a router that was taken down on purpose.

    Raises OSError or SekishoError, and what is left is done at the next start.
    """
    if not paths.RESET.exists():
        return False
    for path in GOES:
        _remove(path)
    hashed = _label()
    if hashed:
        log_ins.write(paths.LOG_INS, {VENDOR: labelled(hashed)})
    else:
        _remove(paths.LOG_INS)
    down_mark.unlink(missing_ok=True)
    remove_durably(paths.RESET)
    return True


def _label() -> str:
    """The hash of the password on the label; empty where there is none, or nobody can tell any more."""
    try:
        record = Kept(paths.FACTORY).read()
    except SekishoError:
        return ""
    return "" if record is None else record.password


def _remove(path: Path) -> None:
    if not path.parent.is_dir():
        return
    if path.is_dir():
        shutil.rmtree(path)
        sync_directory(path.parent)
    else:
        remove_durably(path)
