"""Why a light shows what it shows, and what the staff should do: data only, in plain words.

A cause's code is stable: programs, tests, metrics and the vendor on the telephone name it.
``{name}``, ``{detail}`` and ``{left}`` are filled in by `judge`.
"""

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


def _ok(ja: str, en: str, advice: Text = NOTHING) -> Cause:
    return Cause(State.OK, Text(ja, en), advice)


def _warning(ja: str, en: str, advice: Text) -> Cause:
    return Cause(State.WARNING, Text(ja, en), advice)


def _failed(ja: str, en: str, advice: Text) -> Cause:
    return Cause(State.FAILED, Text(ja, en), advice)


def _unknown(ja: str, en: str, advice: Text = WAIT) -> Cause:
    return Cause(State.UNKNOWN, Text(ja, en), advice)


_ROUTER = {
    "router.ok": _ok("ルーターは正常に動いています。", "The router is working normally."),
    "router.no-account": _failed(
        "このルーターには、まだ接続アカウントが登録されていません。",
        "No connection account has been registered in this router yet.",
        Text(
            "登録が済むまで、レセコンにはつながりません。サポート会社に登録を頼んでください。",
            "The receipt computer cannot be reached until then. Ask your support company to register it.",
        ),
    ),
    "router.not-applied": _failed(
        "このルーターは、まだ設定が終わっていません。",
        "This router has not been set up to the end.",
        Text(
            "設定が済むまで、レセコンにはつながりません。サポート会社に設定を頼んでください。",
            "The receipt computer cannot be reached until then. Ask your support company to finish the set-up.",
        ),
    ),
    "router.cannot-start": _failed(
        "このルーターは、設定どおりに動き始めることができません。",
        "This router cannot start as it was set up.",
        Text(
            "自動でやり直しています。1分たっても変わらないときは、サポート会社に電話してください。",
            "It keeps trying. If this does not change within a minute, call your support company.",
        ),
    ),
    "router.down": _failed(
        "このルーターは、作業のために止められています。",
        "This router has been taken down for work on it.",
        Text(
            "作業が終わるまでお待ちください。心当たりがないときは、サポート会社に電話してください。",
            "Wait until the work is done. If you know of none, call your support company.",
        ),
    ),
    "router.helper": _failed(
        "ルーターの中の部品（{detail}）が止まっています。", "A part inside the router ({detail}) has stopped.", WAIT
    ),
    "router.clock": _failed(
        "ルーターの時計が合っていません。",
        "The router's clock is wrong.",
        Text(
            "待っていても直りません。サポート会社に電話してください。",
            "It does not right itself: call your support company.",
        ),
    ),
    "router.clock-but-working": _warning(
        "ルーターの時計が合っていません。通信はできています。",
        "The router's clock is wrong. The connection works.",
        Text(
            "そのままお使いください。待っていても直らないので、今日のうちに、サポート会社に知らせてください。",
            "Please carry on as usual. It does not right itself: tell your support company today.",
        ),
    ),
    "router.settings-differ": _warning(
        "ルーターの中の状態が、決められた設定と違っています。",
        "The state inside the router differs from its settings.",
        Text(
            "10分たっても変わらないときは、サポート会社に電話してください。",
            "If this does not change within ten minutes, call your support company.",
        ),
    ),
}

