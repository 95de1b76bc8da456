"""The activation letter: the paper on which the code travels, apart from the file."""

from __future__ import annotations

from appliance.account import code
from appliance.account.model import Account

_TEMPLATE = """\
接続アカウントのお知らせ（アクティベーションコード）

  医院名　　　{name_ja}　様（{clinic_id}）
  番号　　　　{serial}
  有効期限　　{expires}
  ファイル　　{file_name}
  発行　　　　{issuer}

アクティベーションコード（5文字ずつ、5グループ）

{groups_ja}

次のようにお使いください。
  1. この手紙と、上の名前のファイルの両方がそろっていることを確かめます。
  2. ファイルを USB メモリーなどでルーターに渡し、接続アカウントの取り込みを始めます。
  3. コードを聞かれたら、第1グループから順に入力します。大文字と小文字、間の「-」は気にしなくてかまいません。
     数字の 0 と英字の O、数字の 1 と英字の I や L は、どちらで入力しても同じです。
  4. 取り込みが終わったら、この手紙を鍵のかかる場所にしまうか、細かく裁断してください。

ファイルとこの手紙は、必ず別々に送り、別々に保管してください。両方を手にした人は、医院の回線になりすませます。
コードを人に見られたかもしれないときは、すぐに発行元へ連絡してください。

--------------------------------------------------------------------------------

Your connection account: activation code

  Clinic      {name_en} ({clinic_id})
  Serial      {serial}
  Expires     {expires}
  File        {file_name}
  Issued by   {issuer}

Activation code (five groups of five characters)

{groups_en}

What to do
  1. Make sure that you hold both this letter and the file named above.
  2. Bring the file to the router, on a USB stick for example, and start the import of the account.
  3. When asked for the code, type it group by group. Upper or lower case and hyphens do not matter;
     0 and the letter O, and 1 and the letters I and L, count as the same.
  4. Afterwards lock this letter away, or shred it.

Always send and keep the file and this letter apart: whoever has both can pass for the clinic's line.
If somebody else may have seen the code, tell the issuer at once.
"""


def letter(account: Account, activation_code: str, file_name: str) -> str:
    """Plain text, Japanese first. activation_code: normalised. Holds the code: a file of mode 0600."""
    groups = [" ".join(group) for group in code.groups(activation_code)]
    return _TEMPLATE.format(
        name_ja=account.clinic.name.ja,
        name_en=account.clinic.name.en,
        clinic_id=account.clinic.id,
        serial=account.serial,
        expires=f"{account.expires:%Y-%m-%d %H:%M %Z}",
        file_name=file_name,
        issuer=account.issuer,
        groups_ja="\n\n".join(f"      第{number}グループ　　{group}" for number, group in enumerate(groups, 1)),
        groups_en="\n\n".join(f"      group {number}      {group}" for number, group in enumerate(groups, 1)),
    )
