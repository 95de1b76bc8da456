"""An account without its secrets: for `account.show`, the command line, and the certificate light."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.account import certificates, revocation
from appliance.account.model import Account, KeyPair
from appliance.pins import pin_of_certificate
from appliance.text import Text


def redacted(account: Account, now: datetime) -> dict[str, Any]:
    """All of the account that is not secret, JSON-ready. now: aware; days_left are whole days from it.

    Written key by key, so that a secret added to the model one day does not show up here by itself.
    """
    return {
        "format": account.format,
        "serial": account.serial,
        "issuer": account.issuer,
        "not_before": account.not_before.isoformat(),
        "expires": account.expires.isoformat(),
        "days_left": _days(account.expires, now),
        "clinic": {"id": account.clinic.id, "name": account.clinic.name.model_dump()},
        "path": account.path,
        "wireguard_public_key": public_key(account),
        "tunnels": [
            tunnel.model_dump(
                mode="json",
                include={
                    "name",
                    "endpoint_host",
                    "endpoint_port",
                    "public_key",
                    "inner_address",
                    "peer_address",
                    "allowed_prefixes",
                    "keepalive",
                    "mtu",
                },
            )
            for tunnel in account.tunnels
        ],
        "bfd": account.bfd.model_dump(),
        "dns": [str(address) for address in account.dns],
        "services": [
            service.model_dump(mode="json", include={"name", "host", "port", "mode", "protocol", "pins", "access"})
            | {"presented": _chain(service.presented.certificate, now) if service.presented else None}
            for service in account.services
        ],
        "trust_anchors": _chain(account.trust_anchors, now),
        "terminal_anchors": _chain(account.terminal_anchors, now),
        "identity": _chain(account.identity.certificate, now),
        "page": {"names": list(account.page.names), "certificate": _chain(account.page.certificate, now)}
        if account.page
        else None,
        "revocations": revocation.summary(account.revocations),
        "monitoring": [str(network) for network in account.monitoring],
        "maintainers": [one.model_dump(mode="json") for one in account.maintainers],
        "ntp": [str(address) for address in account.ntp],
    }


def expiry_dates(account: Account) -> list[tuple[str, datetime]]:
    """What can run out, and when (aware, UTC): the account, the clinic's certificates, the CAs.

    Labels are unique and stable: ``account``, ``identity``, ``presented:SERVICE``, ``page``, ``trust-anchor:SUBJECT``,
    ``terminal-anchor:SUBJECT``. A chain ends when the first of its certificates does.
    """
    dates = [("account", account.expires.astimezone(UTC)), ("identity", _end(account.identity))]
    dates += [
        (f"presented:{service.name}", _end(service.presented)) for service in account.services if service.presented
    ]
    dates += [("page", _end(account.page))] if account.page else []
    for kind, pem in (("trust-anchor", account.trust_anchors), ("terminal-anchor", account.terminal_anchors)):
        dates += [
            (f"{kind}:{_common_name(anchor.subject)}", anchor.not_valid_after_utc) for anchor in certificates.parse(pem)
        ]
    return _unique(dates)


def list_dates(account: Account) -> list[tuple[str, datetime]]:
    """When the next revocation list of each CA is due (aware, UTC); labels as above, ``revocations:SUBJECT``.

    Lists that do not say are left out.
    """
    lists = revocation.parse(account.revocations)
    return _unique(
        (f"revocations:{_common_name(one.issuer)}", one.next_update_utc) for one in lists if one.next_update_utc
    )


def public_key(account: Account) -> str | None:
    """WireGuard's; None without tunnels."""
    if account.wireguard_private_key is None:
        return None
    return wireguard_public_key(account.wireguard_private_key.get_secret_value())


def wireguard_public_key(private_key: str) -> str:
    """As `wg pubkey`: base64 in, base64 out."""
    public = X25519PrivateKey.from_private_bytes(base64.b64decode(private_key)).public_key()
    return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode("ascii")


