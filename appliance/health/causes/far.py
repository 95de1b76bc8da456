"""Causes on the data center's side: tunnels, engines, identities that are not proven, dates."""

from __future__ import annotations

from appliance.health.causes.wording import (
    CALL,
    NEAR_SIDE,
    NOTHING,
    PROTECTED,
    RENEWAL,
    STILL_USABLE,
    failed,
    ok,
    unknown,
    warning,
)
from appliance.text import Text

TUNNEL = {
    "tunnel.ok": ok("データセンターと安全につながっています。", "Safely connected to the data center."),
    "tunnel.not-used": ok(
        "VPN は使わない契約です。レセコンへは、インターネットを通って、暗号化（TLS）してつながります。",
        "This contract has no VPN: the receipt computer is reached over the internet, encrypted (TLS).",
    ),
    "tunnel.ok-on-spare": ok(
        "経路は 2本とも使えます。いまは予備の経路を使っています。",
        "Both paths work. The spare path is in use now.",
    ),
    "tunnel.ok-pinned": ok(
        "経路は 2本とも使えます。サポート会社が選んだ経路を使っています。",
        "Both paths work. The one that your support company has chosen is in use.",
    ),
    "tunnel.one-drained": warning(
        "つながっています。作業のため、片方の経路は休ませてあります。",
        "Connected. One path is kept out of use for work on it.",
        Text(
            "そのままお使いください。作業がいつ終わるかは、サポート会社に確かめてください。",
            "Please carry on as usual. Ask your support company when the work will be over.",
        ),
    ),
    "tunnel.drained": unknown(
        "作業のため、この経路は休ませてあります。", "This path is kept out of use for work on it.", NOTHING
    ),
    "tunnel.on-spare": warning(
        "主な経路が使えないので、予備の経路で動いています。",
        "The main path is down; working on the spare path.",
        STILL_USABLE,
    ),
    "tunnel.no-spare": warning(
        "主な経路で動いていますが、予備の経路が切れています。",
        "Working on the main path, but the spare path is down.",
        STILL_USABLE,
    ),
    "tunnel.one-unknown": warning(
        "つながっていますが、もう片方の経路の様子が分かりません。",
        "Connected, but the state of the other path is not known.",
        STILL_USABLE,
    ),
    "tunnel.unwatched": warning(
        "通信はできていますが、経路の見張りができていません。",
        "The connection works, but the paths are not being watched.",
        STILL_USABLE,
    ),
    "tunnel.name-not-found": failed(
        "つなぎ先（データセンター）の場所を調べられません。",
        "The address of the data center cannot be looked up.",
        NEAR_SIDE,
    ),
    "tunnel.no-handshake": failed(
        "つなぎ先（データセンター）の機器が返事をしません。",
        "The data center's equipment does not answer.",
        NEAR_SIDE,
    ),
    "tunnel.no-engine": failed(
        "この経路の先で、レセコンのサーバーが返事をしません。",
        "The receipt server does not answer behind this path.",
        NEAR_SIDE,
    ),
    "tunnel.path-down": failed(
        "データセンターとの通信が途切れています。", "The connection to the data center is broken.", NEAR_SIDE
    ),
    "tunnel.all-down": failed(
        "データセンターへの経路が、2本とも切れています。", "Both paths to the data center are down.", NEAR_SIDE
    ),
}

