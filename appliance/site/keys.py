"""Every key of site.toml as a person would explain it: what belongs there, with an example."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping

from appliance.site.checks import Key
from appliance.text import Text

_PORT_WAN = Text('回線側のポートの名前（例: "eth0"）', 'the name of the port to the line (for example "eth0")')
_PORT_LAN = Text('院内側のポートの名前（例: "eth1"）', 'the name of the port to the clinic (for example "eth1")')

_SEGMENT = Text(
    'セグメントの名前、英小文字・数字・ハイフン（例: "imaging"）', 'the name of a segment (for example "imaging")'
)
_REACHES = Text(
    '通信を始めてよい相手のセグメントの一覧（例: ["imaging"]）',
    'the list of segments to which connections may be opened (for example ["imaging"])',
)

_LINE: Mapping[str, Text] = {
    "kind": Text(
        '"dhcp"（自動）、"static"（固定）、"ipoe"（IPv6）、"ds-lite"、"map-e"、"pppoe"（ID とパスワード）のどれか',
        '"dhcp" (automatic), "static" (fixed), "ipoe" (IPv6), "ds-lite", "map-e" or "pppoe" (user name and password)',
    ),
    "interface": _PORT_WAN,
    "upload_mbit": Text(
        "回線の上りの速さ（Mbit/s）、1〜10000 の整数（例: 20）",
        "the line's upload speed in Mbit/s, a whole number from 1 to 10000 (for example 20)",
    ),
    "address": Text(
        'ルーターの WAN 側アドレスと大きさ（例: "192.0.2.66/28"）',
        'the router\'s address on the line and the network size (for example "192.0.2.66/28")',
    ),
    "gateway": Text(
        '上位ルーターのアドレス（例: "192.0.2.65"）', 'the upper router\'s address (for example "192.0.2.65")'
    ),
    "dns": Text(
        '回線の DNS サーバーの一覧（例: ["198.51.100.53"]）',
        'the list of the line\'s DNS servers (for example ["198.51.100.53"])',
    ),
    "dns[]": Text(
        'DNS サーバーのアドレス（例: "198.51.100.53"）', 'the address of a DNS server (for example "198.51.100.53")'
    ),
    "user": Text(
        'プロバイダーの書類にある接続用の ID（例: "clinic@provider.example"）',
        'the user name in the provider\'s papers (for example "clinic@provider.example")',
    ),
    "mtu": Text(
        "PPPoE で送れるパケットの大きさ（バイト）、1280〜1492 の整数（例: 1454）",
        "bytes of a packet on the PPPoE line, a whole number from 1280 to 1492 (for example 1454)",
    ),
    "aftr": Text(
        '書類にある AFTR の名前か IPv6 アドレス（例: "aftr.provider.example"）',
        'the name or IPv6 address of the AFTR in the provider\'s papers (for example "aftr.provider.example")',
    ),
    "br": Text(
        '書類にある BR の IPv6 アドレス（例: "2001:db8:100::64"）',
        'the IPv6 address of the BR in the provider\'s papers (for example "2001:db8:100::64")',
    ),
    "rule_ipv6": Text(
        'マッピングルールの IPv6 プレフィックス（例: "2001:db8::/40"）',
        'the IPv6 prefix of the mapping rule (for example "2001:db8::/40")',
    ),
    "rule_ipv4": Text(
        'マッピングルールの IPv4 プレフィックス（例: "203.0.113.0/24"）',
        'the IPv4 prefix of the mapping rule (for example "203.0.113.0/24")',
    ),
    "ea_bits": Text(
        "マッピングルールの EA-bits の長さ、0〜48 の整数（例: 16）",
        "the length of the mapping rule's EA bits, a whole number from 0 to 48 (for example 16)",
    ),
}

EXPECTED: Mapping[str, Text] = {
    "language": Text('"ja" か "en"', '"ja" or "en"'),
    "wan": Text("回線の設定（[wan] の行と kind など）", "the line's settings (a line [wan], then kind and so on)"),
    **{f"wan.{key}": text for key, text in _LINE.items()},
    "backup_wan": Text(
        "2 本目の回線の設定（[backup_wan] の行と kind など）",
        "the second line's settings (a line [backup_wan], then kind and so on)",
    ),
    **{f"backup_wan.{key}": text for key, text in _LINE.items()},
    "tunnels": Text(
        "トンネルごとの回線の指定（トンネルごとに [[tunnels]] の行）",
        "which line a tunnel uses (a line [[tunnels]] for each)",
    ),
    "tunnels[]": Text("トンネルの指定（name と line）", "one tunnel's choice (name and line)"),
    "tunnels[].name": Text(
        '接続アカウントにあるトンネルの名前（例: "dc2"）', 'the tunnel\'s name in the account (for example "dc2")'
    ),
    "tunnels[].line": Text('"wan" か "backup_wan"', '"wan" or "backup_wan"'),
    "services": Text(
        "サービスごとの端末の見分け方（サービスごとに [[services]] の行）",
        "how a service tells terminals (a line [[services]] for each)",
    ),
    "services[]": Text("サービスの指定（name など）", "one service's choice (name and so on)"),
    "services[].name": Text(
        '接続アカウントにあるサービスの名前（例: "receipt-gate"）',
        'the service\'s name in the account (for example "receipt-gate")',
    ),
    "services[].by_address": Text("true か false", "true or false"),
    "services[].terminals": Text(
        '使ってよい端末の name の一覧（例: ["reception-1"]）',
        'the list of names of terminals that may use it (for example ["reception-1"])',
    ),
    "services[].terminals[]": Text("端末の name", "a terminal's name"),
    "lan": Text(
        "院内 LAN の設定（[lan] の行と interface など）", "the clinic LAN (a line [lan], then interface and so on)"
    ),
    "lan.interface": _PORT_LAN,
    "lan.address": Text(
        'ルーターの LAN 側アドレスと大きさ（例: "192.0.2.1/26"）',
        'the router\'s address on the LAN and the network size (for example "192.0.2.1/26")',
    ),
    "lan.name": Text(
        '英小文字・数字・ハイフンの名前（例: "sekisho"）',
        'a name of small letters, digits and hyphens (for example "sekisho")',
    ),
    "lan.dhcp": Text(
        "アドレスを自動で配る設定（[lan.dhcp] の行と first、last）",
        "how addresses are handed out (a line [lan.dhcp], then first and last)",
    ),
    "lan.dhcp.first": Text(
        '自動で配る最初のアドレス（例: "192.0.2.32"）', 'the first address to hand out (for example "192.0.2.32")'
    ),
    "lan.dhcp.last": Text(
        '自動で配る最後のアドレス（例: "192.0.2.61"）', 'the last address to hand out (for example "192.0.2.61")'
    ),
    "lan.dhcp.lease_hours": Text(
        "貸し出す時間、1〜168 の整数（例: 12）", "hours, a whole number from 1 to 168 (for example 12)"
    ),
    "lan.reaches": _REACHES,
    "lan.reaches[]": _SEGMENT,
    "segments": Text(
        "院内のほかのネットワークの一覧（1 つごとに [[segments]] の行）",
        "the clinic's other networks (a line [[segments]] for each)",
    ),
    "segments[]": Text("院内のネットワークの設定（name など）", "one network's settings (name and so on)"),
    "segments[].name": _SEGMENT,
    "segments[].interface": Text('院内側のポートの名前（例: "eth2"）', 'the name of a port (for example "eth2")'),
    "segments[].vlan": Text("VLAN の番号、1〜4094 の整数（例: 20）", "a VLAN number, 1 to 4094 (for example 20)"),
    "segments[].address": Text(
        'ルーターのアドレスと大きさ（例: "192.0.2.129/27"）',
        'the router\'s address there and the network size (for example "192.0.2.129/27")',
    ),
    "segments[].dhcp": Text(
        "アドレスを自動で配る設定（[segments.dhcp] の行と first、last）",
        "how addresses are handed out (a line [segments.dhcp], then first and last)",
    ),
    "segments[].dhcp.first": Text(
        '自動で配る最初のアドレス（例: "192.0.2.140"）', 'the first address to hand out (for example "192.0.2.140")'
    ),
    "segments[].dhcp.last": Text(
        '自動で配る最後のアドレス（例: "192.0.2.150"）', 'the last address to hand out (for example "192.0.2.150")'
    ),
    "segments[].dhcp.lease_hours": Text(
        "貸し出す時間、1〜168 の整数（例: 12）", "hours, a whole number from 1 to 168 (for example 12)"
    ),
    "segments[].reaches": _REACHES,
    "segments[].reaches[]": _SEGMENT,
    "routes": Text(
        "院内のルーターの先のネットワークの一覧（1 つごとに [[routes]] の行）",
        "networks behind inner routers (a line [[routes]] for each)",
    ),
    "routes[]": Text("院内のルーターの先のネットワーク（to と via）", "a network behind an inner router (to and via)"),
    "routes[].to": Text('ネットワーク（例: "192.0.2.192/28"）', 'a network (for example "192.0.2.192/28")'),
    "routes[].via": Text(
        '院内のルーターのアドレス（例: "192.0.2.5"）', 'the inner router\'s address (for example "192.0.2.5")'
    ),
    "forwards": Text(
        "ほかの DNS サーバーに聞く名前の一覧（1 つごとに [[forwards]] の行）",
        "names that other DNS servers answer (a line [[forwards]] for each)",
    ),
    "forwards[]": Text(
        "ほかの DNS サーバーに聞く名前（domains と servers）", "names and their servers (domains and servers)"
    ),
    "forwards[].domains": Text(
        '名前の一覧（例: ["*.insurer.example"]）', 'the list of names (for example ["*.insurer.example"])'
    ),
    "forwards[].domains[]": Text('名前（例: "*.insurer.example"）', 'a name (for example "*.insurer.example")'),
    "forwards[].servers": Text(
        'DNS サーバーの一覧（例: ["192.0.2.5"]）', 'the list of DNS servers (for example ["192.0.2.5"])'
    ),
    "forwards[].servers[]": Text(
        'DNS サーバーのアドレス（例: "192.0.2.5"）', 'the address of a DNS server (for example "192.0.2.5")'
    ),
    "forwards[].ipv6": Text("true か false", "true or false"),
    "terminals": Text(
        "端末の一覧（端末ごとに [[terminals]] の行）", "the list of terminals (a line [[terminals]] for each)"
    ),
    "terminals[]": Text("端末の設定（name など）", "one terminal's settings (name and so on)"),
    "terminals[].name": Text(
        '英小文字・数字・ハイフンの名前（例: "reception-1"）',
        'a name of small letters, digits and hyphens (for example "reception-1")',
    ),
    "terminals[].label": Text(
        'スタッフが呼ぶ名前、40 文字まで（例: "受付1"）',
        'what the staff call it, up to 40 characters (for example "Reception 1")',
    ),
    "terminals[].mac": Text(
        '端末の MAC アドレス（例: "02:00:00:00:02:10"）',
        'the terminal\'s MAC address (for example "02:00:00:00:02:10")',
    ),
    "terminals[].address": Text(
        '端末のアドレス（例: "192.0.2.10"）', 'the terminal\'s address (for example "192.0.2.10")'
    ),
    "terminals[].access": Text('"none" か "reference" か "read-write"', '"none", "reference" or "read-write"'),
    "terminals[].internet_minutes": Text(
        "インターネットに切り替えられる時間（分）、1〜480 の整数（例: 30）",
        "minutes, a whole number from 1 to 480 (for example 30)",
    ),
    "maintenance": Text(
        "遠隔保守を許可できる端末の一覧（端末ごとに [[maintenance]] の行）",
        "terminals that may be opened for remote maintenance (a line [[maintenance]] for each)",
    ),
    "maintenance[]": Text(
        "遠隔保守の設定（terminal と services）", "one terminal's remote maintenance (terminal and services)"
    ),
    "maintenance[].terminal": Text("端末の name", "a terminal's name"),
    "maintenance[].services": Text(
        '許可したら使えるサービスの一覧（例: ["rdp", "vnc"]）',
        'the list of services that consent opens (for example ["rdp", "vnc"])',
    ),
    "maintenance[].services[]": Text(
        '"ssh"、"telnet"、"rdp"、"vnc" のどれか、または TCP のポート番号（例: 5901）',
        '"ssh", "telnet", "rdp", "vnc", or the number of a TCP port (for example 5901)',
    ),
    "maintenance[].minutes": Text(
        "1 回の許可で使える時間（分）、1〜480 の整数（例: 60）",
        "minutes that one consent lasts at most, a whole number from 1 to 480 (for example 60)",
    ),
    "time": Text(
        "時刻合わせの設定（[time] の行と ntp か nts）", "where the time comes from (a line [time], then ntp or nts)"
    ),
    "time.ntp": Text(
        '時刻サーバーの一覧（例: ["ntp.time.example"]）', 'the list of time servers (for example ["ntp.time.example"])'
    ),
    "time.ntp[]": Text(
        '時刻サーバーの名前かアドレス（例: "ntp.time.example"）',
        'the name or address of a time server (for example "ntp.time.example")',
    ),
    "time.nts": Text(
        'NTS を話す時刻サーバーの一覧（例: ["nts.time.example"]）',
        'the list of time servers that speak NTS (for example ["nts.time.example"])',
    ),
    "time.nts[]": Text(
        'NTS を話す時刻サーバーの名前（例: "nts.time.example"）',
        'the name of a time server that speaks NTS (for example "nts.time.example")',
    ),
    "page": Text(
        "状態のページの設定（[page] の行と switch_terminals）",
        "what the status page offers (a line [page], then switch_terminals)",
    ),
    "page.switch_terminals": Text("true か false", "true or false"),
    "update": Text(
        "ファームウェアの更新の設定（[update] の行と hours など）",
        "when the firmware may be updated (a line [update], then hours and so on)",
    ),
    "update.automatic": Text("true か false", "true or false"),
    "update.hours": Text(
        '更新してよい時間、60 分以上（例: "2:00-5:00"）',
        'the hours in which updates may be done, 60 minutes at least (for example "2:00-5:00")',
    ),
    "update.days_off": Text(
        '更新しない日（毎月、例: "1-10"、"1-10, 25"）',
        'days of each month without updates (for example "1-10" or "1-10, 25")',
    ),
    "vendor": Text(
        "連絡先の設定（[vendor] の行と name、phone）", "whom to call (a line [vendor], then name and phone)"
    ),
    "vendor.name": Text(
        '連絡先の会社名、60 文字まで（例: "サンプル商会"）',
        'the company\'s name, up to 60 characters (for example "Sample Systems")',
    ),
    "vendor.phone": Text(
        '半角の電話番号（例: "03-0000-0000"）', 'a phone number in plain digits (for example "03-0000-0000")'
    ),
}

_KINDS_KEYS = {
    "static": ("address", "gateway", "dns"),
    "ds-lite": ("aftr",),
    "pppoe": ("user", "mtu"),
    "map-e": ("br", "rule_ipv6", "rule_ipv4", "ea_bits"),
}
ONLY_OF = {
    f"{line}.{key}": kind for line in ("wan", "backup_wan") for kind, keys in _KINDS_KEYS.items() for key in keys
}
"""Keys that have a meaning only for one kind of line."""

_BARE = re.compile(r"[A-Za-z0-9_-]{1,40}")


def written(key: Key) -> str:
    """As the vendor finds it: ``lan.dhcp.first``, ``terminals[2].mac`` (the second [[terminals]])."""
    words = ""
    for part in key:
        if isinstance(part, int):
            words += f"[{part + 1}]"
        else:
            words += ("." if words else "") + (part if _BARE.fullmatch(part) else shown(part))
    return words


def pattern_of(key: Key) -> str:
    """The key of `EXPECTED`: positions in lists do not matter."""
    return re.sub(r"\[\d+\]", "[]", written(key))


def siblings(key: Key) -> list[str]:
    """Names that may stand in the same table as `key`."""
    table = pattern_of(key[:-1])
    prefix = f"{table}." if table else ""
    return [
        rest
        for known in EXPECTED
        if known.startswith(prefix) and (rest := known.removeprefix(prefix)) and not set(rest) & set(".[")
    ]


def nearest(key: Key) -> str | None:
    """The sibling that was probably meant."""
    name = str(key[-1])
    found = difflib.get_close_matches(name.lower()[:40], siblings(key), n=1, cutoff=0.6)
    return found[0] if found else None


def shown(value: object) -> str:
    """A TOML value on one short line."""
    match value:
        case str():
            quoted = json.dumps(value[:41], ensure_ascii=False)
            return quoted if len(value) <= 40 else f'{quoted[:-1]}…"'
        case bool():
            return "true" if value else "false"
        case dict():
            return "{…}"
        case list():
            return "[…]" if value else "[]"
        case _:
            return str(value)[:40]