def pretty(view: dict[str, Any]) -> str:
    """What `redacted` returned, for reading in a terminal: Japanese and English side by side."""
    rows = list(_rows(view))
    titles = [title.ja if title.ja == title.en else f"{title.ja} / {title.en}" for title, _ in rows]
    width = max(_columns(title) for title in titles)
    lines = [
        title + " " * (width - _columns(title)) + "  " + value for title, (_, value) in zip(titles, rows, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _rows(view: dict[str, Any]) -> Iterator[tuple[Text, str]]:
    name = view["clinic"]["name"]
    yield Text("医院", "Clinic"), f"{name['ja']} / {name['en']} ({view['clinic']['id']})"
    yield Text("番号", "Serial"), str(view["serial"])
    yield Text("発行者", "Issuer"), view["issuer"]
    yield Text("有効期間", "Valid"), f"{view['not_before']} – {view['expires']} {_left(view['days_left'])}"
    if view["path"] == "internet":
        yield Text("経路", "Path"), "インターネット（トンネルなし） / the internet, without tunnels"
    else:
        yield Text("WireGuard 公開鍵", "WireGuard public key"), view["wireguard_public_key"]
    for tunnel in view["tunnels"]:
        yield (
            Text("トンネル", "Tunnel"),
            f"{tunnel['name']}: {tunnel['endpoint_host']} {tunnel['endpoint_port']}/udp, "
            f"{tunnel['inner_address']} → {tunnel['peer_address']}, {', '.join(tunnel['allowed_prefixes'])}",
        )
        yield Text("　接続先の公開鍵", "its public key"), tunnel["public_key"]
    yield Text("DNS", "DNS"), ", ".join(view["dns"]) or "–"
    yield Text("監視", "Monitoring"), ", ".join(view["monitoring"]) or "–"
    for one in view["maintainers"]:
        addresses = ", ".join(one["addresses"])
        yield (
            Text("遠隔保守", "Maintenance"),
            f"{one['title']['ja']} / {one['title']['en']} ({one['name']}): {addresses}",
        )
    yield Text("時刻", "Time"), ", ".join(view["ntp"]) or "–"
    for service in view["services"]:
        yield Text("サービス", "Service"), f"{service['name']}: {service['host']}:{service['port']} ({service['mode']})"
        for pin in service["pins"]:
            yield Text("　ピン", "pin"), pin
        for certificate in service["presented"] or ():
            yield Text("　端末に見せる証明書", "shown to terminals"), _line(certificate)
    for key, title in (
        ("identity", Text("医院の証明書", "Clinic's certificate")),
        ("trust_anchors", Text("サーバーの認証局", "CA of the engines")),
        ("terminal_anchors", Text("端末の認証局", "CA of the terminals")),
    ):
        for certificate in view[key]:
            yield title, _line(certificate)
    for certificate in view["page"]["certificate"] if view["page"] else ():
        yield Text("ルーターのページの証明書", "Certificate of the page"), _line(certificate)
    for one in view["revocations"]:
        due = one["next_update"] or "–"
        yield Text("失効リスト", "Revocation list"), f"{one['issuer']}: {one['count']} ({one['this_update']} – {due})"


def _chain(pem: str, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "subject": certificate.subject.rfc4514_string(),
            "issuer": certificate.issuer.rfc4514_string(),
            "names": certificates.names(certificate),
            "serial_number": f"{certificate.serial_number:X}",
            "not_after": certificate.not_valid_after_utc.isoformat(),
            "days_left": _days(certificate.not_valid_after_utc, now),
            "pin": pin_of_certificate(certificate.public_bytes(Encoding.DER)),
        }
        for certificate in certificates.parse(pem)
    ]


def _end(pair: KeyPair) -> datetime:
    return min(certificate.not_valid_after_utc for certificate in certificates.parse(pair.certificate))


def _unique(dates: Iterable[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
    seen: dict[str, int] = {}
    unique = []
    for label, end in dates:
        seen[label] = seen.get(label, 0) + 1
        unique.append((label if seen[label] == 1 else f"{label}#{seen[label]}", end))
    return unique


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _days(end: datetime, now: datetime) -> int:
    return (end - now).days


def _line(certificate: dict[str, Any]) -> str:
    return f"{certificate['subject']}, – {certificate['not_after']} {_left(certificate['days_left'])}"


def _left(days: int) -> str:
    return f"(あと{days}日 / {days} days left)" if days >= 0 else "(期限切れ / expired)"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
