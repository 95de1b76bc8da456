"""The words of the log-in pages."""

from __future__ import annotations

from appliance.text import Text

ROLES: dict[str, Text] = {
    "manager": Text("医院の管理者", "clinic manager"),
    "vendor": Text("ベンダー", "vendor"),
    "datacenter": Text("データセンター", "data center"),
    "operator": Text("本体の画面（root）", "the router's console (root)"),
    "page": Text("ログインしていない人", "somebody without a log-in"),
    "system": Text("ルーター自身", "the router itself"),
}
"""As the local API calls them: those who log in first, then whoever else stands in a record."""

WORDS: dict[str, Text] = {
    "router": Text("レセコンのルーター", "Receipt router"),
    "error": Text("エラー", "Error"),
    "menu": Text("メニュー", "Menu"),
    "to_status": Text("← 接続状態", "← Status"),
    "account": Text("自分のログイン", "My log-in"),
    "people": Text("管理者のログイン", "Managers' log-ins"),
    "setup": Text("設置", "Set-up"),
    "settings": Text("設定の履歴", "History"),
    "firmware": Text("更新", "Update"),
    "audit": Text("操作の記録", "Audit record"),
    "diagnose": Text("診断", "Diagnostics"),
    "log_in": Text("ログイン", "Log in"),
    "log_out": Text("ログアウト", "Log out"),
    "logged_out": Text("ログアウトしました。", "You are logged out."),
    "name": Text("ログイン名", "Log-in name"),
    "name_hint": Text("英小文字で始まる 2〜32 文字（英小文字・数字・. _ -）", "2 to 32 small letters, digits or . _ -"),
    "password": Text("パスワード", "Password"),
    "password_hint": Text(
        "はじめてのときは、本体のラベルにあるものです。", "The first time it is the one on the router's label."
    ),
    "forgotten": Text(
        "パスワードが分からないときは、管理者のものはベンダーが、ベンダーのものは本体の画面（sekisho access reset）で"
        "作り直せます。",
        "Forgotten: the vendor can reset a manager's; the vendor's own is reset on the router's console "
        "(`sekisho access reset`).",
    ),
    "compare": Text(
        "ブラウザーが証明書の警告を出したときは、先に、証明書の SHA-256 が本体の画面の sekisho status に出るものと"
        "同じか確かめてください。",
        "If the browser has warned of the certificate, first compare its SHA-256 with what `sekisho status` prints on "
        "the router's console.",
    ),
    "ended": Text(
        "ログインの有効期間が終わりました。もう一度ログインしてください。", "Your log-in has ended: log in again."
    ),
    "nothing_lost": Text(
        "入力した内容は残っています（パスワードを除く）。ログインのあと、もう一度送れます。",
        "What you typed is kept (except passwords). After the log-in you can send it again.",
    ),
    "send_again": Text("もう一度送る", "Send it again"),
    "send_again_title": Text("入力した内容を送り直す", "Send what you typed"),
    "send_again_text": Text(
        "ログインしました。まだ何も送っていません。内容を確かめて、もう一度送ってください。",
        "You are logged in. Nothing has been sent yet: look at it, and send it again.",
    ),
    "do_not_send": Text("送らない", "Do not send it"),
    "second_title": Text("2 段階認証", "Second factor"),
    "with_code": Text("認証アプリの確認コード", "Code of your authenticator application"),
    "with_key": Text("セキュリティキー", "Security key"),
    "code": Text("確認コード（6 けたの数字）", "Code (six digits)"),
    "touch_key": Text(
        "ボタンを押してから、登録したセキュリティキーに触れてください。",
        "Press the button, then touch your security key.",
    ),
    "touch_new_key": Text(
        "ボタンを押してから、登録するセキュリティキーに触れてください。",
        "Press the button, then touch the security key that you add.",
    ),
    "use_key": Text("セキュリティキーを使う", "Use the security key"),
    "key_failed": Text(
        "セキュリティキーを使えませんでした。ボタンを押して、もう一度試してください。",
        "The security key could not be used: press the button and try again.",
    ),
    "key_needs_script": Text(
        "セキュリティキーは、スクリプト（JavaScript）を許した、キーに対応したブラウザーでだけ使えます。",
        "A security key needs a browser that knows such keys and runs scripts.",
    ),
    "start_again": Text("はじめからやり直す", "Start again"),
    "account_title": Text("自分のログイン", "My log-in"),
    "first_title": Text("パスワードを決めてください", "Choose a password"),
    "change_password": Text("パスワードの変更", "Change the password"),
    "must_change": Text(
        "いまのパスワードは最初のものです。自分だけが知っているものに変えると、ほかの操作ができます。",
        "This is the first password: once you have changed it to one that only you know, you can do the rest.",
    ),
    "old_password": Text("いまのパスワード", "Present password"),
    "new_password": Text("新しいパスワード", "New password"),
    "new_again": Text("新しいパスワード（もう一度）", "New password, again"),
    "change": Text("変更する", "Change it"),
    "changed": Text(
        "パスワードを変えました。ほかの画面のログインは終わりました。",
        "The password was changed; your other sessions have ended.",
    ),
    "sessions": Text("ログイン中の画面", "Where you are logged in"),
    "sessions_text": Text(
        "身に覚えのない画面があれば、終わらせてから、パスワードも変えてください。",
        "If there is one that is not yours, end it, and change your password too.",
    ),
    "session_here": Text("この画面: {address}（{began} から）", "Here: {address}, since {began}"),
    "session_elsewhere": Text(
        "{address}（{began} から、最後の操作は {seen}）", "{address}, since {began}, last used {seen}"
    ),
    "elsewhere": Text("ほかの画面", "Elsewhere"),
    "all_of_them": Text("ほかの画面のすべて", "All of them"),
    "nowhere_else": Text("ほかの画面ではログインしていません。", "You are logged in nowhere else."),
    "end_session": Text("ログインを終わらせる", "End it"),
    "session_ended": Text("選んだ画面のログインを終わらせました。", "It was ended."),
    "second": Text("2 段階認証", "Second factor"),
    "second_text": Text(
        "パスワードのほかに、手元の機械で確かめます。登録すると、パスワードは 8 文字以上で使えます。",
        "Besides the password, something that you have is asked for. With it, 8 characters are enough.",
    ),
    "no_second": Text("まだ登録していません。", "There is none yet."),
    "totp": Text("認証アプリ", "Authenticator application"),
    "remove": Text("外す", "Remove"),
    "removed": Text("2 段階認証を外しました。", "The second factor was removed."),
    "password_again": Text("確認のため、いまのパスワード", "Your present password, to confirm"),
    "add_totp": Text("認証アプリを登録する", "Add an authenticator application"),
    "add_totp_text": Text(
        "スマートフォンの認証アプリに、6 けたの数字を出させます。",
        "An application on your telephone shows six digits.",
    ),
    "scan": Text(
        "認証アプリでこの QR コードを読み取り、アプリに出た 6 けたの数字を入力してください。",
        "Scan this code with the application and type the six digits that it shows.",
    ),
    "qr": Text("認証アプリに登録する QR コード", "QR code for the authenticator application"),
    "or_type": Text("読み取れないときに入力する文字:", "To type, if it cannot be scanned:"),
    "confirm": Text("登録する", "Add it"),
    "give_up": Text("やめる", "Cancel"),
    "added": Text(
        "2 段階認証を登録しました。次のログインから使います。", "It was added, and is asked for from now on."
    ),
    "add_key": Text("セキュリティキーを登録する", "Add a security key"),
    "add_key_text": Text(
        "USB などの FIDO2 のキーです。ルーターを名前で開いたときだけ登録でき、その名前でだけ使えます。",
        "A FIDO2 key. It can be added where the router was opened by its name, and works under that name.",
    ),
    "key_label": Text("キーの呼び名", "What you call it"),
    "managers": Text("登録してあるログイン", "The log-ins"),
    "nobody": Text("まだありません。", "There are none yet."),
    "add_manager": Text("管理者のログインを追加する", "Add a manager's log-in"),
    "first_password_of": Text("最初のパスワード:", "First password of"),
    "shown_once": Text(
        "この画面でだけ表示します。本人に伝えてください。", "It is shown here and never again: tell its owner."
    ),
    "until": Text("{time} までに、はじめのログインが必要です。", "The first log-in must be before {time}."),
    "reset": Text("パスワードを作り直す", "New first password"),
    "unlock": Text("待ち時間をなくす", "End the wait"),
    "unlocked": Text("すぐにログインできます。", "That log-in need not wait any more."),
    "remove_person": Text("消す", "Remove"),
    "person_removed": Text("ログインを消しました。", "The log-in was removed."),
    "first_still": Text("最初のパスワードのまま", "still the first password"),
    "second_there": Text("2 段階認証あり", "with a second factor"),
    "second_missing": Text("2 段階認証なし", "without a second factor"),
    "made": Text("{time} に追加", "added {time}"),
    "refused_title": Text("この操作はできません", "You may not do this"),
    "refused": Text(
        "このログインには許されていない操作です。担当のベンダーに頼んでください。",
        "Your log-in may not do this: ask your vendor.",
    ),
    "silent_title": Text("ルーターが返事をしません", "The router does not answer"),
    "back": Text("もどる", "Back"),
    "not_the_same": Text(
        "新しいパスワードの 2 つの欄が違います。同じものを入力してください。",
        "The two new passwords differ: type the same one twice.",
    ),
    "too_often": Text(
        "短い間に何度も送られたので、{seconds} 秒待ってからもう一度試してください。",
        "That was sent too often: wait {seconds} s, then try again.",
    ),
}

PASSWORD_HINT = {
    False: Text(
        "13 文字以上。くり返しや並び（123・abc）、ログイン名を避けてください。",
        "13 characters or more; no repeats, rows (123, abc) or your log-in name.",
    ),
    True: Text(
        "2 段階認証があるので 8 文字以上。くり返しや並び（123・abc）、ログイン名を避けてください。",
        "8 characters or more beside a second factor; no repeats, rows (123, abc) or your log-in name.",
    ),
}
