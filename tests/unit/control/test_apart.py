"""Accounts and settings are read in a process of its own: its answer and its refusals arrive, its weight does not."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.control import apart, opening
from appliance.errors import SekishoError
from tests.builders import lab_account, lab_site

HEAVY = ("cryptography", "joserfc", "pydantic", "pydantic_core", "reportlab", "scapy", "webauthn")
HEARS_STRANGERS = ("line.probe", "lan.survey", "capture.record", "wire.answer")


def test_an_answer_arrives_as_it_was_given() -> None:
    assert apart.call("ipaddress", "ip_network", "192.0.2.0/26").prefixlen == 26


def test_a_refusal_arrives_with_its_words(tmp_path: Path) -> None:
    missing = tmp_path / "site.toml"
    with pytest.raises(SekishoError) as refused:
        apart.call("appliance.site.load", "read", missing)
    assert refused.value.code == "site.missing"
    assert str(missing) in refused.value.text.ja
    missing.write_text("[wan]\n")
    with pytest.raises(SekishoError) as invalid:
        apart.call("appliance.site.load", "load", missing)
    assert invalid.value.code == "site.invalid"
    assert "lan" in invalid.value.text.ja


def test_a_breakdown_is_not_taken_for_an_answer(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="status 1"):
        apart.call("json", "loads", "no JSON")
    assert "JSONDecodeError" in capfd.readouterr().err


def test_work_that_does_not_end_is_a_breakdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "LIMIT", 0.2)
    with pytest.raises(RuntimeError, match="not done within"):
        apart.call("time", "sleep", 20)


def test_what_the_daemon_keeps_is_light_and_complete() -> None:
    ready = opening.ready(lab_account(), lab_site())
    check = (
        "import pickle, sys; import appliance.control.daemon; "
        "print(pickle.load(sys.stdin.buffer) is not None, *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", check], input=pickle.dumps(ready), capture_output=True, check=True, timeout=60
    )
    arrived, *loaded = done.stdout.decode().split()
    assert arrived == "True"
    assert not {*HEAVY, *(f"appliance.diagnose.{name}" for name in HEARS_STRANGERS)} & set(loaded)


def test_no_secret_is_shown_by_accident() -> None:
    account = lab_account()
    shown = repr(opening.ready(account, lab_site()))
    secrets = [account.wireguard_private_key, account.identity.key]
    secrets += [tunnel.preshared_key for tunnel in account.tunnels]
    secrets += [service.presented.key for service in account.services if service.presented]
    assert not any(secret.get_secret_value() in shown for secret in secrets)
