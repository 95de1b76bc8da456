"""A router takes in an account only when all about it is right; a refusal is one sentence and changes nothing."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable

import pytest

from tests.lab import addresses, observe
from tests.lab.desk import Account, Desk
from tests.lab.pki import EngineCertificate
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, Steadily

pytestmark = pytest.mark.namespaces

SHORT = 15.0
"""Seconds: an account that the desk still issues, and that has expired when it is imported."""


def test_account_import(clinic: World) -> None:
    concentrators = clinic.concentrators.values()
    other_desk = Desk(clinic.directory / "other-desk", clinic.pki_directory, clinic.pki.pins)
    first = clinic.account
    expired, expiry = clinic.desk.issue(concentrators, days=SHORT / 86400), time.time() + SHORT
    newer = clinic.desk.issue(concentrators, rewrite=lambda request: _with_third_pin(clinic, request))
    other_clinic = clinic.desk.issue(
        concentrators, rewrite=lambda request: request.replace(addresses.CLINIC_ID, "clinic-0002")
    )
    _is_refused(clinic, dataclasses.replace(first, code=newer.code), "The activation code is not the one")
    _is_refused(clinic, _with_content(first, _with_another_byte), "is damaged")
    _is_refused(clinic, _with_content(first, lambda content: content[:-40]), "is cut off")
    _is_refused(clinic, other_desk.issue(concentrators), "signed by a data center that this router does not trust")
    _is_refused(clinic, other_clinic, "is for the clinic clinic-0002")
    until(lambda: time.time() > expiry, "the shortest account has expired")
    _is_refused(clinic, expired, "expired on")

    with observe.Session(clinic) as passthrough, Steadily(passthrough.exchange):
        clinic.router.import_account(newer)
        clinic.admit(newer)
        clinic.router.apply()
        assert _serial(clinic) == 3
        observe.await_green(clinic)
    _is_refused(clinic, first, "is older than the one in force")
    for host in MODES:
        clinic.client("reception", host).login()


def _is_refused(clinic: World, account: Account, sentence: str) -> None:
    before = _serial(clinic)
    refused = clinic.router.import_account(account, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    japanese, english = refused.stderr.splitlines()
    assert japanese.endswith("。")
    assert sentence in english
    assert _serial(clinic) == before
    assert set(observe.light_states(clinic).values()) == {"ok"}


def _serial(clinic: World) -> int:
    """Of the account that the router has."""
    return int(json.loads(clinic.router.sekisho("account", "show", "--json").stdout)["serial"])


def _with_third_pin(clinic: World, request: str) -> str:
    """One more pin for the second service; the first is as it was."""
    head, pins, tail = request.rpartition("pins = [")
    return f'{head}{pins}"{clinic.pki.engine[EngineCertificate.WRONG_PIN].pin}", {tail}'


def _with_content(account: Account, change: Callable[[bytes], bytes]) -> Account:
    """The same account with a file that somebody changed on its way."""
    file = account.file.with_name(f"changed-{account.file.name}")
    file.write_bytes(change(account.file.read_bytes()))
    return dataclasses.replace(account, file=file)


def _with_another_byte(content: bytes) -> bytes:
    middle = len(content) // 2
    other = b"A" if content[middle : middle + 1] != b"A" else b"B"
    return content[:middle] + other + content[middle + 1 :]
