"""What the rules decided, in words: the promise that the deciding rule keeps, and what was missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from appliance.diagnose.explain.evaluate import End, Journey, Packet
from appliance.intent import names
from appliance.intent.firewall import Field, In, Match
from appliance.text import Text


def promise_of(why: str) -> Text:
    """Of a rule's comment, which begins with the short name of the promise (docs/firewall.md)."""
    name, _, rest = why.partition(": ")
    known = _PROMISES.get(name)
    return Text(known, why) if known else Text(rest or why, why)


def headline(journey: Journey, who: str, where: str) -> Text:
    """who: the terminal. where: ``host:port``."""
    if journey.end is End.NO_WAY:
        return Text(
            f"{who} から {where} へは、いま道がありません。ルーターの経路表に、行き先がないためです。",
            f"There is no way from {who} to {where} now: the router's routes lead nowhere.",
        )
    why = journey.decided.why if journey.decided else ""
    promise = promise_of(why)
    match journey.end:
        case End.PASSES:
            onward = _onward(journey)
            return Text(
                f"{who} から {where} への通信は通します。{onward.ja}決めた規則:「{promise.ja}」",
                f"What {who} sends to {where} passes{onward.en}. The rule that decides: {promise.en}",
            )
        case End.REFUSED:
            return Text(
                f"{who} から {where} への通信は、その場で断ります。決めた規則:「{promise.ja}」",
                f"What {who} sends to {where} is refused at once. The rule that decides: {promise.en}",
            )
        case _:
            return Text(
                f"{who} から {where} への通信は、黙って捨てます。決めた規則:「{promise.ja}」",
                f"What {who} sends to {where} is dropped in silence. The rule that decides: {promise.en}",
            )


def missing(journey: Journey) -> Iterator[Text]:
    """What would have had to be otherwise for the nearest rule to let it pass."""
    if journey.nearest is None:
        return
    promise = promise_of(journey.nearest.rule.why)
    yield Text(
        f"いちばん近い、通す規則は「{promise.ja}」です。足りないもの:",
        f"The nearest rule that lets something pass: {promise.en}. What is missing:",
    )
    yield from (_unmet(match, journey.packet) for match in journey.nearest.unmet)


def _onward(journey: Journey) -> Text:
    if journey.led_to is not None:
        port = journey.led_to[1]
        page = port in (names.PAGE_PORT, names.PAGE_REDIRECT_PORT)
        whom = Text("状態のページ", "the status page") if page else Text("ルーターの中のゲート", "the gate")
        if port == names.OUTSIDE_NAMES_PORT:
            whom = Text("ルーターの名前の係", "the router's names")
        return Text(f"{whom.ja}（ポート {port}）が受け取ります。", f" to {whom.en} (port {port})")
    if journey.interface:
        return Text(f"{journey.interface} から出ていきます。", f" and leaves by {journey.interface}")
    return Text("ルーター自身が受け取ります。", " to the router itself")


def _unmet(match: Match, packet: Packet) -> Text:
    if isinstance(match.values, In):
        text = _SETS.get((match.values.set_name, match.negate))
        if text is not None:
            return text
    if len(match.fields) == 1:
        return _field(match, packet)
    return _by_name(match, packet)


def _field(match: Match, packet: Packet) -> Text:
    field, seen = match.fields[0], packet.get(match.fields[0])
    wanted = _values(match)
    match field:
        case Field.OIF:
            return Text(
                f"いまの経路では {seen} から出ます。{wanted} から出る行き先ではありません。",
                f"it would leave by {seen}, not by {wanted}",
            )
        case Field.L4PROTO:
            return Text(f"{wanted} ではなく {seen} です。", f"it is {seen}, not {wanted}")
        case Field.TCP_DPORT | Field.UDP_DPORT | Field.DPORT:
            kind = "UDP" if field is Field.UDP_DPORT else "TCP"
            return Text(
                f"{kind} のポート {wanted} ではありません（{seen or 'ほかの種類'}）。",
                f"it is not to {kind} port {wanted} (but {seen or 'of another kind'})",
            )
        case Field.DESTINATION4:
            return Text(f"行き先 {seen} は {wanted} ではありません。", f"its destination {seen} is not {wanted}")
        case Field.CT_STATE | Field.CT_DIRECTION:
            return Text(
                "すでにある接続の続きや返事ではなく、新しい接続です。",
                "it begins a new connection; it is no answer and no part of one that exists",
            )
        case Field.CT_STATUS:
            return Text(
                "ルーターが自分で向けた通信ではありません。", "it was not led there by the router's own redirect"
            )
        case _:
            return _by_name(match, packet)


