"""What a cause is, and the advice that several of them share."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.health.model import State
from appliance.text import Text


@dataclass(frozen=True, slots=True)
class Cause:
    """summary: what is so. advice: what to do and when to call; empty when there is nothing to do."""

    state: State
    summary: Text
    advice: Text


NOTHING = Text("", "")
WAIT = Text(
    "1〜2分お待ちください。変わらないときは、サポート会社に電話してください。",
    "Please wait a minute or two. If this does not change, call your support company.",
)
CALL = Text("サポート会社に電話してください。", "Please call your support company.")
STILL_USABLE = Text(
    "そのままお使いください。1時間以上続くときは、サポート会社に知らせてください。",
    "Please carry on as usual. If this lasts for more than an hour, tell your support company.",
)
PROTECTED = Text(
    "患者さんの情報を守るために、このルーターが通信を止めました。やり直したり、線をつなぎ替えたりせず、"
    "すぐにサポート会社に電話してください。",
    "This router has closed the way to protect patients' data. Do not try again and do not change any cable: "
    "call your support company at once.",
)
LINE_EQUIPMENT = Text(
    "インターネット側の機器（回線会社の機器や、もう一つのルーター）の電源を切り、1分待って入れ直してください。"
    "そのあいだは、電話（ひかり電話など）も止まることがあるので、通話中でないことを先に確かめてください。"
    "5分たっても直らないときは、サポート会社に電話してください。",
    "Switch the line equipment (the provider's box or the other router) off, wait one minute and switch it on again. "
    "The telephone may stop for that time too, so make sure first that nobody is speaking. "
    "If nothing changes within five minutes, call your support company.",
)
NEAR_SIDE = Text(
    "5分待っても直らないときは、サポート会社に電話してください。",
    "If nothing changes within five minutes, call your support company.",
)
RENEWAL = Text(
    "更新の予定を、サポート会社に確かめてください。",
    "Ask your support company when it will be renewed.",
)


def ok(ja: str, en: str, advice: Text = NOTHING) -> Cause:
    return Cause(State.OK, Text(ja, en), advice)


def warning(ja: str, en: str, advice: Text) -> Cause:
    return Cause(State.WARNING, Text(ja, en), advice)


def failed(ja: str, en: str, advice: Text) -> Cause:
    return Cause(State.FAILED, Text(ja, en), advice)


def unknown(ja: str, en: str, advice: Text = WAIT) -> Cause:
    return Cause(State.UNKNOWN, Text(ja, en), advice)
