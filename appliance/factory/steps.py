"""What may be done at manufacture, and what follows: pure.

A power cut may fall anywhere. Whoever begins again finds one of three: nothing, a record that has begun, or one that is
made. Begun means that nobody knows whether the label came out, so its password is made anew, and the label with it
under the same name: what was printed before is replaced, never joined by a second valid one. Made means no, for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from appliance.errors import SekishoError
from appliance.factory.record import Record


class Vendor(Enum):
    """The vendor's log-in. FIRST: with a password that the router has made and nobody has changed."""

    NONE = "none"
    FIRST = "first"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Found:
    """is_in_use: it has an account or settings in force."""

    record: Record | None
    vendor: Vendor
    is_in_use: bool


def refuse_what_is_done(found: Found) -> None:
    """Raises SekishoError ``factory.made``, ``factory.in-use``, ``factory.has-log-in``."""
    if found.record is not None and found.record.is_made:
        raise SekishoError(
            "factory.made",
            f"この機器（{found.record.serial}）の出荷の準備はもう終わっているので、最初のパスワードは作り直せません。"
            "ラベルを失くしたときは、本体の画面で「sekisho access reset vendor」を実行してください。",
            f"This machine ({found.record.serial}) has been manufactured, and its first password is not made again: if "
            "the label is lost, run `sekisho access reset vendor` on its own console.",
        )
    if found.is_in_use:
        raise SekishoError(
            "factory.in-use",
            "この機器は医院の接続アカウントか設定を持っているので、出荷の準備はできません。先に"
            "「sekisho factory reset」ですべて消してください。",
            "This machine has a clinic's account or settings, and is not manufactured again: first put everything back "
            "with `sekisho factory reset`.",
        )
    if found.vendor is Vendor.CHANGED or (found.vendor is Vendor.FIRST and found.record is None):
        raise SekishoError(
            "factory.has-log-in",
            "ベンダーのログインがもうあるので、出荷の準備はできません。「sekisho access remove vendor」で消してから、"
            "もう一度実行してください。",
            "There is a vendor's log-in already: remove it with `sekisho access remove vendor`, then try again.",
        )


def begun(found: Found, serial: str, key_sha256: str, at: str) -> Record:
    """What is kept before there is a password, and instead of one that was made before. serial: unless it has begun
    under another. at: ISO 8601. Raises as `refuse_what_is_done`."""
    refuse_what_is_done(found)
    return Record(found.record.serial if found.record else serial, key_sha256, at)


def made(record: Record | None, serial: str) -> Record:
    """What is kept once the label of `serial` is where it is taken away from. Raises ``factory.not-begun``."""
    if record is not None and record.serial == serial and record.password:
        return replace(record, is_made=True)
    raise SekishoError(
        "factory.not-begun",
        f"製造番号 {serial} のラベルはまだ作られていないので、「sekisho factory make」からやり直してください。",
        f"No label of {serial} has been made: begin with `sekisho factory make`.",
    )
