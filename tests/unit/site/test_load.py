"""What a vendor is told about a settings file."""

import os
from pathlib import Path

import pytest

from appliance.errors import SekishoError
from appliance.site.load import MAX_BYTES, SiteError, load, parse, read
from appliance.site.wan import DhcpWan, StaticWan

GOOD = """\
[wan]
kind = "dhcp"
interface = "wan0"

[lan]
interface = "lan0"
address = "192.0.2.1/26"
"""


def refused(text: str) -> SiteError:
    with pytest.raises(SiteError) as caught:
        parse(text)
    assert caught.value.code == "site.invalid"
    return caught.value


def english(text: str) -> list[str]:
    return [sentence.en for sentence in refused(text).errors]


def test_the_smallest_file_gets_the_defaults() -> None:
    site = parse(GOOD)
    assert site.language == "ja"
    assert site.wan == DhcpWan(kind="dhcp", interface="wan0")
    assert (site.lan.name, site.lan.dhcp, site.terminals, site.vendor) == ("sekisho", None, (), None)


def test_windows_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(file) == parse(GOOD)


def test_lines_are_counted_the_same_with_windows_line_ends() -> None:
    text = GOOD.replace('"192.0.2.1/26"', '"192.0.2.1"').replace("\n", "\r\n")
    assert english("\ufeff" + text)[0].startswith("lan.address (line 7): ")


def test_key_line_value_and_remedy_are_named_in_both_languages() -> None:
    (sentence,) = refused(GOOD + '[lan.dhcp]\nfirst = "x"\nlast = "192.0.2.61"\n').errors
    assert sentence.en == 'lan.dhcp.first (line 9): "x" cannot be used; write the first address to hand out ' + (
        '(for example "192.0.2.32").'
    )
    assert sentence.ja == (
        'lan.dhcp.first（9 行目）: "x" は使えませんので、'
        '自動で配る最初のアドレス（例: "192.0.2.32"） を書いてください。'
    )


def test_the_second_terminal_is_number_two() -> None:
    terminal = '[[terminals]]\nname = "a{0}"\nlabel = "受付"\nmac = "{1}"\naddress = "192.0.2.1{0}"\n'
    text = GOOD + terminal.format(0, "02:00:00:00:02:10") + terminal.format(1, "printer")
    assert english(text) == [
        'terminals[2].mac (line 16): "printer" cannot be used; write the terminal\'s MAC address '
        '(for example "02:00:00:00:02:10").'
    ]


def test_all_problems_are_reported_in_the_order_of_the_file_and_the_error_carries_the_first() -> None:
    error = refused('language = "fr"\n[wan]\nkind = "dhcp"\n[lan]\ninterface = "lan0"\naddress = 3\n')
    assert [sentence.en.split(":")[0].split(" is ")[0] for sentence in error.errors] == [
        "language (line 1)",
        "wan.interface (in the part that starts at line 2)",
        "lan.address (line 6)",
    ]
    assert error.text.en == error.errors[0].en + " (2 more)"
    assert error.text.ja == error.errors[0].ja + "（ほかに 2 件あります）"


@pytest.mark.parametrize(
    ("added", "says"),
    [
        ("langage = 1\n", "langage (line 1): there is no such setting; did you mean language?"),
        (
            "zzz = 1\n",
            "one of the known names (language, wan, backup_wan, tunnels, services, lan, segments, routes, forwards, "
            "terminals, maintenance, time, page, update, vendor).",
        ),
        ('"wan lan" = 1\n', '"wan lan" (line 1): there is no such setting'),
    ],
)
def test_unknown_keys_are_told_with_a_guess(added: str, says: str) -> None:
    assert says in english(added + GOOD)[0]


def test_unknown_keys_inside_a_table_are_compared_with_its_own_keys() -> None:
    assert "did you mean lan.address?" in english(GOOD.replace("address", "adress"))[1]


