"""What may be shown of an account, and the dates on which something in it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.account import structure
from appliance.account.inspect import expiry_dates, pretty, redacted, wireguard_public_key


def test_no_secret_is_shown(payload: bytes, secrets_inside: list[str], now: datetime) -> None:
    view = redacted(structure.from_json(payload), now)
    for shown in (json.dumps(view), repr(view), pretty(view)):
        assert not any(secret in shown for secret in secrets_inside)
        assert "PRIVATE KEY" not in shown
        assert "****" not in shown


def test_all_that_is_not_secret_is_shown(payload: bytes, values: dict[str, Any], now: datetime) -> None:
    view = redacted(structure.from_json(payload), now)
    for name in ("format", "serial", "issuer", "clinic", "bfd", "dns", "monitoring", "ntp", "not_before", "expires"):
        assert view[name] == values[name]
    assert view["days_left"] == 716
    assert view["wireguard_public_key"] == wireguard_public_key(values["wireguard_private_key"])
    for shown, given in zip(view["tunnels"], values["tunnels"], strict=True):
        assert {**given, **shown} == given | {"keepalive": 15, "mtu": 1394}
        assert "preshared_key" not in shown
    for shown, given in zip(view["services"], values["services"], strict=True):
        assert all(shown[name] == given[name] for name in ("name", "host", "port", "mode", "pins"))
    assert json.loads(json.dumps(view)) == view


def test_certificates_are_described(payload: bytes, pki: Any, now: datetime) -> None:
    view = redacted(structure.from_json(payload), now)
    (identity,) = view["identity"]
    assert identity["subject"] == "CN=clinic-0042"
    assert identity["issuer"] == "CN=Example Engine CA"
    assert identity["days_left"] == 730
    assert identity["not_after"] == pki.clinic.certificate.not_valid_after_utc.isoformat()
    leaf, authority = view["services"][1]["presented"]
    assert leaf["names"] == ["weborca-gate.cloud.example"]
    assert authority["subject"] == "CN=Example Terminal CA"
    assert view["services"][0]["presented"] is None
    assert view["trust_anchors"][0]["pin"].startswith("sha256/")


def test_the_printed_form_says_both_languages_and_what_has_ended(payload: bytes, now: datetime) -> None:
    account = structure.from_json(payload)
    text = pretty(redacted(account, now))
    for expected in (
        "医院 / Clinic",
        "れいわ診療所 / Reiwa Clinic (clinic-0042)",
        "あと716日 / 716 days left",
        "CN=gate",
    ):
        assert expected in text
    later = pretty(redacted(account, now + timedelta(days=3000)))
    assert "期限切れ / expired" in later


def test_columns_line_up_with_wide_characters(payload: bytes, now: datetime) -> None:
    lines = pretty(redacted(structure.from_json(payload), now)).splitlines()
    starts = set()
    for line in lines:
        title, _, _ = line.partition("  ")
        value = line[len(title) :].lstrip(" ")
        wide = sum(2 if ord(character) > 0x2FF else 1 for character in line[: len(line) - len(value)])
        starts.add(wide)
    assert len(starts) == 1


def test_every_end_is_listed_once(payload: bytes, values: dict[str, Any], pki: Any) -> None:
    twice = values | {"trust_anchors": values["trust_anchors"] * 2}
    account = structure.from_json(json.dumps(twice).encode())
    dates = dict(expiry_dates(account))
    assert set(dates) == {
        "account",
        "identity",
        "presented:receipt-gate",
        "trust-anchor:Example Engine CA",
        "trust-anchor:Example Engine CA#2",
        "terminal-anchor:Example Terminal CA",
    }
    assert len(expiry_dates(account)) == len(dates)
    assert all(end.tzinfo is UTC or end.utcoffset() == timedelta(0) for end in dates.values())
    assert dates["account"] == datetime(2028, 10, 31, 15, tzinfo=UTC)
    # The chain holds the leaf (400 days) and its CA (3650): it ends with the leaf.
    assert dates["presented:receipt-gate"] == pki.gate.certificate.not_valid_after_utc