def _by_name(match: Match, packet: Packet) -> Text:
    fields = " . ".join(match.fields)
    seen = " . ".join(str(packet.get(field, "—")) for field in match.fields)
    sign = "!= " if match.negate else ""
    return Text(
        f"条件 {fields} {sign}{_values(match)} に合いません（{seen}）。",
        f"{fields} {sign}{_values(match)} does not hold ({seen})",
    )


def _values(match: Match) -> str:
    if isinstance(match.values, In):
        return f"@{match.values.set_name}"
    return ", ".join(map(str, match.values)) if isinstance(match.values, Sequence) else str(match.values)


_SETS: Mapping[tuple[str, bool], Text] = {
    (names.TERMINALS, False): Text(
        "送り元は、設定に登録された端末（IP アドレスと MAC アドレスの組）ではありません。",
        "its sender is no listed terminal (IP and MAC address together)",
    ),
    (names.ENGINE_VERIFIED, False): Text(
        "行き先は、いま正しいと確かめられているサーバーではありません（端末が直接つながるサービス）。",
        "its destination is no engine whose proof is fresh (of services that terminals reach directly)",
    ),
    (names.GATE_VERIFIED, False): Text(
        "行き先は、いま正しいと確かめられているサーバーではありません（ゲートを通るサービス）。",
        "its destination is no engine whose proof is fresh (of services that the gate terminates)",
    ),
    (names.INTERNET_TERMINALS, False): Text(
        "端末は、インターネットに切り替えられていません。", "its sender is not switched to the internet"
    ),
    (names.INTERNET_TERMINALS, True): Text(
        "端末は、いまインターネットに切り替えられています。", "its sender is switched to the internet now"
    ),
    (names.SEGMENT_WAYS, False): Text(
        "設定では、この区画からその区画への接続を開いていません（reaches）。",
        "the settings open no way from this segment to that one (`reaches`)",
    ),
}

_PROMISES: Mapping[str, str] = {
    "Closed unless proven": "登録された端末から、確かめられたサーバーへだけ通す",
    "Lapse": "確かめが切れたら、ひとりでに閉じる",
    "Strangers told": "登録と合わない機器を断ったことを知らせる",
    "Fast path guarded": "速い通り道でも、登録された端末から、確かめられたサーバーへだけ通す",
    "Proven by the gate": "登録された端末を、ゲートを通して、確かめられたサーバーへ通す",
    "Refuse at once": "許されていないものは、待たせずに断る",
    "Wake-up": "切れた接続を、待っている端末に知らせる",
    "No leak": "データセンターあての通信を、トンネルの外に出さない",
    "Silence outside": "回線の側には何も答えない",
    "Tunnels stand": "トンネルそのものの通信を通す",
    "Center is heard": "データセンターからの返事と見張りを聞く",
    "Gate's reach": "ゲートは、確かめられたサーバーとだけ話す",
    "Prover's reach": "確かめる係は、まだ確かめられていないサーバーとも話せる",
    "Center kept out": "データセンターの側から医院への接続は開かせない",
    "Anti-spoofing": "差出人を偽った通信を捨てる",
    "No impostor": "端末のアドレスを名乗る別の機器を通さない",
    "Fail-over": "トンネルが切り替わっても接続を保つ",
    "No black hole": "パケットの大きさが合わずに消えることを防ぐ",
    "True time": "時刻は、決められたところとだけ合わせる",
    "Own ports": "ほかの契約者のアドレスやポートを使わない",
    "Far end only": "IPv6 の中の IPv4 は、決められた相手とだけ",
    "Segments apart": "区画どうしは、設定で開いたところだけ通す",
    "Never both": "レセコンとインターネットに同時にはつながせない",
    "No side door": "ルーターの中のポートに、直接は入らせない",
    "LAN is served": "LAN に、アドレスと名前と応答を提供する",
    "Fail fast": "ルーター自身のプログラムも、すぐに断られる",
    "Begins nothing": "ルーターから LAN へは話しかけない",
}
