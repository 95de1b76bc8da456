"""Account JSON ↔ Account, with refusals that name the key."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from appliance.account import model
from appliance.account.document import ACCOUNT, Kind
from appliance.account.model import Account
from appliance.errors import SekishoError
from appliance.text import Text

_Model = TypeVar("_Model", bound=BaseModel)

_FORMS = {
    model.NAME_PATTERN: Text(
        "英小文字で始まる、英小文字・数字・ハイフンの10文字まで", "a lower-case letter, then up to 9 of a-z, 0-9 and -"
    ),
    model.SERVICE_NAME_PATTERN: Text(
        "英小文字で始まる、英小文字・数字・ハイフンの20文字まで", "a lower-case letter, then up to 19 of a-z, 0-9 and -"
    ),
    model.HOST_NAME_PATTERN: Text(
        "小文字のホスト名（例: weborca.cloud.example）", "a host name in lower case, such as weborca.cloud.example"
    ),
    model.CLINIC_ID_PATTERN: Text("英数字とハイフンの32文字まで", "up to 32 of A-Z, a-z, 0-9 and -"),
    model.WIREGUARD_KEY_PATTERN: Text("WireGuard の鍵（Base64 で44文字）", "a WireGuard key (44 characters of Base64)"),
    model.INSIDE_URL_PATTERN: Text(
        "http:// で始まる URL（例: http://trust.dc.example/list）", "a URL such as http://trust.dc.example/list"
    ),
    model.PIN_PATTERN: Text("「sha256/」に Base64 の44文字が続く形", "`sha256/` and 44 characters of Base64"),
}
_NETWORK = Text(
    "ホスト部が0の IPv4 ネットワーク（例: 203.0.113.0/25）",
    "an IPv4 network without host bits, such as 203.0.113.0/25",
)
_TYPES = {
    "string_type": Text("文字列", "a string"),
    "int_type": Text("整数", "an integer"),
    "enum": Text("passthrough か terminate", "passthrough or terminate"),
    "timezone_aware": Text(
        "時差の付いた日時（例: 2026-11-01T00:00:00+09:00）",
        "a date and time with its offset, such as 2026-11-01T00:00:00+09:00",
    ),
    "ip_v4_address": Text("IPv4 アドレス", "an IPv4 address"),
    "ip_v4_network": _NETWORK,
    "value_error": _NETWORK,
    "tuple_type": Text("リスト", "a list"),
    "model_type": Text("表", "a table"),
    "string_too_long": Text("253文字までの名前", "a name of up to 253 characters"),
    "string_too_short": Text("空でない文字列", "a string that is not empty"),
}


def from_json(payload: bytes) -> Account:
    """Raises as `read`. Certificates are not opened here."""
    return read(Account, payload, ACCOUNT)


def read(model: type[_Model], payload: bytes, kind: Kind) -> _Model:
    """Raises ``KIND.malformed``, naming the first key that is wrong, or ``KIND.newer-format``."""
    try:
        return model.model_validate_json(payload, strict=True)
    except ValidationError as refused:
        # Not the whole report: a person mends one thing at a time, and its input values may be secret.
        first = refused.errors(include_url=False, include_input=False)[0]
    if first["loc"] == ("format",) and first["type"] == "literal_error":
        raise SekishoError(
            f"{kind.code}.newer-format",
            f"この{kind.noun.ja}は、このルーターが知らない書式です。"
            "ルーターのソフトウェアを新しくしてから取り込んでください。",
            f"This {kind.noun.en} is of a format that this router does not know: "
            "update the router's software, then import it.",
        )
    raise malformed(_path(first["loc"]), _reason(first["type"], first.get("ctx", {}), first["msg"]), kind)


def malformed(key: str, reason: Text, kind: Kind = ACCOUNT) -> SekishoError:
    """key: such as ``services[0].pins``; reason continues the sentence after it."""
    ja = f"{kind.noun.ja}の {key} {reason.ja}" if key else f"{kind.noun.ja}{reason.ja}"
    en = f"The {kind.noun.en}'s {key} {reason.en}" if key else f"The {kind.noun.en} {reason.en}"
    return SekishoError(
        f"{kind.code}.malformed",
        f"{ja}。データセンターで直して、発行し直してください。",
        f"{en}: have the data center correct it and issue the {kind.noun.en} again.",
    )


def _path(loc: tuple[int | str, ...]) -> str:
    path = ""
    for step in loc:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".")


def _reason(kind: str, context: dict[str, Any], message: str) -> Text:
    if kind == "account":
        return Text(context["ja"], context["en"])
    if kind == "missing":
        return Text("がありません", "is missing")
    if kind == "extra_forbidden":
        return Text("は決められた項目ではありません", "is not a key of the format")
    if kind == "json_invalid":
        return Text("は JSON として読めません", "is not valid JSON")
    if kind == "literal_error":
        return Text(f"は {context['expected']} のどれかでなければなりません", f"must be {context['expected']}")
    if kind == "too_short":
        return Text(f"には {context['min_length']} 個以上が必要です", f"needs {context['min_length']} or more entries")
    if kind == "too_long":
        return Text(f"は {context['max_length']} 個までです", f"takes {context['max_length']} entries at most")
    if kind == "greater_than_equal":
        return Text(f"は {context['ge']} 以上でなければなりません", f"must be {context['ge']} or more")
    if kind == "less_than_equal":
        return Text(f"は {context['le']} 以下でなければなりません", f"must be {context['le']} or less")
    form = _FORMS.get(str(context.get("pattern"))) or _TYPES.get(kind)
    if form is not None:
        return Text(f"は{form.ja}でなければなりません", f"must be {form.en}")
    return Text(f"の値が正しくありません（{message}）", f"is wrong ({message})")
