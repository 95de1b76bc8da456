"""Words of the wizard: for a vendor who knows no router's insides."""

from __future__ import annotations

from appliance.text import Text

WORDS: dict[str, Text] = {
    "page_title": Text("ルーターの設置", "Setting up the router"),
    "steps": Text("設置の手順", "Steps"),
    "back_to_lights": Text("状態のページ", "Status page"),
    "next": Text("保存して次へ", "Save and go on"),
    "skip": Text("次へ", "Next"),
    "optional": Text("（なくてもよい）", " (optional)"),
    "problems": Text("直していただくところがあります", "Something has to be corrected"),
    "done": Text("済み", "done"),
    "open": Text("まだ", "to do"),
    "wrong": Text("要修正", "to correct"),
    # The account
    "account_title": Text("接続アカウント", "The connection account"),
    "account_intro": Text(
        "データセンターから届いたファイルを選び、別に届いたアクティベーションコードを入れてください。",
        "Choose the file that came from the data center and type the activation code that came separately.",
    ),
    "account_where": Text("どのファイルを取り込みますか", "Which file?"),
    "account_stick": Text("{file}（ルーターの USB メモリー {stick}）", "{file} (memory stick {stick} in the router)"),
    "account_upload": Text("このパソコンのファイル（下で選ぶ）", "One of this computer's, chosen below"),
    "account_plug": Text(
        "USB メモリーは、ルーターに差してもかまいません。差したら",
        "The memory stick may be plugged into the router as well; then",
    ),
    "account_look": Text("もう一度見る", "look again"),
    "account_file": Text("接続アカウントのファイル", "Account file"),
    "account_code": Text("アクティベーションコード", "Activation code"),
    "account_code_help": Text(
        "例 ABCDE-FGHJK-…（大文字と小文字は同じです）", "Like ABCDE-FGHJK-…; capitals do not matter."
    ),
    "account_take": Text("取り込む", "Take it in"),
    "account_is": Text("取り込んだ接続アカウント", "The account on this router"),
    "account_other": Text("別のファイルに替える", "Replace it by another file"),
    # The line
    "wan_title": Text("回線", "The line"),
    "wan_intro": Text(
        "回線の線をつないだポートを選び、「調べる」を押してください。10 秒ほどで、どんな回線かを調べます。",
        "Choose the port that the line's cable is in and press “Look”. It takes about ten seconds.",
    ),
    "wan_find": Text("回線を調べる", "Look what line it is"),
    "wan_use": Text("この種類を使う", "Use this kind"),
    "port": Text("ポート", "Port"),
    "linked": Text("線がつながっています", "has a cable"),
    "unlinked": Text("線がつながっていません", "no cable"),
    "kind": Text("回線の種類", "Kind of line"),
    "kind_dhcp": Text(
        "自動（上位ルーターや ONU からアドレスをもらう）", "Automatic (an upper router gives the address)"
    ),
    "kind_static": Text("固定アドレス", "Fixed address"),
    "kind_pppoe": Text("PPPoE（接続 ID とパスワード）", "PPPoE (user name and password)"),
    "kind_ipoe": Text("IPv6（IPoE）", "IPv6 (IPoE)"),
    "kind_ds-lite": Text("DS-Lite（transix など）", "DS-Lite"),
    "kind_map-e": Text("MAP-E（v6 プラスなど）", "MAP-E"),
    "wan_address": Text("ルーターのアドレスと大きさ", "Router's address and network size"),
    "gateway": Text("上位ルーターのアドレス", "Upper router's address"),
    "dns": Text("DNS サーバー（空白で区切る）", "DNS servers, separated by spaces"),
    "user": Text("接続 ID", "User name"),
    "password": Text("接続パスワード", "Password"),
    "password_kept": Text("入れなければ、前のパスワードのままです。", "Left empty, the former password stays."),
    "mtu": Text("MTU（バイト）", "MTU in bytes"),
    "aftr": Text("AFTR の名前かアドレス", "Name or address of the AFTR"),
    "br": Text("BR の IPv6 アドレス", "IPv6 address of the BR"),
    "rule_ipv6": Text("ルールの IPv6 プレフィックス", "IPv6 prefix of the rule"),
    "rule_ipv4": Text("ルールの IPv4 プレフィックス", "IPv4 prefix of the rule"),
    "ea_bits": Text("EA-bits の長さ", "Length of the EA bits"),
    "upload_mbit": Text("上りの速さ（Mbit/s、測った値）", "Upload speed as measured, Mbit/s"),
    # The clinic's network
    "lan_title": Text("院内のネットワーク", "The clinic's network"),
    "lan_intro": Text(
        "いまの院内のアドレスをそのまま使えます。いま使っているルーターのアドレスと大きさを入れてください。",
        "The clinic can keep its addresses: write the address and size that its present router has.",
    ),
    "lan_port": Text("院内側のポート", "Port to the clinic"),
    "lan_address": Text("ルーターのアドレスと大きさ", "Router's address and network size"),
    "lan_address_help": Text("例 192.0.2.1/24", "Like 192.0.2.1/24"),
    "lan_name": Text("ルーターの名前", "Router's name"),
    "lan_name_help": Text(
        "端末から「名前.lan」で状態のページを開けます。", "Terminals open the status page as NAME.lan."
    ),
    "dhcp": Text("端末にアドレスを自動で配る", "Hand out addresses to terminals"),
    "dhcp_help": Text(
        "院内のほかの機器が配っているときは、外してください。", "Leave it off when another machine does it already."
    ),
    "first": Text("配るアドレスの最初", "First address"),
    "last": Text("配るアドレスの最後", "Last address"),
    "lease_hours": Text("貸し出す時間", "Hours of a lease"),
    # Terminals
    "terminals_title": Text("レセプトの端末", "Receipt terminals"),
    "terminals_intro": Text(
        "ここに無い機器は、レセコンにつながりません。スタッフが呼ぶ名前を付けてください。",
        "A machine that is not listed here does not reach the receipt computer. Name each as the staff call it.",
    ),
    "label": Text("呼び名", "Called"),
    "name": Text("英数字の名前", "Name (a-z, 0-9, -)"),
    "mac": Text("MAC アドレス", "MAC address"),
    "address": Text("アドレス", "Address"),
    "internet_minutes": Text("インターネットに切り替えてよい時間（分）", "Minutes of internet that staff may allow"),
    "seen_at": Text("いまのアドレス {address}", "Now at {address}"),
    "remove": Text("消す", "Remove"),
    "take": Text("登録する", "Add"),
    "find_machines": Text("院内の機器を探す", "Look for machines"),
    "find_takes": Text(
        "15 秒ほどかかります。下に書きかけた内容は、先に保存してください。",
        "Takes about 15 seconds. Save first what you have typed below.",
    ),
    "found_now": Text("いま院内で見つかった、登録していない機器", "Machines on the LAN that are not listed"),
    "more_rows": Text("ほかの端末", "Other terminals"),
    # Whom to call
    "vendor_title": Text("困ったときの連絡先", "Whom to call"),
    "vendor_intro": Text("状態のページと報告書に表示されます。", "It is shown on the status page and in the report."),
    "vendor_name": Text("会社の名前", "Company"),
    "vendor_phone": Text("電話番号", "Telephone number"),
    # Updates
    "update_title": Text("更新してよい時間", "Hours for updates"),
    "update_intro": Text(
        "ルーターの更新（ファームウェア）をいつ行ってよいかを決めます。更新では、ルーターが一度再起動し、数分の間"
        "レセコンにつながりません。日時は日本時間です。保存したあと、ほかの設定と同じように試してから決めます。",
        "When the router's firmware may be updated. An update restarts the router once, and for some minutes nothing "
        "reaches the receipt computer. Days and hours are Japan's. What is saved is tried and confirmed like any other "
        "setting.",
    ),
    "automatic": Text("新しい版を自動で入れる", "Install new versions automatically"),
    "automatic_help": Text(
        "外すと、「更新」のページで人が始めるまで入れません。",
        "Without it, none is installed until somebody begins it under “Update”.",
    ),
    "hours": Text("更新してよい時間", "Hours in which updates may be done"),
    "hours_first": Text("何時から", "From"),
    "hours_last": Text("何時まで", "To"),
    "hours_help": Text(
        "60 分以上。夜をまたいでもかまいません（例 23:00 から 4:00）。両方空けると、2:00 から 5:00 になります。",
        "60 minutes at least; they may go over midnight, like 23:00 to 4:00. Both left empty mean 2:00 to 5:00.",
    ),
    "days_off": Text("更新しない日（毎月）", "Days of each month without updates"),
    "days_off_help": Text(
        "レセプトの締めの期間など。例「1-10」「1-10, 25」。空けると、どの日にも行います。",
        "Those of receipt closing, for example: 1-10, or 1-10, 25. Left empty, updates may come on any day.",
    ),
    # Trial
    "try_title": Text("試す", "Try it"),
    "try_intro": Text(
        "新しい設定を試します。時間内に新しい設定のままログインし直して確認しなければ、自動で元に戻ります。",
        "The new settings are tried. Unless somebody logs in again over them and confirms in time, "
        "everything returns by itself.",
    ),
    "try_changes": Text("変わるところ", "What changes"),
    "try_nothing": Text("変わるところはありません。", "Nothing changes."),
    "try_not_ready": Text("前の手順がまだ済んでいません。", "An earlier step is not finished yet."),
    "try_moves": Text(
        "始めると、このページがつながらなくなることがあります。そのときは",
        "Once it begins, this page may be out of reach. Then",
    ),
    "try_moves_cable": Text(
        "このパソコンの線を抜いて、差し直す",
        "pull this computer's cable out and put it back,",
    ),
    "try_moves_open": Text("次のアドレスを開き、ログインする", "open this address and log in:"),
    "try_moves_confirm": Text("「確認して決める」を押す", "press “Confirm”."),
    "try_moves_back": Text(
        "確認しなければ、時間が来ると元に戻ります。そのときは線を差し直して、はじめのアドレスを開いてください。",
        "Unless you do, everything returns when the time is over: then put the cable back in once more and open the "
        "address of before.",
    ),
    "try_began": Text("試し始めました。", "The trial has begun."),
    "try_now": Text("いまの様子", "How things are now"),
    "try_last": Text("前に試した設定は、元に戻しました", "What was tried last was taken back"),
    "try_minutes": Text("試す時間", "Time to try"),
    "minutes": Text("分", "minutes"),
    "try_begin": Text("試し始める", "Begin"),
    "try_cancel": Text("やめて元に戻す", "Give up and return"),
    "try_running": Text("新しい設定を試しています", "The new settings are on trial"),
    "try_until": Text("{time} までに確認しないと、元に戻ります。", "Unless confirmed by {time}, everything returns."),
    "try_left": Text("あと {seconds} 秒", "{seconds} seconds left"),
    "try_checking": Text("ルーターが自分で確かめています。", "The router is checking by itself."),
    "try_waiting": Text(
        "ルーターの確認は済みました。いったんログインし直してから、「確認して決める」を押してください。",
        "The router's own check has passed. Log in again, then press “Confirm”.",
    ),
    "try_confirm": Text(
        "新しい設定で、この画面を開けました。下の様子を見て、よければ「確認して決める」を押してください。",
        "This page was opened over the new settings. Look at how things are, and press “Confirm” if they are well.",
    ),
    "try_returning": Text("元の設定に戻しています。", "The former settings are being put back."),
    "try_reach": Text("ページが開かなくなったら、次のアドレスを開いてください", "If this page is gone, open"),
    "log_in_again": Text("ログインし直す", "Log in again"),
    "confirm": Text("確認して決める", "Confirm"),
    # Report
    "report_title": Text("疎通確認報告書", "Connectivity report"),
    "report_intro": Text(
        "いまの接続の様子を調べて、署名できる報告書（PDF）を作ります。",
        "Makes a report (PDF) of how things stand now, to be printed and signed.",
    ),
    "report_later": Text(
        "まだ働いている設定がありません。「試す」で確認すると、作れるようになります。",
        "No settings are at work yet. Once a trial is confirmed, a report can be made.",
    ),
    "report_make": Text("報告書を作る", "Make the report"),
    "report_language": Text("報告書の言語", "Language of the report"),
}