ENGINE = {
    "engine.ok": ok(
        "本物のサーバーと確かめて、つながっています。", "Connected, and the server has proven its identity."
    ),
    "engine.ok-by-address": ok(
        "本物のサーバーと確かめて、つながっています。端末は、電子証明書ではなくアドレスだけで見分けています"
        "（{detail}。より弱い方法です）。",
        "Connected, and the server has proven its identity. Terminals are told apart by their addresses alone and not "
        "by certificates ({detail}), which is weaker.",
    ),
    "engine.waiting": unknown(
        "データセンターへの経路が切れているため、確かめられません。",
        "Cannot be checked while the path to the data center is down.",
        NEAR_SIDE,
    ),
    "engine.some-addresses": warning(
        "つながっていますが、予備のサーバーの一部が使えません。",
        "Connected, but some of the spare servers do not work.",
        STILL_USABLE,
    ),
    "engine.some-services": failed(
        "一部のサービス（{detail}）につながりません。", "Some services ({detail}) cannot be reached.", NEAR_SIDE
    ),
    "engine.some-refused": warning(
        "つながっていますが、本物と確かめられないサーバーが一つあり、そこへの通信を止めました。",
        "Connected, but one server could not prove its identity, and the way to it has been closed.",
        Text(
            "レセコンはそのままお使いください。今日のうちに、サポート会社に知らせてください。",
            "Please carry on as usual, and tell your support company today.",
        ),
    ),
    "engine.name-not-found": failed(
        "レセコンのサーバーの場所を調べられません。",
        "The address of the receipt server cannot be looked up.",
        NEAR_SIDE,
    ),
    "engine.timeout": failed("レセコンのサーバーが返事をしません。", "The receipt server does not answer.", NEAR_SIDE),
    "engine.connection-refused": failed(
        "レセコンのサーバーが接続を受け付けません。", "The receipt server does not accept connections.", NEAR_SIDE
    ),
    "engine.unreachable": failed(
        "レセコンのサーバーに届きません。", "The receipt server cannot be reached.", NEAR_SIDE
    ),
    "engine.handshake-refused": failed(
        "レセコンのサーバーが、安全な通信の開始を断りました。",
        "The receipt server refused to start a secure connection.",
        CALL,
    ),
    "engine.client-certificate-refused": failed(
        "レセコンのサーバーが、この医院の電子証明書を受け付けません。",
        "The receipt server does not accept this clinic's certificate.",
        CALL,
    ),
    "engine.not-proven": failed(
        "レセコンのサーバーを確かめられません（{detail}）。",
        "The receipt server could not be checked ({detail}).",
        CALL,
    ),
}

SECURITY = {
    "engine.wrong-pin": failed(
        "レセコンのサーバーが、登録された鍵を持っていません。偽物の恐れがあります。",
        "The receipt server does not hold the registered key. It may be an impostor.",
        PROTECTED,
    ),
    "engine.wrong-name": failed(
        "レセコンのサーバーの名前が、登録と違います。偽物の恐れがあります。",
        "The receipt server's name is not the registered one. It may be an impostor.",
        PROTECTED,
    ),
    "engine.unknown-ca": failed(
        "レセコンのサーバーの電子証明書が、信用できる発行者のものではありません。偽物の恐れがあります。",
        "The receipt server's certificate comes from no trusted issuer. It may be an impostor.",
        PROTECTED,
    ),
    "engine.self-signed": failed(
        "レセコンのサーバーの電子証明書が、サーバー自身の署名だけで作られています。偽物の恐れがあります。",
        "The receipt server's certificate is signed by nobody but itself. It may be an impostor.",
        PROTECTED,
    ),
    "engine.revoked": failed(
        "レセコンのサーバーの電子証明書は、発行者が取り消したものです。",
        "The receipt server's certificate has been taken back by its issuer.",
        PROTECTED,
    ),
    "engine.staple-missing": failed(
        "レセコンのサーバーが、電子証明書が取り消されていないことを示していません。",
        "The receipt server does not show that its certificate has not been taken back.",
        PROTECTED,
    ),
    "engine.wrong-purpose": failed(
        "レセコンのサーバーの電子証明書が、サーバー用のものではありません。偽物の恐れがあります。",
        "The receipt server's certificate is not one for servers. It may be an impostor.",
        PROTECTED,
    ),
    "engine.weak-cryptography": failed(
        "レセコンのサーバーの暗号が弱く、安全ではありません。",
        "The receipt server's cryptography is too weak to be safe.",
        PROTECTED,
    ),
    "engine.expired": failed(
        "レセコンのサーバーの電子証明書が、期限切れです。", "The receipt server's certificate has expired.", PROTECTED
    ),
    "engine.unusable-certificate": failed(
        "レセコンのサーバーの電子証明書が、この用途に使えるものではありません。偽物の恐れがあります。",
        "The receipt server's certificate is not meant for this use. It may be an impostor.",
        PROTECTED,
    ),
    "engine.not-yet-valid": failed(
        "レセコンのサーバーの電子証明書が、まだ有効期間に入っていません。",
        "The receipt server's certificate is not valid yet.",
        PROTECTED,
    ),
}

