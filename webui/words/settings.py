"""Words of the settings' history."""

from __future__ import annotations

from appliance.text import Text

ENDINGS: dict[str | None, Text] = {
    None: Text("途中", "open"),
    "applied": Text("すぐに反映した", "put in force at once"),
    "confirmed": Text("試して、確認した", "tried and confirmed"),
    "returned": Text("試して、元に戻した", "tried and undone"),
    "failed": Text("反映できなかった", "could not be put in force"),
}
ON_TRIAL = Text("いま試している", "on trial now")

WORDS: dict[str, Text] = {
    "settings_title": Text("設定の履歴", "Settings: history"),
    "settings_intro": Text(
        "反映した設定と試した設定を、新しい順に 50 版まで残しています。前の版に戻すこともできます。",
        "What was in force or tried, newest first; 50 versions are kept, and an earlier one can be brought back.",
    ),
    "no_versions": Text("まだ反映した設定はありません。", "No settings have been in force yet."),
    "version": Text("版 {number}", "Version {number}"),
    "back_to": Text("版 {number} に戻す", "back to version {number}"),
    "in_force": Text("いま反映中", "in force"),
    "when": Text("日時", "Time"),
    "by": Text("だれが", "By"),
    "how": Text("どうなったか", "What became of it"),
    "with_account": Text("接続アカウント", "Account"),
    "account_number": Text("番号 {serial}（{fingerprint}）", "serial {serial} ({fingerprint})"),
    "all_versions": Text("← 設定の履歴", "← All versions"),
    "changed": Text("この版で変わったところ", "What this version changed"),
    "compared_with": Text("くらべる版", "Compared with"),
    "compare": Text("くらべる", "Compare"),
    "no_other": Text("これより前の版は残っていません。", "No earlier version is kept."),
    "return_title": Text("この版に戻す", "Bring this version back"),
    "return_intro": Text(
        "いまの設定は、次のように変わります。まず試し、時間内に新しい設定のままログインし直して確認しなければ、"
        "自動でいまの設定に戻ります。",
        "The present settings would change like this. It is tried first: unless somebody logs in again over it and "
        "confirms in time, the present settings come back by themselves.",
    ),
    "return_begin": Text("この版を試し始める", "Try this version"),
    "confirmed": Text(
        "確認しました。この設定が反映されています。「設置」で書きかけの設定は前のままなので、次に試す前に、"
        "変わるところを確かめてください。",
        "Confirmed: these settings are in force. What is being written under “Set-up” is as before: look at what "
        "would change before you try that.",
    ),
    "cancelled": Text("試すのをやめて、元の設定に戻しました。", "The trial was given up, and all is as before."),
    "gone": Text("版 {number} は残っていません。", "Version {number} is not kept."),
    "nothing_to_try": Text("変わるところがないので、試していません。", "Nothing would change, so nothing is tried."),
}