_LINE = {
    "line.ok": _ok("インターネット側につながっています。", "The Internet side is connected."),
    "line.not-set-up": _unknown(
        "インターネット側の設定が、まだありません。", "The Internet side has not been set up yet.", CALL
    ),
    "line.no-cable": _failed(
        "インターネット側のケーブルが抜けています。",
        "The cable of the Internet side is unplugged.",
        Text(
            "ルーターの「WAN」と書かれた口を見て、ケーブルを奥まで差してください。"
            "反対側の機器の電源も確かめてください。2分たっても直らないときは、サポート会社に電話してください。",
            "Look at the router's port marked WAN and push the cable in until it clicks. Check that the box at its "
            "other end has power. If nothing changes within two minutes, call your support company.",
        ),
    ),
    "line.no-address": _failed(
        "インターネット側の機器から、通信に必要な番号（アドレス）をもらえません。",
        "The line equipment gives this router no address.",
        LINE_EQUIPMENT,
    ),
    "line.no-server": _failed(
        "インターネット側の機器（ONU）の先から返事がありません。",
        "Nothing answers beyond the line equipment (the ONU).",
        LINE_EQUIPMENT,
    ),
    "line.login-refused": _failed(
        "インターネットの会社が、接続用の ID かパスワードを受け付けません。",
        "The Internet provider does not accept the user name or the password of this line.",
        CALL,
    ),
    "line.no-password": _failed(
        "インターネットの会社に見せるパスワードが、このルーターにありません。",
        "The password that the Internet provider asks for is not in this router.",
        CALL,
    ),
    "line.no-ip": _failed(
        "インターネットの会社とはつながりましたが、通信に必要な番号（アドレス）をもらえません。",
        "The Internet provider lets this router in but gives it no address.",
        NEAR_SIDE,
    ),
    "line.no-far-end": _failed(
        "インターネット回線の中継装置（{detail}）が見つかりません。",
        "The line's relay ({detail}) cannot be found.",
        CALL,
    ),
    "line.wrong-rule": _failed(
        "回線の番号（プレフィックス）が、設定の MAP-E のルールに合いません。",
        "The line's prefix is not of the MAP-E rule in the settings.",
        CALL,
    ),
    "line.far-end-silent": _failed(
        "インターネット回線の中継装置（{detail}）から返事がありません。",
        "The line's relay ({detail}) does not answer.",
        LINE_EQUIPMENT,
    ),
    "line.overlap": _failed(
        "インターネット側の機器が、院内などで使っている番号（アドレス）を配っているので、つなげません（{detail}）。",
        "The line equipment hands out addresses that are in use inside, so the line cannot be used ({detail}).",
        Text(
            "このルーターや機器の電源を入れ直しても直りません。サポート会社に電話してください。",
            "Switching anything off and on does not help. Please call your support company.",
        ),
    ),
    "line.no-advertisement": _failed(
        "インターネット側の機器から、IPv6 の知らせが届きません。",
        "The line equipment does not announce IPv6.",
        LINE_EQUIPMENT,
    ),
    "line.advertised-no-address": _failed(
        "インターネット側の機器は IPv6 を知らせていますが、通信に必要な番号（アドレス）をもらえません。",
        "The line equipment announces IPv6, but gives this router no address.",
        LINE_EQUIPMENT,
    ),
    "line.no-resolvers": _failed(
        "IPv6 のアドレスはもらえましたが、つなぎ先の場所を調べる先（DNS サーバー）を知らされていません。",
        "The line gives an IPv6 address, but no DNS server to look up the data center with.",
        LINE_EQUIPMENT,
    ),
    "line.on-spare": _warning(
        "主な回線が使えないので、予備の回線で動いています。",
        "The main line is down, so the spare line is in use.",
        LINE_EQUIPMENT,
    ),
    "line.no-spare": _warning(
        "予備の回線が使えません。主な回線は使えます。",
        "The spare line is down. The main line works.",
        LINE_EQUIPMENT,
    ),
    "line.one-unknown": _unknown(
        "2本の回線のうち、1本を確かめられていません。", "One of the two lines could not be checked.", CALL
    ),
    "line.gateway-silent": _failed(
        "インターネット側の機器が返事をしません。", "The line equipment does not answer.", LINE_EQUIPMENT
    ),
}