def test_a_static_key_under_dhcp_is_not_called_unknown() -> None:
    sentence = english(GOOD.replace("[lan]", 'gateway = "192.0.2.65"\n[lan]'))[0]
    assert sentence.startswith('wan.gateway (line 5): it is used only when wan.kind is "static"')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "wan: it is missing; write the line's settings"),
        ("wan = 3\nlan = []\n", "wan (line 1): 3 cannot be used"),
        ("wan = {}\nlan = {}\n", "wan.kind (in the part that starts at line 1): it is missing"),
        (
            'wan = {kind = "ppp"}\n',
            'wan.kind (line 1): "ppp" cannot be used; write "dhcp" (automatic), "static"',
        ),
        ('wan = {kind = "pppoe", interface = "wan0"}\n', "wan.user (in the part that starts at line 1): it is missing"),
        ('wan = {kind = "dhcp", interface = "wan0", user = "u"}\n', 'used only when wan.kind is "pppoe"'),
        (
            'wan = {kind = "pppoe", interface = "wan0", user = "u", password = "SECRET"}\n',
            "wan.password (line 1): the password does not belong in this file",
        ),
        (GOOD + "[terminals]\n", "terminals (line 8): {…} cannot be used"),
        ("terminals = [1]\n" + GOOD, "terminals[1] (line 1): 1 cannot be used"),
        (GOOD + "[lan.dhcp]\nlease_hours = true\n", "lan.dhcp.lease_hours (line 9): true cannot be used"),
        (GOOD.replace('"192.0.2.1/26"', "3221225985"), "lan.address (line 7): 3221225985 cannot be used"),
        (GOOD.replace('"192.0.2.1/26"', "1979-05-27"), "lan.address (line 7): 1979-05-27 cannot be used"),
        (GOOD.replace('"lan0"', '"' + "x" * 99 + '"'), '…" cannot be used; write the name of the port'),
    ],
)
def test_wrong_shapes(text: str, says: str) -> None:
    assert any(says in sentence for sentence in english(text))


@pytest.mark.parametrize(
    ("text", "ja", "en"),
    [
        ("[wan]\nkind = dhcp\n", "2 行目の 8 文字目で値の書き方が正しくありません", "line 2, column 8: invalid value"),
        ("a = 1 b = 2", "1 行目の 7 文字目で値の後ろに余分な文字があります", "line 1, column 7: expected newline"),
        ("[wan]\n[wan]\n", "同じ設定が二度書かれています", "line 2, column 5: cannot declare"),
        ("a = 1\na = 2\n", "同じ設定が二度書かれています", "line 2, column 6: cannot overwrite"),
        ('a = "x\n', '閉じる " がありません', "line 1, column 7: illegal character"),
        ("a = [1,\n2", "閉じる括弧がありません", "line 2, column 2: unclosed array"),
        ("[wan\n", "閉じる ] がありません", "line 1, column 5: expected ']'"),
        ("kind\n", "= がありません", "line 1, column 5: expected '='"),
        ("[wan]\nkind ＝ 1\n", "2 行目に全角の文字（＝）があります", "line 2 holds a full-width character"),
        ('a = "あ"\u3000\n', "1 行目に全角の文字（空白）があります", "line 1 holds a full-width character"),
        ("a = " + "[" * 5000, "深すぎる括弧", "brackets too deep"),
        ("a = " + "9" * 5000, "長すぎる数", "a number too long"),
    ],
)
def test_broken_toml_is_told_with_line_and_column(text: str, ja: str, en: str) -> None:
    (sentence,) = refused(text).errors
    assert ja in sentence.ja
    assert en in sentence.en


def test_wide_characters_inside_values_and_comments_are_innocent() -> None:
    (sentence,) = refused('vendor = { name = "サンプル　商会" } b # ＝\n').errors
    assert "full-width" not in sentence.en


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SekishoError) as caught:
        load(tmp_path / "site.toml")
    assert caught.value.code == "site.missing"
    assert str(tmp_path / "site.toml") in caught.value.text.ja


def test_a_directory_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(SekishoError) as caught:
        load(tmp_path)
    assert caught.value.code == "site.unreadable"
    assert os.strerror(21) in caught.value.text.en


@pytest.mark.parametrize(("encoding", "guess"), [("cp932", "Shift_JIS"), ("utf-16", "UTF-16"), ("euc_jp", "Shift_JIS")])
def test_other_encodings_are_named_with_the_remedy(tmp_path: Path, encoding: str, guess: str) -> None:
    file = tmp_path / "site.toml"
    file.write_bytes((GOOD + '[vendor]\nname = "サンプル商会"\n').encode(encoding))
    with pytest.raises(SekishoError) as caught:
        load(file)
    assert caught.value.code == "site.encoding"
    if encoding != "euc_jp":
        assert f"{guess} のようです" in caught.value.text.ja
    if encoding == "cp932":
        assert "line 9 of" in caught.value.text.en


def test_a_huge_file_is_not_swallowed(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(SekishoError) as caught:
        read(file)
    assert caught.value.code == "site.too-large"


def test_static_wan_is_read() -> None:
    site = parse(
        GOOD.replace(
            'kind = "dhcp"',
            'kind = "static"\naddress = "192.0.2.66/28"\ngateway = "192.0.2.65"\ndns = ["198.51.100.53"]',
        )
    )
    assert isinstance(site.wan, StaticWan)
    assert str(site.wan.address) == "192.0.2.66/28"
