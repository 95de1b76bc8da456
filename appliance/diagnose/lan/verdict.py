"""What is wrong on the clinic's wires, and who is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from appliance.diagnose.lan.evidence import LanEvidence, Router, Server
from appliance.diagnose.verdict import Outcome, State, Verdict, printable
from appliance.text import Text


def judge(segments: Iterable[LanEvidence]) -> Outcome:
    segments = tuple(segments)
    verdicts = tuple(verdict for found in segments for verdict in _verdicts(found))
    return Outcome(verdicts, tuple(line for found in segments for line in _raw(found)))


def _verdicts(found: LanEvidence) -> Iterator[Verdict]:
    name = found.wire.name
    if not found.carrier:
        yield Verdict(
            "lan.no-cable",
            name,
            State.FAILED,
            Text(
                f"{name} のポート（{found.wire.interface}）にケーブルがつながっていません。",
                f"No cable at the port of {name} ({found.wire.interface}).",
            ),
            Text(
                "ケーブルを奥まで差し、ハブの電源を確かめてください。",
                "Push the cable in until it clicks, and check that the switch has power.",
            ),
        )
        return
    troubles = [*_duplicates(found), *_strange_cards(found), *_servers(found), *_routers(found)]
    yield from troubles
    yield _who(found, bool(troubles))


def _duplicates(found: LanEvidence) -> Iterator[Verdict]:
    own = found.wire.own.ip
    for address, cards in sorted(found.cards.items()):
        if address == own:
            yield Verdict(
                "lan.router-address-taken",
                str(address),
                State.FAILED,
                Text(
                    f"ルーターのアドレス {address} を、別の機器（{_list(cards)}）も使っています。"
                    "端末の通信がその機器へ行ってしまい、つながったり切れたりします。",
                    f"Another machine ({_list(cards)}) uses the router's address {address} as well: terminals reach "
                    "the wrong one, now and then.",
                ),
                Text(
                    "その機器のアドレスを変えるか、外してください。",
                    "Give that machine another address, or unplug it.",
                ),
            )
        elif len(cards) > 1:
            yield Verdict(
                "lan.duplicate-address",
                str(address),
                State.FAILED,
                Text(
                    f"アドレス {address}{_named(found, address)}を、{len(cards)} 台の機器（{_list(cards)}）が"
                    "使っています。どちらもつながったり切れたりします。",
                    f"Address {address}{_named_en(found, address)} is used by {len(cards)} machines ({_list(cards)}): "
                    "each of them works now and then.",
                ),
                Text(
                    "どれか 1 台だけを残して、ほかの機器のアドレスを変えてください。"
                    "手で設定したアドレスは、DHCP の範囲の外にします。",
                    "Leave it to one of them and give the others new addresses; addresses set by hand belong outside "
                    "the DHCP range.",
                ),
            )


def _strange_cards(found: LanEvidence) -> Iterator[Verdict]:
    for address, (name, card) in sorted(found.wire.terminals.items()):
        cards = found.cards.get(address, ())
        if len(cards) == 1 and cards[0] != card:
            yield Verdict(
                "lan.other-card",
                name,
                State.ATTENTION,
                Text(
                    f"端末 {name}（{address}）のアドレスで、設定と違う機器（{cards[0]}、設定は {card}）が"
                    "答えています。この機器は、レセコンにつなげません。",
                    f"At the address of terminal {name} ({address}) another card answers ({cards[0]}, the settings "
                    f"have {card}): it does not reach the engine.",
                ),
                Text(
                    "端末やネットワークカードを取り替えたのなら、設定の mac を直して反映してください。",
                    "If the terminal or its network card was replaced, correct its mac in the settings and apply them.",
                ),
            )


def _servers(found: LanEvidence) -> Iterator[Verdict]:
    # Where the clinic's own server is in charge, one is right.
    allowed = 0 if found.wire.serves_dhcp else 1
    if len(found.servers) <= allowed:
        return
    for server in found.servers:
        yield Verdict(
            "lan.foreign-dhcp",
            found.wire.name,
            State.FAILED,
            Text(
                f"{found.wire.name} に、ルーターのほかに DHCP サーバー（{_server(server)}）があります。"
                "端末が違うアドレスをもらい、レセコンにつながらなくなります。"
                if allowed == 0
                else f"{found.wire.name} に DHCP サーバーが 2 つ以上あります（{_server(server)} など）。",
                f"On {found.wire.name} there is a DHCP server beside the router ({_server(server)}): terminals are "
                "given wrong addresses and do not reach the engine."
                if allowed == 0
                else f"On {found.wire.name} there is more than one DHCP server ({_server(server)} is one).",
            ),
            Text(
                "無線 LAN の親機などが「ルーターモード」になっていないか確かめ、その DHCP を止めてください。",
                'Look for a wireless access point in "router mode" or the like, and switch its DHCP off.',
            ),
        )


def _routers(found: LanEvidence) -> Iterator[Verdict]:
    for router in found.routers:
        yield Verdict(
            "lan.rogue-ra",
            found.wire.name,
            State.ATTENTION,
            Text(
                f"{found.wire.name} に、IPv6 のルーターだと名乗る機器（{_router(router)}）があります。"
                "端末が、このルーターを通らずに外へ出られるかもしれません。",
                f"On {found.wire.name} somebody says that he is an IPv6 router ({_router(router)}): terminals might "
                "reach the internet past this router.",
            ),
            Text(
                "院内 LAN が、回線の機器に直接つながっていないか、配線を確かめてください。",
                "Check the cables: the clinic's LAN must not lead to the line's equipment directly.",
            ),
        )


def _who(found: LanEvidence, has_troubles: bool) -> Verdict:
    others = {address: cards for address, cards in found.cards.items() if address != found.wire.own.ip}
    listed = sum(address in found.wire.terminals for address in others)
    missing = [name for address, (name, _) in found.wire.terminals.items() if address not in others]
    absent = Text(
        f"いま答えない端末: {'、'.join(missing)}。" if missing else "", f" Not answering: {', '.join(missing)}."
    )
    told = "" if found.is_whole else "（知られているアドレスだけを調べました）"
    told_en = "" if found.is_whole else " (only known addresses were asked for)"
    quiet = (
        Text("", "")
        if has_troubles
        else Text("重複や余分なサーバーはありません。", " No duplicate and no foreign server.")
    )
    return Verdict(
        "lan.who",
        found.wire.name,
        State.OK,
        Text(
            f"{found.wire.name} で {len(others)} 台が答えました（うち登録された端末 {listed} 台）{told}。"
            f"{quiet.ja}{absent.ja}",
            f"On {found.wire.name} {len(others)} machines answer, {listed} of them listed terminals{told_en}."
            f"{quiet.en}{absent.en if missing else ''}",
        ),
    )


def _named(found: LanEvidence, address: object) -> str:
    name = {str(at): name for at, (name, _) in found.wire.terminals.items()}.get(str(address))
    return f"（端末 {name}）" if name else ""


def _named_en(found: LanEvidence, address: object) -> str:
    name = {str(at): name for at, (name, _) in found.wire.terminals.items()}.get(str(address))
    return f" (terminal {name})" if name else ""


def _list(cards: Iterable[str]) -> str:
    return ", ".join(cards)


def _server(server: Server) -> str:
    return f"{server.address or '?'}, {server.mac}"


def _router(router: Router) -> str:
    return f"{router.address}, {router.mac}"


def _raw(found: LanEvidence) -> Iterator[str]:
    wire = found.wire
    yield f"{wire.name} {wire.interface} {wire.own}: carrier {found.carrier}, {found.asked} addresses asked for"
    for address, cards in sorted(found.cards.items()):
        listed = wire.terminals.get(address)
        name = listed[0] if listed else printable(wire.known.get(address, ""), 64)
        yield f"  {address} {_list(cards)} {name}".rstrip()
    for server in found.servers:
        yield f"  DHCP server {_server(server)} offers {server.offered}"
    for router in found.routers:
        prefixes = " ".join(map(str, router.prefixes)) or "no prefix"
        yield f"  router advertisement from {_router(router)}: lifetime {router.lifetime} s, {prefixes}"