_TUNNEL = {
    "tunnel.ok": _ok("データセンターと安全につながっています。", "Safely connected to the data center."),
    "tunnel.ok-on-spare": _ok(
        "経路は 2本とも使えます。いまは予備の経路を使っています。",
        "Both paths work. The spare path is in use now.",
    ),
    "tunnel.ok-pinned": _ok(
        "経路は 2本とも使えます。サポート会社が選んだ経路を使っています。",
        "Both paths work. The one that your support company has chosen is in use.",
    ),
    "tunnel.one-drained": _warning(
        "つながっています。作業のため、片方の経路は休ませてあります。",
        "Connected. One path is kept out of use for work on it.",
        Text(
            "そのままお使いください。作業がいつ終わるかは、サポート会社に確かめてください。",
            "Please carry on as usual. Ask your support company when the work will be over.",
        ),
    ),
    "tunnel.drained": _unknown(
        "作業のため、この経路は休ませてあります。", "This path is kept out of use for work on it.", NOTHING
    ),
    "tunnel.on-spare": _warning(
        "主な経路が使えないので、予備の経路で動いています。",
        "The main path is down; working on the spare path.",
        STILL_USABLE,
    ),
    "tunnel.no-spare": _warning(
        "主な経路で動いていますが、予備の経路が切れています。",
        "Working on the main path, but the spare path is down.",
        STILL_USABLE,
    ),
    "tunnel.one-unknown": _warning(
        "つながっていますが、もう片方の経路の様子が分かりません。",
        "Connected, but the state of the other path is not known.",
        STILL_USABLE,
    ),
    "tunnel.unwatched": _warning(
        "通信はできていますが、経路の見張りができていません。",
        "The connection works, but the paths are not being watched.",
        STILL_USABLE,
    ),
    "tunnel.name-not-found": _failed(
        "つなぎ先（データセンター）の場所を調べられません。",
        "The address of the data center cannot be looked up.",
        NEAR_SIDE,
    ),
    "tunnel.no-handshake": _failed(
        "つなぎ先（データセンター）の機器が返事をしません。",
        "The data center's equipment does not answer.",
        NEAR_SIDE,
    ),
    "tunnel.no-engine": _failed(
        "この経路の先で、レセコンのサーバーが返事をしません。",
        "The receipt server does not answer behind this path.",
        NEAR_SIDE,
    ),
    "tunnel.path-down": _failed(
        "データセンターとの通信が途切れています。", "The connection to the data center is broken.", NEAR_SIDE
    ),
    "tunnel.all-down": _failed(
        "データセンターへの経路が、2本とも切れています。", "Both paths to the data center are down.", NEAR_SIDE
    ),
}

_ENGINE = {
    "engine.ok": _ok(
        "本物のサーバーと確かめて、つながっています。", "Connected, and the server has proven its identity."
    ),
    "engine.waiting": _unknown(
        "データセンターへの経路が切れているため、確かめられません。",
        "Cannot be checked while the path to the data center is down.",
        NEAR_SIDE,
    ),
    "engine.some-addresses": _warning(
        "つながっていますが、予備のサーバーの一部が使えません。",
        "Connected, but some of the spare servers do not work.",
        STILL_USABLE,
    ),
    "engine.some-services": _failed(
        "一部のサービス（{detail}）につながりません。", "Some services ({detail}) cannot be reached.", NEAR_SIDE
    ),
    "engine.some-refused": _warning(
        "つながっていますが、本物と確かめられないサーバーが一つあり、そこへの通信を止めました。",
        "Connected, but one server could not prove its identity, and the way to it has been closed.",
        Text(
            "レセコンはそのままお使いください。今日のうちに、サポート会社に知らせてください。",
            "Please carry on as usual, and tell your support company today.",
        ),
    ),
    "engine.name-not-found": _failed(
        "レセコンのサーバーの場所を調べられません。",
        "The address of the receipt server cannot be looked up.",
        NEAR_SIDE,
    ),
    "engine.timeout": _failed("レセコンのサーバーが返事をしません。", "The receipt server does not answer.", NEAR_SIDE),
    "engine.connection-refused": _failed(
        "レセコンのサーバーが接続を受け付けません。", "The receipt server does not accept connections.", NEAR_SIDE
    ),
    "engine.unreachable": _failed(
        "レセコンのサーバーに届きません。", "The receipt server cannot be reached.", NEAR_SIDE
    ),
    "engine.handshake-refused": _failed(
        "レセコンのサーバーが、安全な通信の開始を断りました。",
        "The receipt server refused to start a secure connection.",
        CALL,
    ),
    "engine.client-certificate-refused": _failed(
        "レセコンのサーバーが、この医院の電子証明書を受け付けません。",
        "The receipt server does not accept this clinic's certificate.",
        CALL,
    ),
    "engine.not-proven": _failed(
        "レセコンのサーバーを確かめられません（{detail}）。",
        "The receipt server could not be checked ({detail}).",
        CALL,
    ),
}

