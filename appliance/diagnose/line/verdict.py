"""What kind of line it is, from what was heard on it; in words for the vendor on site, with what to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from appliance.diagnose.line.evidence import LineEvidence, Offer
from appliance.text import Text


@dataclass(frozen=True, slots=True)
class Way:
    """One way to use the line. kind: of site.toml; why: what speaks for it; toml: the keys below the table's name."""

    kind: str
    why: Text
    toml: str


@dataclass(frozen=True, slots=True)
class Finding:
    """code: stable, ``dhcp``, ``pppoe``, … (the first way's kind), ``no-cable`` or ``silent``.

    ways: the most promising first. warnings: what will not work, with its remedy.
    """

    code: str
    headline: Text
    ways: tuple[Way, ...]
    warnings: tuple[tuple[str, Text], ...]


def classify(evidence: LineEvidence, taken: Sequence[tuple[Text, IPv4Network]] = ()) -> Finding:
    """taken: networks that the line must not use (the LAN, those behind the tunnels), with what people call them."""
    if not evidence.carrier:
        return Finding("no-cable", _no_cable(evidence.interface), (), ())
    ways = tuple(_ways(evidence))
    warnings = tuple(_warnings(evidence, taken))
    if not ways:
        return Finding("silent", _SILENT, (), warnings)
    first = ways[0]
    return Finding(first.kind, _HEADLINES[first.kind], ways, warnings)


def _ways(evidence: LineEvidence) -> Iterator[Way]:
    if evidence.offers:
        yield Way("dhcp", _offered(evidence.offers[0]), _table(evidence.interface, "dhcp"))
    for delegation in evidence.delegations:
        if delegation.map_e:
            yield Way("map-e", _MAP_E, _table(evidence.interface, "map-e", *_RULE))
        if delegation.aftr:
            text = Text(
                f"DHCPv6 のサーバーが DS-Lite の装置の名前（{delegation.aftr}）を知らせてきました。",
                f"a DHCPv6 server announces a DS-Lite gateway ({delegation.aftr})",
            )
            yield Way("ds-lite", text, _table(evidence.interface, "ds-lite", f'aftr = "{delegation.aftr}"'))
    if evidence.concentrators:
        names = ", ".join(dict.fromkeys(concentrator.name for concentrator in evidence.concentrators))
        text = Text(
            f"PPPoE の装置（{names}）が返事をしました。"
            "プロバイダーの書類にある接続用の ID とパスワードを使う契約なら、これです。"
            "パスワードは、画面の「設置」か「sekisho line password 回線の名前」で入力します。",
            f"a PPPoE server answers ({names}); right if the provider's papers give a user name and a password "
            "for the connection. The password goes into the page's set-up, or into `sekisho line password` with "
            "the line's name",
        )
        yield Way("pppoe", text, _table(evidence.interface, "pppoe", 'user = "（書類の ID）"'))
    if evidence.advertisements:
        about = _ipv6(evidence)
        text = Text(f"{about.ja}{_INSIDE.ja}", f"{about.en}. {_INSIDE.en}")
        yield Way("ipoe", text, _table(evidence.interface, "ipoe"))


def _table(interface: str, kind: str, *more: str) -> str:
    return "".join(f"{line}\n" for line in (f'kind = "{kind}"', f'interface = "{interface}"', *more))


def _offered(offer: Offer) -> Text:
    address, gateway = offer.address, offer.gateway
    if address.ip.is_global:
        return Text(
            f"DHCP サーバーがインターネットのアドレス（{address}）を配ろうとしました。"
            "上位ルーターはなく、回線に直接つながっています。",
            f"a DHCP server offers a public address ({address}): there is no other router before the line",
        )
    return Text(
        f"上位ルーター（{gateway or '名乗らず'}）が、その LAN のアドレス（{address}）を配ろうとしました"
        "（二重ルーター）。",
        f"an upper router ({gateway or 'without a name'}) offers an address of its LAN ({address}): double NAT",
    )


