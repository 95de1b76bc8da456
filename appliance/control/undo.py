"""Whether a change could be taken back: pure, asked before anything changes.

A trial promises that whoever does nothing gets the settings of before. Where the router alone cannot
keep that promise, it does not give it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NoReturn

from appliance.control.ready import AccountView, Ready
from appliance.errors import SekishoError
from appliance.intent.model import RouterIntent

MARGIN = timedelta(minutes=10)
"""A return needs time of its own, and somebody has to begin again after it."""


def refuse_what_cannot_be_undone(before: Ready, after: Ready, until: datetime, ports: Collection[str]) -> None:
    """before: what is in force and would come back. until: the trial's end, aware. ports: this machine's interfaces.

    Raises SekishoError ``undo.*`` in one sentence.
    """
    _refuse_what_ends(before.account, until + MARGIN)
    _refuse_what_the_data_center_must_follow(before.intent, after.intent)
    # A line's port may come and go; without the LAN's nothing could begin again.
    port = before.intent.lan.segments[0].port
    if port not in ports:
        _refuse(
            "undo.port-gone",
            f"いま反映されている設定のポート {port} がこの機械から無くなっていて、元に戻せないので、試せません",
            f"the port {port} of the settings in force is gone from this machine, so they could not be put back",
        )


def refuse_older_account(before: Ready, after: Ready) -> None:
    """Only a trial proves that the data center still takes an account that it has replaced."""
    if after.account.serial < before.account.serial:
        raise SekishoError(
            "undo.older-account",
            f"この版の接続アカウント（番号 {after.account.serial}）は今のもの（番号 {before.account.serial}）より古く、"
            "データセンターがもう受け付けないかもしれないので、--confirm-within を付けて試してください。",
            f"the account of this version (serial {after.account.serial}) is older than the one in force (serial "
            f"{before.account.serial}), and the data center may no longer take it: try it with --confirm-within.",
        )


def nothing_to_return_to() -> SekishoError:
    return SekishoError(
        "undo.nothing-in-force",
        "いま働いている設定がなく、戻る先がないので、試せません。「sekisho apply」で反映してください。",
        "nothing is in force that could be put back, so there can be no trial: use `sekisho apply`.",
    )


def _refuse_what_ends(account: AccountView, end: datetime) -> None:
    for subject, ends in account.ends:
        if subject in ("account", "identity") and ends <= end:
            _refuse(
                "undo.account-ends",
                f"いまの接続アカウントの期限（{ends:%Y-%m-%d %H:%M %Z}）が切れていて（または間もなく切れて）、"
                "元に戻せないので、試せません",
                f"the account in force ends on {ends:%Y-%m-%d %H:%M %Z}, so it could not be put back",
            )


def _refuse_what_the_data_center_must_follow(before: RouterIntent, after: RouterIntent) -> None:
    if before.clinic_id != after.clinic_id:
        _refuse(
            "undo.other-clinic",
            f"接続アカウントが別の医院（{after.clinic_id}）のもので、元に戻せないので、試せません",
            f"the account belongs to another clinic ({after.clinic_id}), which could not be taken back",
        )
    if not (before.tunnels and after.tunnels):
        return
    kept = {tunnel.name: tunnel for tunnel in before.tunnels}
    # The private key is one for all tunnels, new ones included.
    same_keys = before.tunnels[0].private_key == after.tunnels[0].private_key and all(
        (kept[tunnel.name].preshared_key, kept[tunnel.name].inner_address, kept[tunnel.name].peer_address)
        == (tunnel.preshared_key, tunnel.inner_address, tunnel.peer_address)
        for tunnel in after.tunnels
        if tunnel.name in kept
    )
    if not same_keys:
        _refuse(
            "undo.tunnel-keys",
            "新しい接続アカウントでは VPN の鍵かアドレスが変わり、データセンター側も同時に切り替えるので、"
            "ルーターだけでは元に戻せず、試せません",
            "the new account changes the tunnels' keys or addresses; the data center switches with us, and the "
            "router alone could not take that back",
        )


def _refuse(code: str, ja: str, en: str) -> NoReturn:
    raise SekishoError(code, f"{ja}。「sekisho apply」で反映してください。", f"{en}: use `sekisho apply`.")