_SECURITY = {
    "engine.wrong-pin": _failed(
        "レセコンのサーバーが、登録された鍵を持っていません。偽物の恐れがあります。",
        "The receipt server does not hold the registered key. It may be an impostor.",
        PROTECTED,
    ),
    "engine.wrong-name": _failed(
        "レセコンのサーバーの名前が、登録と違います。偽物の恐れがあります。",
        "The receipt server's name is not the registered one. It may be an impostor.",
        PROTECTED,
    ),
    "engine.unknown-ca": _failed(
        "レセコンのサーバーの電子証明書が、信用できる発行者のものではありません。偽物の恐れがあります。",
        "The receipt server's certificate comes from no trusted issuer. It may be an impostor.",
        PROTECTED,
    ),
    "engine.weak-cryptography": _failed(
        "レセコンのサーバーの暗号が弱く、安全ではありません。",
        "The receipt server's cryptography is too weak to be safe.",
        PROTECTED,
    ),
    "engine.expired": _failed(
        "レセコンのサーバーの電子証明書が、期限切れです。", "The receipt server's certificate has expired.", PROTECTED
    ),
    "engine.unusable-certificate": _failed(
        "レセコンのサーバーの電子証明書が、この用途に使えるものではありません。偽物の恐れがあります。",
        "The receipt server's certificate is not meant for this use. It may be an impostor.",
        PROTECTED,
    ),
    "engine.not-yet-valid": _failed(
        "レセコンのサーバーの電子証明書が、まだ有効期間に入っていません。",
        "The receipt server's certificate is not valid yet.",
        PROTECTED,
    ),
}

_CERTIFICATES = {
    "certificates.ok": _ok("期限まで、まだ十分あります。", "Valid, with plenty of time left."),
    "certificates.renew-soon": _warning("{name}の期限まで、{left}です。", "{name}: {left} left.", RENEWAL),
    "certificates.renew-now": _warning(
        "{name}の期限まで、あと{left}しかありません。",
        "{name}: only {left} left.",
        Text("今週のうちに、サポート会社に電話してください。", "Call your support company this week."),
    ),
    "certificates.last-days": _warning(
        "{name}の期限が目の前です（あと{left}）。",
        "{name} is about to end ({left} left).",
        Text(
            "過ぎるとレセコンにつながらなくなります。今日のうちに、サポート会社に電話してください。",
            "After that the receipt computer cannot be reached. Call your support company today.",
        ),
    ),
    "certificates.expired": _failed("{name}の期限が切れました。", "{name} has expired.", CALL),
    "certificates.identity-expired": _failed("{name}の期限が切れました。", "{name} has expired.", CALL),
    "certificates.account-expired": _failed(
        "接続アカウントの期限が切れました。", "The connection account has expired.", CALL
    ),
    "certificates.not-yet-valid": _failed("{name}が、まだ有効期間に入っていません。", "{name} is not valid yet.", CALL),
    "certificates.unusable": _failed("{name}を使えません（{detail}）。", "{name} cannot be used ({detail}).", CALL),
}


def _not_known(light: str) -> dict[str, Cause]:
    return {
        f"{light}.checking": _unknown("いま確認しています。", "Checking now."),
        f"{light}.no-news": _unknown(
            "しばらく確認ができていません。", "It has not been possible to check this for a while."
        ),
    }


def _not_before_the_account(light: str) -> dict[str, Cause]:
    return {
        f"{light}.no-account": _unknown(
            "接続アカウントが登録されると、始まります。", "Begins once a connection account is registered.", NOTHING
        )
    }


CAUSES: dict[str, Cause] = {
    **_ROUTER,
    **_LINE,
    **_TUNNEL,
    **_ENGINE,
    **_SECURITY,
    **_CERTIFICATES,
    **_not_known("router"),
    **_not_known("line"),
    **_not_known("tunnel"),
    **_not_known("engine"),
    **_not_known("certificates"),
    **_not_before_the_account("tunnel"),
    **_not_before_the_account("engine"),
    **_not_before_the_account("certificates"),
}

SECURITY: frozenset[str] = frozenset(_SECURITY)
"""The router itself closed the way because an identity was not proven."""