PUSH = {
    "push.ok": ok("サーバーから端末へ、知らせが届く状態です。", "Notices get from the server to the terminals."),
    "push.waiting": failed(
        "端末に、印刷の知らせが届きません。つながるまで、ルーターが待たせています。",
        "Print notices do not reach the terminals. They are kept waiting until the server can be reached.",
        NEAR_SIDE,
    ),
    "push.silent": failed(
        "端末からの問いかけに、サーバーが返事をしません。印刷の知らせが届きません。",
        "The server does not answer the terminals, so print notices do not arrive.",
        NEAR_SIDE,
    ),
    "push.lost": warning(
        "つながらなかったあと、端末がまだつなぎ直していません。それまで、印刷の知らせが届きません。",
        "After the outage the terminal has not come back yet. Until then, no print notices arrive.",
        Text(
            "10分ほどで、自動でつながります。急ぐときは、その端末のレセコンの画面を閉じて、開き直してください。"
            "15分たっても印刷されないときは、サポート会社に電話してください。",
            "It comes back by itself within ten minutes. If there is no time, close the receipt program on that "
            "terminal and open it again. If nothing is printed after 15 minutes, call your support company.",
        ),
    ),
    "push.some": warning(
        "一部の端末（{detail}）に、印刷の知らせが届きません。",
        "Print notices do not reach some of the terminals ({detail}).",
        Text(
            "その端末のレセコンの画面を閉じて、開き直してください。変わらないときは、サポート会社に電話してください。",
            "Close the receipt program on that terminal and open it again. If this does not help, call your support "
            "company.",
        ),
    ),
}

CERTIFICATES = {
    "certificates.ok": ok("期限まで、まだ十分あります。", "Valid, with plenty of time left."),
    "certificates.renew-soon": warning("{name}の期限まで、{left}です。", "{name}: {left} left.", RENEWAL),
    "certificates.renew-now": warning(
        "{name}の期限まで、あと{left}しかありません。",
        "{name}: only {left} left.",
        Text("今週のうちに、サポート会社に電話してください。", "Call your support company this week."),
    ),
    "certificates.last-days": warning(
        "{name}の期限が目の前です（あと{left}）。",
        "{name} is about to end ({left} left).",
        Text(
            "過ぎるとレセコンにつながらなくなります。今日のうちに、サポート会社に電話してください。",
            "After that the receipt computer cannot be reached. Call your support company today.",
        ),
    ),
    "certificates.copied": warning(
        "{name}が、ほかの端末（{detail}）でも使われています。コピーされた恐れがあります。",
        "{name} is used by another terminal ({detail}) as well. It may have been copied.",
        Text(
            "レセコンはそのままお使いください。今日のうちに、サポート会社に電話してください。"
            "端末を取り替えたばかりのときは、1日たつと消えます。",
            "Please carry on as usual, and call your support company today. Where a terminal has just been replaced, "
            "this goes away after a day.",
        ),
    ),
    "certificates.terminal-expired": failed(
        "{name}の期限が切れました。その端末は、レセコンにつながりません。",
        "{name} has expired: that terminal cannot reach the receipt computer.",
        CALL,
    ),
    "certificates.list-ok": ok("新しいものが届いています。", "It is up to date."),
    "certificates.list-old": warning(
        "{name}が古くなっています（{detail} までの予定）。",
        "{name} is overdue (since {detail}).",
        Text(
            "レセコンはそのままお使いください。数日たっても変わらないときは、サポート会社に知らせてください。",
            "Please carry on as usual. If this does not change within some days, tell your support company.",
        ),
    ),
    "certificates.expired": failed("{name}の期限が切れました。", "{name} has expired.", CALL),
    "certificates.identity-expired": failed("{name}の期限が切れました。", "{name} has expired.", CALL),
    "certificates.account-expired": failed(
        "接続アカウントの期限が切れました。", "The connection account has expired.", CALL
    ),
    "certificates.not-yet-valid": failed("{name}が、まだ有効期間に入っていません。", "{name} is not valid yet.", CALL),
    "certificates.unusable": failed("{name}を使えません（{detail}）。", "{name} cannot be used ({detail}).", CALL),
}

MAINTENANCE = {
    "maintenance.closed": ok("だれも入れません。", "Nobody can get in."),
    "maintenance.open": ok(
        "サポート会社が、遠くから{detail}に入れるようになっています。",
        "The support company can get in to {detail} from afar.",
    ),
    "maintenance.in-use": ok(
        "サポート会社が、遠くから{detail}に入っています。", "The support company is in {detail} from afar now."
    ),
    "maintenance.closed-here": ok("入れません。", "Closed."),
    "maintenance.open-here": ok("入れます。", "Open."),
    "maintenance.in-use-here": ok("入っています。", "In use now."),
}