def _ipv6(evidence: LineEvidence) -> Text:
    prefixes = [prefix for delegation in evidence.delegations for prefix in delegation.prefixes]
    advertised = [prefix for heard in evidence.advertisements for prefix in heard.prefixes]
    managed = any(heard.managed for heard in evidence.advertisements)
    if prefixes:
        return Text(
            f"IPv6 の広告があり、DHCPv6 でプレフィックス（{prefixes[0]}）が配られます（ひかり電話のある IPoE など）。",
            f"IPv6 is advertised and DHCPv6 delegates a prefix ({prefixes[0]}): IPoE with a telephone contract, say",
        )
    if managed:
        return Text(
            "IPv6 の広告があり、アドレスは DHCPv6 で配られます（M フラグ）。",
            "IPv6 is advertised, with addresses by DHCPv6 (flag M)",
        )
    network = f"（{advertised[0]}）" if advertised else ""
    return Text(
        f"IPv6 の広告{network}だけがあり、プレフィックスは配られません（ひかり電話のない IPoE など）。",
        "IPv6 is advertised"
        + (f" ({advertised[0]})" if advertised else "")
        + " and no prefix is delegated: IPoE without a telephone contract, say",
    )


def _warnings(evidence: LineEvidence, taken: Sequence[tuple[Text, IPv4Network]]) -> Iterator[tuple[str, Text]]:
    for offer in evidence.offers:
        for name, network in taken:
            if offer.address.network.overlaps(network):
                yield "overlap", overlap_text(offer.address.network, name, network)
        if offer.portal:
            yield (
                "portal",
                Text(
                    f"この回線は、使う前に Web ページでの手続き（{offer.portal}）を求めています。"
                    "手続きのいらない回線を用意するか、手続きをなくしてもらってください。",
                    f"this line wants a web page to be filled in first ({offer.portal}): use a line without one, "
                    "or have it removed.",
                ),
            )
    if len({offer.gateway for offer in evidence.offers}) > 1:
        yield (
            "two-servers",
            Text(
                "DHCP サーバーが 2 つ以上返事をしました。回線側に余分なルーターがないか、配線を確かめてください。",
                "more than one DHCP server answers: look for a router too many on the line's side.",
            ),
        )
    if evidence.gateway_answers is False:
        yield (
            "gateway-silent",
            Text(
                "アドレスは配られますが、上位ルーターが返事をしません。上位ルーターの電源を入れ直してください。",
                "addresses are offered, but the upper router does not answer: switch it off and on again.",
            ),
        )


def overlap_text(line: IPv4Network, name: Text, network: IPv4Network) -> Text:
    return Text(
        f"回線側のネットワーク（{line}）が{name.ja}（{network}）と重なっていて、このままでは通信できません。"
        "上位ルーターの LAN か、院内 LAN を、重ならない範囲に変えてください。",
        f"the line's network ({line}) overlaps {name.en} ({network}), so this cannot work: give the upper router's "
        "LAN or the clinic's LAN another range.",
    )


def _no_cable(interface: str) -> Text:
    return Text(
        f"{interface} にケーブルがつながっていません。奥まで差し、相手の機器の電源を確かめてください。",
        f"no cable at {interface}: push it in until it clicks, and check that the box at its other end has power.",
    )


_SILENT = Text(
    "ケーブルはつながっていますが、回線からの返事がありません。"
    "差した口と、回線の機器の電源や開通を確かめてください。"
    '固定アドレスの契約なら、回線の種類を固定アドレス（kind = "static"）にしてください。',
    "the cable has a link, but nothing on the line answers: check the port, the line equipment's power, and whether "
    'the line is in service. With a contract for a fixed address, make it a line of that kind (kind = "static").',
)
_RULE = (
    'br = "（書類の BR）"',
    'rule_ipv6 = "（書類の IPv6 プレフィックス）"',
    'rule_ipv4 = "（書類の IPv4 プレフィックス）"',
    "ea_bits = 0  # （書類の EA-bits の長さ）",
)
_INSIDE = Text(
    "IPv4 も使う契約（DS-Lite や MAP-E、v6プラスなど）かどうかは、回線からはわかりません。"
    '契約の書類に AFTR や BR があれば、kind を "ds-lite" か "map-e" にします。',
    "Whether the contract carries IPv4 inside (DS-Lite, MAP-E), the line does not show: with an AFTR or a BR in the "
    'papers write kind "ds-lite" or "map-e"',
)
_MAP_E = Text(
    "DHCPv6 のサーバーが MAP-E の規則を知らせてきました（v6プラスなど）。",
    "a DHCPv6 server announces MAP-E rules",
)
_HEADLINES = {
    "dhcp": Text("DHCP の回線です。", "The line is DHCP."),
    "map-e": Text("MAP-E の回線です。", "The line is MAP-E."),
    "ds-lite": Text("DS-Lite の回線です。", "The line is DS-Lite."),
    "pppoe": Text("PPPoE の回線です。", "The line is PPPoE."),
    "ipoe": Text("IPv6（IPoE）の回線です。", "The line is IPv6 (IPoE)."),
}