PROOF_REASONS: dict[str, str] = {
    "wrong-pin": "engine.wrong-pin",
    "wrong-name": "engine.wrong-name",
    "unknown-ca": "engine.unknown-ca",
    "weak-key": "engine.weak-cryptography",
    "sha1": "engine.weak-cryptography",
    "protocol-too-old": "engine.weak-cryptography",
    "certificate-unusable": "engine.unusable-certificate",
    "expired": "engine.expired",
    "not-yet-valid": "engine.not-yet-valid",
    "timeout": "engine.timeout",
    "connection-refused": "engine.connection-refused",
    "connection-closed": "engine.connection-refused",
    "unreachable": "engine.unreachable",
    "client-certificate-refused": "engine.client-certificate-refused",
    "handshake-refused": "engine.handshake-refused",
    "name-not-found": "engine.name-not-found",
}
"""`Evidence.reason` of a failed ``engine.proof`` → cause; anything else is ``engine.not-proven``."""

LINE_REASONS = frozenset(
    {"no-server", "login-refused", "no-password", "no-ip", "overlap"}
    | {"no-advertisement", "advertised-no-address", "no-resolvers"}
    | {"no-far-end", "wrong-rule", "far-end-silent"}
)
"""`Evidence.reason` of a failed ``wan.address`` that is a cause ``line.REASON``; anything else is ``no-address``."""

TITLES: dict[str, Text] = {
    "router": Text("このルーター", "This router"),
    "line": Text("インターネット回線", "Internet line"),
    "tunnel": Text("データセンターへの経路", "Path to the data center"),
    "engine": Text("レセコンのサーバー", "Receipt server"),
    "certificates": Text("電子証明書", "Certificates"),
}
_HELPER_TITLES: dict[str, Text] = {
    "dhcpcd": Text("回線のアドレスの受け取り", "getting the line's address"),
    "pppd": Text("回線への接続（PPPoE）", "logging in to the line (PPPoE)"),
    "bird": Text("経路の見張りと切り替え", "watching and switching the paths"),
    "gate": Text("レセコンへの通信の取り次ぎ", "passing connections on to the receipt computer"),
    "dnsmasq": Text("端末への名前とアドレスの案内", "telling terminals names and addresses"),
    "dnsmasq-outside": Text("端末への院外の名前の案内", "telling terminals names from elsewhere"),
    "chrony": Text("時刻合わせ", "keeping the time"),
    "web": Text("状態のページ", "the status page"),
}
_CERTIFICATE_TITLES: dict[str, Text] = {
    "account": Text("接続アカウント", "The connection account"),
    "identity": Text("この医院の電子証明書", "This clinic's certificate"),
    "presented": Text("端末に見せる電子証明書（{which}）", "The certificate shown to terminals ({which})"),
    "trust-anchor": Text("サーバー側の認証局（{which}）", "The servers' certificate authority ({which})"),
    "terminal-anchor": Text("端末側の認証局（{which}）", "The terminals' certificate authority ({which})"),
}


def tunnel_title(rank: int, name: str) -> Text:
    """rank: 0 is preferred."""
    return (
        Text(f"主な経路（{name}）", f"Main path ({name})")
        if rank == 0
        else Text(f"予備の経路（{name}）", f"Spare path ({name})")
    )


def line_title(name: str) -> Text:
    """name: as in the settings."""
    return Text("主な回線", "Main line") if name == "wan" else Text("予備の回線", "Spare line")


def helper_title(name: str) -> Text:
    """What a helper daemon does, for people who do not know its name. name: a daemon, or ``daemon-line``."""
    daemon, _, line = name.partition("-")
    title = _HELPER_TITLES.get(daemon, Text(name, name))
    return Text(f"{title.ja}（予備）", f"{title.en} (spare)") if line == "backup_wan" else title


def certificate_title(label: str) -> Text:
    """label: as `appliance.account.inspect.expiry_dates` gives it, ``KIND`` or ``KIND:WHICH``."""
    kind, _, which = label.partition(":")
    title = _CERTIFICATE_TITLES.get(kind, Text("電子証明書（{which}）", "The certificate ({which})"))
    return Text(title.ja.format(which=which or label), title.en.format(which=which or label))
