"""The update in one sentence, for the page, the command line and the record: pure."""

from __future__ import annotations

from datetime import datetime

from appliance.text import JAPAN, Text
from appliance.update.core import Ended, Kept, Stage
from appliance.update.window import Wait


def sentence(kept: Kept, waits: Wait | None, trouble: Text | None, progress: tuple[int, int] | None) -> Text | None:
    """trouble: what kept the newest offer from being taken. progress: bytes that came, of those that must.

    None: there is nothing that anybody would want to be told.
    """
    offer = kept.offer
    if offer is None:
        return trouble if trouble is not None else _last(kept)
    until = _until(waits)
    if kept.stage is Stage.TRIED:
        return Text(
            f"版 {offer.version} に更新し、前と同じにつながることを確かめています。",
            f"Updated to version {offer.version}; whether it works as before is being proven.",
        )
    before = last.ja if (last := _last(kept)) and kept.attempts else ""
    before_en = f"{last.en} " if last and kept.attempts else ""
    if kept.stage is Stage.STAGED:
        return Text(
            f"{before}版 {offer.version} の用意ができました。再起動を待っています（{_reason(waits).ja}）。{until.ja}",
            f"{before_en}Version {offer.version} is ready and waits for the restart: {_reason(waits).en}.{until.en}",
        )
    if waits is not None:
        return Text(
            f"版 {offer.version} があります。更新を待っています（{waits.reason.ja}）。{until.ja}",
            f"There is version {offer.version}, which waits: {waits.reason.en}.{until.en}",
        )
    if trouble is not None:
        return trouble
    come, total = progress or (0, 0)
    share = f"{100 * come // total} %" if total else ""
    return Text(
        f"版 {offer.version} を受け取って書き込んでいます{f'（{share}）' if share else ''}。",
        f"Version {offer.version} is being fetched and written{f' ({share})' if share else ''}.",
    )


_NOW = Text("まもなく行います", "it comes in a moment")


def _reason(waits: Wait | None) -> Text:
    return waits.reason if waits else _NOW


def _until(waits: Wait | None) -> Text:
    if waits is None or waits.until is None:
        return Text("", "")
    return Text(f"{_moment(waits.until)} からの予定です。", f" It is due from {_moment(waits.until)}.")


def _last(kept: Kept) -> Text | None:
    last = kept.last
    if last is None:
        return None
    at = _moment(last.at)
    if last.ended is Ended.INSTALLED:
        return Text(
            f"{at} に版 {last.version} に更新しました。",
            f"Updated to version {last.version} on {at}.",
        )
    reason = last.reason or Text("", "")
    return Text(
        f"{at} に、版 {last.version} から前の版に自動で戻りました。理由: {reason.ja}",
        f"On {at} version {last.version} was left again by itself, because {reason.en}",
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(JAPAN):%Y-%m-%d %H:%M}"


def not_proven(missing: tuple[str, ...], summaries: Text) -> Text:
    """missing: what was green before. summaries: what the lights say now."""
    shown = ", ".join(name.removeprefix("engine:") for name in missing)
    return Text(
        f"前につながっていたもの（{shown}）が、10分のうちにつながりませんでした（{summaries.ja}）。",
        f"what could be reached before ({shown}) could not within ten minutes ({summaries.en})",
    )
