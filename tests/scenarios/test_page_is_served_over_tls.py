"""The page is HTTPS: by address, by the settings' name and by the account's, whoever stops; receipts notice nothing."""

from __future__ import annotations

import hashlib
import json
import ssl

import pytest

from tests.lab import addresses, observe, page
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import Steadily

pytestmark = pytest.mark.namespaces

ROUTER = str(addresses.ROUTER_LAN.ip)


def test_page_is_served_over_tls(clinic: World) -> None:
    reception = clinic.machines["reception"]
    told = json.loads(clinic.router.sekisho("page", "fingerprint", "--json").stdout)
    assert f"https://{ROUTER}/" in told["urls"]
    shown = page.get(reception, ROUTER, browser=page.blind()).certificate
    assert shown is not None
    assert hashlib.sha256(shown).hexdigest() == told["certificate_sha256"]

    # Whoever has compared it once trusts it, by address and by name.
    own = page.trusting(ssl.DER_cert_to_PEM_cert(shown))
    for host in (ROUTER, "sekisho.lan"):
        answer = page.get(reception, ROUTER, host=host, browser=own)
        assert (answer.status, answer.headers["Strict-Transport-Security"]) == (200, None)
        assert "見本医院" in answer.text
    # Nobody has to, by the name in the account.
    found = reception.run("getent", "ahostsv4", addresses.PAGE_HOST).stdout
    assert found.startswith(f"{ROUTER} ")
    account = page.trusting((clinic.pki_directory / "clinic-ca.pem").read_text())
    answer = page.get(reception, ROUTER, host=addresses.PAGE_HOST, browser=account)
    assert (answer.status, answer.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")

    for host, led_to in ((ROUTER, ROUTER), ("sekisho.lan", "sekisho.lan"), ("evil.example", ROUTER)):
        answer = page.get(clinic.machines["lan-attacker"], ROUTER, "/lights?lang=en", host=host)
        assert (answer.status, answer.headers["Location"]) == (307, f"https://{led_to}/lights?lang=en")

    parts = {part["name"] for light in observe.status(clinic)["lights"] for part in light["parts"]}
    assert {"page", "page:own"} <= parts

    with observe.Session(clinic) as passthrough, Steadily(passthrough.exchange):
        _kill(clinic, "web")
        answer = page.get(reception, ROUTER, browser=own)
        assert answer.status in (200, 503)
        if answer.status == 503:
            assert "レセコンはそのまま使えます" in answer.text
        # As a person asks: whoever opens 24 connections in two seconds is reset.
        until(lambda: page.get(reception, ROUTER, browser=own).status == 200, "the page is there again", pause=1.0)
        _kill(clinic, "gate")
        until(lambda: _status(clinic, own) == 200, "the page is there again, with the same certificate")
    observe.await_green(clinic)


def _status(clinic: World, browser: ssl.SSLContext) -> int:
    try:
        return page.get(clinic.machines["reception"], ROUTER, browser=browser).status
    except ConnectionError:
        return 0


def _kill(clinic: World, engine: str) -> None:
    record = clinic.router.machine.read(f"/run/sekisho/engines/{engine}.run")
    pid = record.splitlines()[1].split()[0]
    clinic.router.machine.run("kill", "-9", pid)
