"""Pure: what ends on which day, what stops then, and who has to act before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from appliance.health.certificates import RENEWAL_STEPS
from appliance.health.model import State
from appliance.health.titles import certificate_title, list_title, terminal_title
from appliance.text import Text

SOON = max(days for days, _ in RENEWAL_STEPS)
"""Days: from then on the light says so, too."""
ENGINE_SOON = 14
"""Days. Servers renew their certificates by themselves, often only weeks before the end."""

_BY_ACCOUNT = Text(
    "サポート会社が、新しい接続アカウントをデータセンターに頼み、このルーターに取り込みます。",
    "The support company asks the data center for a new connection account and brings it into this router.",
)
_DATA_CENTER = Text("データセンターが更新します。", "The data center renews it.")


@dataclass(frozen=True, slots=True)
class _Kind:
    """stops: what no longer works after the day; ``{which}`` is whom it is about. ends: whether anything stops."""

    stops: Text
    who: Text
    soon: int = SOON
    ends: bool = True


_KINDS: Mapping[str, _Kind] = {
    "account": _Kind(
        Text("レセコンへの接続がすべて止まります。", "Every connection to the receipt computer stops."), _BY_ACCOUNT
    ),
    "identity": _Kind(
        Text(
            "レセコンのサーバーが、この医院からの接続を受け付けなくなります。",
            "The receipt server no longer accepts connections from this clinic.",
        ),
        _BY_ACCOUNT,
    ),
    "presented": _Kind(
        Text("端末からサービス {which} につながらなくなります。", "Terminals can no longer use the service {which}."),
        _BY_ACCOUNT,
    ),
    "page": _Kind(
        Text(
            "ルーターのページを開くと、ブラウザーが警告を出します。レセコンはそのまま使えます。",
            "Browsers warn whoever opens the router's page. The receipt computer is not affected.",
        ),
        _BY_ACCOUNT,
        ends=False,
    ),
    "page:own": _Kind(
        Text(
            "ブラウザーが、ルーターのページを開けなくなることがあります。レセコンはそのまま使えます。",
            "Browsers may no longer open the router's page. The receipt computer is not affected.",
        ),
        Text(
            "ルーターが自分で、早めに作り直します。",
            "The router makes a new one by itself, well before that.",
        ),
        ends=False,
    ),
    "trust-anchor": _Kind(
        Text(
            "サーバーが本物かどうかを確かめられなくなり、レセコンへの接続が止まります。",
            "Servers can no longer be checked, so the way to the receipt computer closes.",
        ),
        _BY_ACCOUNT,
    ),
    "terminal-anchor": _Kind(
        Text(
            "この認証局が出した電子証明書の端末は、レセコンにつながらなくなります。",
            "Terminals with certificates of this authority can no longer reach the receipt computer.",
        ),
        _BY_ACCOUNT,
    ),
    "terminal": _Kind(
        Text(
            "{which}は、レセコンにつながらなくなります。ほかの端末はそのまま使えます。",
            "{which} can no longer reach the receipt computer. Other terminals go on.",
        ),
        Text(
            "サポート会社が、その端末に新しい電子証明書を入れます。",
            "The support company puts a new certificate into that terminal.",
        ),
    ),
    "revocations": _Kind(
        Text(
            "止まるものはありません。新しく取り消された電子証明書を、ルーターが知ることができません。",
            "Nothing stops, but the router does not learn of certificates that are taken back from then on.",
        ),
        _DATA_CENTER,
        soon=0,
        ends=False,
    ),
    "engine": _Kind(
        Text(
            "それまでに、サーバーの電子証明書が新しくなります。新しい鍵がこのルーターに登録（ピン）されていないと、"
            "安全のためサービス {which} への接続を止めます。",
            "By then the server's certificate is renewed. If its new key is not registered (pinned) in this router, "
            "the way to the service {which} is closed for safety.",
        ),
        Text(
            "データセンターが更新し、新しい鍵を前もって登録します。",
            "The data center renews it and registers the new key beforehand.",
        ),
        soon=ENGINE_SOON,
    ),
    "firmware": _Kind(
        Text(
            "止まるものはありません。安全のための修正が届かなくなります。",
            "Nothing stops, but there are no more security fixes.",
        ),
        Text("サポート会社が、新しい版か新しい機器に替えます。", "The support company brings in a newer version."),
        ends=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Due:
    """name: unique and stable, as in evidence and metrics. on: aware. days_left: whole days, below 0 afterwards."""

    name: str
    title: Text
    on: datetime
    days_left: int
    state: State
    stops: Text
    who: Text


def calendar(ends: Iterable[tuple[str, datetime]], terminals: Mapping[str, str], now: datetime) -> tuple[Due, ...]:
    """The next first. ends: ``KIND`` or ``KIND:WHICH`` as in evidence, and the moments (aware).

    terminals: what staff call them, by name. ValueError: a kind that nobody has described.
    """
    return tuple(_due(name, on, terminals, now) for name, on in sorted(ends, key=lambda end: (end[1], end[0])))


def _due(name: str, on: datetime, terminals: Mapping[str, str], now: datetime) -> Due:
    kind, _, which = name.partition(":")
    known = _KINDS.get(name) or _KINDS.get(kind)
    if known is None:
        raise ValueError(f"nothing is known about the end of {name}")
    label = terminals.get(which, which) if kind == "terminal" else which
    days = (on - now).days
    if on <= now:
        state = State.FAILED if known.ends else State.WARNING
    else:
        state = State.WARNING if days < known.soon else State.OK
    stops = Text(known.stops.ja.format(which=label), known.stops.en.format(which=label))
    return Due(name, _title(kind, name, label), on, days, state, stops, known.who)


def _title(kind: str, name: str, label: str) -> Text:
    match kind:
        case "terminal":
            return terminal_title(label)
        case "revocations":
            return list_title(name)
        case "engine":
            return Text(
                f"サーバーの電子証明書と登録した鍵（{label}）", f"The server's certificate and pinned key ({label})"
            )
        case "firmware":
            return Text(f"ルーターの基本ソフトのサポート（{label}）", f"Support of the router's software ({label})")
        case _:
            return certificate_title(name)
