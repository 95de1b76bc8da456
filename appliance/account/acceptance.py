"""Whether a verified account may come into force on this router now. Pure: no clock, no file."""

from __future__ import annotations

from datetime import datetime

from appliance.account.kept import Mark
from appliance.account.model import Account
from appliance.errors import SekishoError


def check(account: Account, digest: str, now: datetime, mark: Mark | None) -> None:
    """now: aware wall-clock time.

    Raises `account.other-clinic`, `account.older-serial`, `account.expired`, `account.not-yet-valid`.
    """
    if mark is not None and account.clinic.id != mark.clinic:
        raise SekishoError(
            "account.other-clinic",
            f"この接続アカウントは医院「{account.clinic.id}」のもので、"
            f"このルーターの「{mark.clinic}」のものではありません。ファイルを確かめてください。",
            f"This account is for the clinic {account.clinic.id}, but this router belongs to {mark.clinic}: "
            "check that it is the right file.",
        )
    if mark is not None and account.serial < mark.serial:
        raise SekishoError(
            "account.older-serial",
            f"この接続アカウント（番号 {account.serial}）は、今のもの（番号 {mark.serial}）より古いです。"
            "最も新しいファイルを使ってください。",
            f"This account (serial {account.serial}) is older than the one in force (serial {mark.serial}): "
            "use the newest file.",
        )
    if mark is not None and account.serial == mark.serial and digest != mark.digest:
        raise SekishoError(
            "account.older-serial",
            f"この接続アカウントは、今のものと番号（{account.serial}）が同じなのに中身が違います。"
            "データセンターに、新しい番号での発行を頼んでください。",
            f"This account has the serial of the one in force ({account.serial}) but another content: "
            "ask the data center to issue it with a new serial.",
        )
    if now >= account.expires:
        raise SekishoError(
            "account.expired",
            f"この接続アカウントは期限（{account.expires:%Y-%m-%d %H:%M %Z}）が切れています。"
            "データセンターに新しいものを頼んでください。",
            f"This account expired on {account.expires:%Y-%m-%d %H:%M %Z}: ask the data center for a new one.",
        )
    if now < account.not_before:
        raise SekishoError(
            "account.not-yet-valid",
            f"この接続アカウントは {account.not_before:%Y-%m-%d %H:%M %Z} から有効ですが、"
            f"ルーターの時計は {now:%Y-%m-%d %H:%M %Z} です。時計が合っているか確かめてください。",
            f"This account is valid from {account.not_before:%Y-%m-%d %H:%M %Z}, but the router's clock says "
            f"{now:%Y-%m-%d %H:%M %Z}: check that the clock is right.",
        )
