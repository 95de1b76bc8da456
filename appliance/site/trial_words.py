"""What people are told of a trial: why it was returned, and why something was refused. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.errors import SekishoError
from appliance.text import Text

NOT_CONFIRMED = Text("時間内に確認されませんでした。", "it was not confirmed in time.")
POWER_CUT = Text("試している間に電源が切れました。", "the power was cut during the trial.")


def not_green(lights: Iterable[Text]) -> Text:
    """lights: the words of those that were green before and are not."""
    told = tuple(lights)
    ja, en = "".join(text.ja for text in told), " ".join(text.en for text in told)
    return Text(
        f"前は正常だったものが、正常に戻りませんでした。{ja}", f"what was green before did not come back. {en}".rstrip()
    )


def running() -> SekishoError:
    return SekishoError(
        "trial.running",
        "ほかの変更を試している途中です。「sekisho site confirm」で確認するか、"
        "「sekisho site cancel」でやめてから、もう一度実行してください。",
        "another change is on trial: confirm it with `sekisho site confirm` or give it up with "
        "`sekisho site cancel`, then try again.",
    )


def none() -> SekishoError:
    return SekishoError(
        "trial.none",
        "試している変更はありません。もう元に戻ったか、確認が済んでいます（「sekisho site history」で見られます）。",
        "no change is on trial: it has been returned or confirmed already (see `sekisho site history`).",
    )


def length(shortest: float, longest: float) -> SekishoError:
    """In seconds."""
    return SekishoError(
        "trial.seconds",
        f"試す時間は {shortest:.0f}〜{longest:.0f} 秒で指定してください。",
        f"a trial lasts {shortest:.0f} to {longest:.0f} seconds: choose a time in between.",
    )


def wrong_token() -> SekishoError:
    return SekishoError(
        "trial.wrong-token",
        "合言葉が違います。この変更を試し始めたときに表示された合言葉を入力してください。",
        "this is not the word of this trial: type the one that was shown when it began.",
    )


def log_in_again() -> SekishoError:
    return SekishoError(
        "trial.log-in-again",
        "新しい設定でもルーターの画面を開けることを確かめるため、いったんログインし直してから確認してください。",
        "to prove that the page can be reached with the new settings, log in again and confirm then.",
    )


def still_checking() -> SekishoError:
    return SekishoError(
        "trial.still-checking",
        "ルーターが自分で確かめている途中です。少し待ってから、もう一度確認してください。",
        "the router is still checking by itself: wait a moment and confirm again.",
    )


def over() -> SekishoError:
    return SekishoError(
        "trial.over",
        "間に合いませんでした。前の設定に戻しますので、もう一度はじめから試してください。",
        "too late: the settings of before are being put back; begin the trial again.",
    )
