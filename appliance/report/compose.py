"""Pure: what is known of the router → the report.

The documents are those of the local API: ``status`` (`health.document`), the account without its secrets
(`account.inspect.redacted`), the evidence behind the lights, what is in force on site.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from appliance.report.model import MARKS, Column, Report, Table
from appliance.text import JAPAN, Language, Text

_STATES = frozenset({"tunnel.carrying", "tunnel.pinned", "tunnel.drained"})
"""Kinds of evidence that say how things stand: a no is no failure."""

Document = Mapping[str, Any]


def compose(material: Document, language: Language) -> Report:
    """material: see `control.reporting.material`."""
    status = material["status"]
    speaks = _Speaker(language)
    clinic = status["clinic"]
    return Report(
        language=language,
        title=speaks("疎通確認報告書", "Connectivity report"),
        number=number(material),
        clinic=f"{clinic['name'][language]} ({clinic['id']})" if clinic else "",
        at=speaks.moment(status["at"]),
        passed=passed(status),
        verdict=_verdict(status, language),
        tables=tuple(_tables(material, speaks)),
        link=material["page"],
        link_title=speaks("ルーターの状態のページ", "The router's status page"),
        signatures=(speaks("確認した人（認定ベンダー）", "Checked by (certified vendor)"), speaks("医院", "Clinic")),
        signature_words=(speaks("日付", "Date"), speaks("署名または印", "Signature or seal")),
    )


def number(material: Document) -> str:
    """The same for the same material, in groups that a person can read out."""
    text = json.dumps(material, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16].upper()
    return "-".join(digest[start : start + 4] for start in range(0, 16, 4))


def passed(status: Document) -> bool:
    """The engines are reached, and nothing that stands for itself has failed or is not known."""
    lights = status["lights"]
    return all(light["state"] == "ok" for light in lights if light["name"] == "engine") and all(
        light["state"] in ("ok", "warning") for light in lights
    )


def _verdict(status: Document, language: Language) -> str:
    headline = status["headline"]
    judged = (
        Text("疎通を確認しました。", "Connectivity was confirmed.")
        if passed(status)
        else Text("疎通を確認できていません。", "Connectivity could not be confirmed.")
    )
    between = "" if language == "ja" else " "
    return f"{judged.in_language(language)}{between}{headline['text'][language]}"


class _Speaker:
    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, ja: str, en: str) -> str:
        return Text(ja, en).in_language(self.language)

    def moment(self, iso: str) -> str:
        return f"{datetime.fromisoformat(iso).astimezone(JAPAN):%Y-%m-%d %H:%M:%S} JST"

    def day(self, iso: str) -> str:
        return f"{datetime.fromisoformat(iso).astimezone(JAPAN):%Y-%m-%d}"

    def left(self, days: int) -> str:
        if days < 0:
            return self("期限切れ", "expired")
        return self(f"あと {days} 日", f"{days} days")


def _tables(material: Document, speaks: _Speaker) -> Iterator[Table]:
    status, account = material["status"], material["account"]
    yield _of_the_router(material, speaks)
    yield _of_lights(status["lights"], speaks)
    yield _of_evidence(material["evidence"], speaks)
    yield _of_engines(account, material["evidence"], speaks)
    yield _of_certificates(account, speaks)
    yield _of_terminals(material["site"]["terminals"], speaks)


def _of_the_router(material: Document, speaks: _Speaker) -> Table:
    account, site, versions = material["account"], material["site"], material["versions"]
    vendor = material["status"]["vendor"]
    ends = f"{speaks.day(account['expires'])} ({speaks.left(account['days_left'])})"
    rows = [
        (speaks("サポート会社", "Support company"), f"{vendor['name']} {vendor['phone']}" if vendor else "–"),
        (speaks("ルーターの名前とアドレス", "Router's name and address"), f"{site['name']}.lan, {site['address']}"),
        (speaks("機種と製造番号", "Model and serial number"), material["device"] or "–"),
        (speaks("接続アカウント", "Connection account"), f"{account['issuer']}, {account['serial']}, – {ends}"),
        (speaks("設定の版", "Version of the settings"), str(site["version"]) if site["version"] else "–"),
        (speaks("ルーターの公開鍵", "Router's public key"), account["wireguard_public_key"]),
        *((name, version) for name, version in versions.items()),
    ]
    return Table(speaks("ルーター", "The router"), (Column("", 3), Column("", 9)), tuple(rows))


def _of_lights(lights: Sequence[Document], speaks: _Speaker) -> Table:
    language = speaks.language

    def rows() -> Iterator[tuple[str, ...]]:
        for light in lights:
            yield (
                MARKS[light["state"]],
                light["title"][language],
                light["summary"][language],
                speaks.moment(light["since"]),
            )
            for part in light["parts"]:
                yield MARKS[part["state"]], f"  {part['title'][language]}", part["summary"][language], ""

    columns = (
        Column("", 1),
        Column(speaks("確認したもの", "What was checked"), 6),
        Column(speaks("結果", "Result"), 11),
        Column(speaks("いつから", "Since"), 5),
    )
    return Table(speaks("結果", "Results"), columns, tuple(rows()))


def _of_evidence(evidence: Sequence[Document], speaks: _Speaker) -> Table:
    columns = (
        Column("", 1),
        Column(speaks("見たもの", "What was looked at"), 9),
        Column(speaks("どれを", "Which"), 6),
        Column(speaks("値または理由", "Value or reason"), 5),
        Column(speaks("いつ", "When"), 6),
    )
    rows = tuple(
        (
            MARKS["ok"] if seen["ok"] else "–" if seen["kind"] in _STATES else MARKS["failed"],
            seen["title"][speaks.language],
            seen["subject"],
            seen["detail"] if seen["ok"] else " ".join(filter(None, (seen["reason"], seen["detail"]))),
            speaks.moment(seen["at"]),
        )
        for seen in evidence
    )
    return Table(speaks("根拠", "Evidence"), columns, rows)


def _of_engines(account: Document, evidence: Sequence[Document], speaks: _Speaker) -> Table:
    modes = {
        "passthrough": speaks("端末とサーバーの間で暗号化", "encrypted from terminal to engine"),
        "terminate": speaks("ルーターが証明書を確認して取り次ぎ", "passed on by the router"),
    }

    def proven(service: str) -> str:
        addresses = [
            seen["subject"].partition("@")[2]
            for seen in evidence
            if seen["kind"] == "engine.proof" and seen["ok"] and seen["subject"].partition("@")[0] == service
        ]
        return ", ".join(addresses) or "–"

    columns = (
        Column(speaks("サービス", "Service"), 3),
        Column(speaks("接続先", "Host"), 5),
        Column(speaks("つなぎ方", "How"), 4),
        Column(speaks("証明書とピンを確認したアドレス", "Addresses proven by certificate and pin"), 5),
        Column(speaks("ピン", "Pins"), 6),
    )
    rows = tuple(
        (
            service["name"],
            f"{service['host']}:{service['port']}",
            modes.get(service["mode"], service["mode"]),
            proven(service["name"]),
            "\n".join(service["pins"]),
        )
        for service in account["services"]
    )
    return Table(speaks("レセコンのサーバー", "Receipt engines"), columns, rows)


def _of_certificates(account: Document, speaks: _Speaker) -> Table:
    def rows() -> Iterator[tuple[str, ...]]:
        groups = [
            (speaks("医院の証明書", "The clinic's"), account["identity"]),
            (speaks("サーバーの認証局", "The engines' CA"), account["trust_anchors"]),
            (speaks("端末の認証局", "The terminals' CA"), account["terminal_anchors"]),
        ]
        groups += [
            (speaks(f"端末に見せる証明書（{service['name']}）", f"Shown to terminals ({service['name']})"), chain)
            for service in account["services"]
            if (chain := service["presented"])
        ]
        if page := account["page"]:
            groups.append((speaks("ルーターのページの証明書", "The router's page"), page["certificate"]))
        for title, chain in groups:
            for certificate in chain:
                ends = f"{speaks.day(certificate['not_after'])} ({speaks.left(certificate['days_left'])})"
                yield title, certificate["subject"], certificate["serial_number"], ends

    columns = (
        Column(speaks("何の証明書", "Whose"), 5),
        Column(speaks("名前", "Subject"), 7),
        Column(speaks("シリアル番号", "Serial number"), 6),
        Column(speaks("有効期限", "Valid until"), 5),
    )
    return Table(speaks("電子証明書", "Certificates"), columns, tuple(rows()))


def _of_terminals(terminals: Sequence[Document], speaks: _Speaker) -> Table:
    columns = (
        Column(speaks("端末", "Terminal"), 4),
        Column(speaks("名前", "Name"), 4),
        Column(speaks("アドレス", "Address"), 4),
        Column("MAC", 5),
    )
    rows = tuple((one["label"], one["name"], one["address"], one["mac"]) for one in terminals)
    return Table(speaks("登録した端末", "Terminals"), columns, rows)
