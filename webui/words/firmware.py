"""The words of the firmware's page."""

from __future__ import annotations

from appliance.text import Text

WORDS: dict[str, Text] = {
    "firmware_title": Text("ルーターの更新（ファームウェア）", "Update of the router (firmware)"),
    "firmware_intro": Text(
        "更新は、ふだんは許された時間（設定の [update]）にひとりでに行われます。急ぐときや、データセンターから"
        "受け取れないときに、ここから手で行えます。新しい版でこれまでどおりつながらなければ、前の版にひとりでに戻ります。"
        "設定と接続アカウントはそのままです。",
        "Updates come by themselves, in the hours that are allowed (settings, [update]). Here you start one by hand: "
        "when it is urgent, or cannot come from the data center. Where the new version does not connect as before, the "
        "one before comes back by itself. Settings and account stay as they are.",
    ),
    "runs": Text("いまの版", "This version runs"),
    "stands": Text("更新の様子", "How an update stands"),
    "nothing_to_tell": Text("いま行っている更新はありません。", "No update is under way."),
    "progress": Text("{percent} % 受け取りました", "{percent} % has come"),
    "change_hours": Text("更新してよい時間と、更新しない日を変える", "Change the hours and the days without updates"),
    "look_again": Text("いまの様子を見る", "Look again"),
    "last": Text("前回", "The last one"),
    "installed": Text("{version} に更新しました", "updated to {version}"),
    "returned": Text("{version} から前の版に戻りました", "returned from {version} to the version before"),
    "by-itself": Text(
        "この版は、別の日に、もう一度だけひとりでに試します（許された時間に）。それでも戻ったら、もうひとりでには入れません。",
        "It is tried once more by itself, on another day and in the hours that are allowed. If it comes back then too, "
        "it is not installed by itself any more.",
    ),
    "by-hand": Text(
        "この版は、もうひとりでには入れません。ルーターは前の版のまま働いています。戻った訳が分かって直ったら、"
        "下の「手で更新する」で、同じ版をもう一度入れられます。何もしなくても、もっと新しい版が出れば、"
        "それは設定の [update] のとおりに入ります。",
        "This version is not installed by itself any more, and the router works with the one before. Once the reason "
        "is known and mended, the same version can be installed again under “Update by hand” below. If you do nothing, "
        "a newer version will come as the settings say ([update]).",
    ),
    "no_image": Text(
        "このルーターは、更新できる機器ではありません（Debian の上で動いています）。"
        "Debian の更新は apt で行ってください。",
        "This router is not one that is updated here: it runs on a Debian of its own, which apt updates.",
    ),
    "from_where": Text("手で更新する", "Update by hand"),
    "where": Text("どこから", "From where"),
    "of_stick": Text("USB メモリー {stick} の {file}（{mb} MB）", "{file} on memory stick {stick} ({mb} MB)"),
    "of_data_center": Text("データセンターにある最も新しい版", "the newest version that the data center has"),
    "plug": Text(
        "USB メモリーから行うときは、ルーターに差して数秒待ち、「いまの様子を見る」を押してください。",
        "To use a memory stick, plug it into the router, wait some seconds and press “Look again”.",
    ),
    "when": Text("いつ再起動するか", "When it restarts"),
    "in_its_hours": Text("許された時間に（おすすめ）", "in the hours that are allowed (better)"),
    "at_once": Text("準備ができ次第、すぐに", "as soon as it is ready"),
    "stops": Text(
        "再起動の間（数分）は、医院のすべての端末でレセコンとインターネットが使えません。",
        "While it restarts, for some minutes, no terminal of the clinic has the receipt computer or the internet.",
    ),
    "begin": Text("更新を始める", "Begin"),
    "taken": Text("更新を受け付けました。様子は下に出ます。", "The update is taken in; below is how it stands."),
    "nothing_newer": Text("いまの版より新しいものはありません。", "There is nothing newer than what runs."),
}
