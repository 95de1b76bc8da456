"""What lights and their parts are called, for people who know no name of a program."""

from __future__ import annotations

from appliance.text import Text

TITLES: dict[str, Text] = {
    "router": Text("このルーター", "This router"),
    "line": Text("インターネット回線", "Internet line"),
    "tunnel": Text("データセンターへの経路", "Path to the data center"),
    "engine": Text("レセコンのサーバー", "Receipt server"),
    "certificates": Text("電子証明書", "Certificates"),
    "push": Text("印刷の知らせ", "Print notices"),
    "maintenance": Text("遠隔保守", "Remote maintenance"),
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
    "page": Text("ルーターのページの電子証明書", "The certificate of the router's page"),
    "page:own": Text("ルーター自身が作ったページの電子証明書", "The certificate that the router made for its page"),
    "trust-anchor": Text("サーバー側の認証局（{which}）", "The servers' certificate authority ({which})"),
    "terminal-anchor": Text("端末側の認証局（{which}）", "The terminals' certificate authority ({which})"),
}


KIND_TITLES: dict[str, Text] = {
    "account.present": Text("接続アカウントがある", "There is a connection account"),
    "wan.carrier": Text("回線の線がつながっている", "The line's cable has a link"),
    "wan.address": Text("回線からアドレスをもらった", "The line gave an address"),
    "wan.gateway": Text("回線の機器が返事をする", "The line's equipment answers"),
    "wan.apart": Text("もう1本の回線と番号が重なっていない", "The line's range is no other line's"),
    "tunnel.endpoint": Text("データセンターの入口の名前が分かる", "The concentrator's name is known"),
    "tunnel.handshake": Text("トンネルの鍵を確かめ合った", "The tunnel's keys were proven"),
    "tunnel.path": Text("トンネルを両方向に通る", "Packets pass the tunnel both ways"),
    "tunnel.carrying": Text("いま使っているトンネル", "The tunnel in use now"),
    "tunnel.engines": Text("トンネルの先でサーバーが返事をする", "Engines answer behind the tunnel"),
    "tunnel.pinned": Text("使うトンネルを人が決めた", "Somebody chose this tunnel"),
    "tunnel.drained": Text("使わないトンネルを人が決めた", "Somebody keeps this tunnel empty"),
    "tunnel.line": Text("トンネルが使う回線", "The line that the tunnel uses"),
    "engine.name": Text("サーバーの名前が分かる", "The engine's name is known"),
    "engine.proof": Text("サーバーの証明書・名前・ピンを確かめた", "The engine's chain, name and pin were proven"),
    "certificate.days": Text("証明書や契約の期限", "When a certificate or the account ends"),
    "certificate.own": Text("証明書を使う端末は 1 台", "A certificate is used by one terminal"),
    "certificate.list": Text("取り消しの一覧が新しい", "The revocation list is recent"),
    "router.settings": Text("設定のとおりに動いている", "The kernel is as the settings say"),
    "router.engine": Text("中のプログラムが返事をする", "A helper program answers"),
    "router.gate": Text("取り次ぎが新しい設定で動いている", "The gate has its newest settings"),
    "router.clock": Text("時計が合っている", "The clock is plausible"),
    "push.channel": Text("印刷の知らせが端末に届く", "A terminal's push channel is answered"),
    "maintenance.consent": Text("遠隔保守の許可を確かめた", "What the clinic lets in was looked at"),
    "lan.stranger": Text("登録と合わない機器を断った", "A machine was refused for not being listed so"),
}
"""What was looked at, for people; the keys are those of `model.KINDS`."""


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
    title = _HELPER_TITLES.get(name) or _HELPER_TITLES.get(daemon, Text(name, name))
    return Text(f"{title.ja}（予備）", f"{title.en} (spare)") if line == "backup_wan" else title


def terminal_title(label: str) -> Text:
    """Of a terminal's certificate. label: what staff call the terminal."""
    return Text(f"{label}の電子証明書", f"The certificate of {label}")


def stranger_title(subject: str) -> Text:
    """subject: ``ADDRESS MAC``."""
    address, _, mac = subject.partition(" ")
    return Text(f"{address}（{mac}）", f"{address} ({mac})")


def list_title(name: str) -> Text:
    """name: ``revocations:WHOSE``."""
    whose = name.partition(":")[2]
    return Text(f"取り消された証明書の一覧（{whose}）", f"The list of revoked certificates ({whose})")


def certificate_title(label: str) -> Text:
    """label: as `appliance.account.inspect.expiry_dates` gives it, ``KIND`` or ``KIND:WHICH``."""
    kind, _, which = label.partition(":")
    title = _CERTIFICATE_TITLES.get(label) or _CERTIFICATE_TITLES.get(
        kind, Text("電子証明書（{which}）", "The certificate ({which})")
    )
    return Text(title.ja.format(which=which or label), title.en.format(which=which or label))
