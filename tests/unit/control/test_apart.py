"""Accounts and settings are read in a process of its own: its answer and its refusals arrive, its weight does not."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.control import apart, opening
from appliance.errors import SekishoError
from tests.builders import lab_account, lab_site

HEAVY = ("cryptography", "joserfc", "pydantic", "pydantic_core", "reportlab", "scapy", "webauthn")
HEARS_STRANGERS = ("line.probe", "lan.survey", "capture.record", "wire.answer")


@pytest.fixture(autouse=True)
def nobody_has_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_server", apart._Server())


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
    with pytest.raises(RuntimeError, match="without an answer"):
        apart.call("json", "loads", "no JSON")
    assert "JSONDecodeError" in capfd.readouterr().err


def test_work_that_does_not_end_is_a_breakdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "LIMIT", 0.2)
    with pytest.raises(RuntimeError, match="not done within"):
        apart.call("time", "sleep", 20)


def test_each_call_has_a_process_of_its_own_from_one_server() -> None:
    servers = {apart.call("os", "getppid") for _ in range(3)}
    assert len(servers) == 1
    assert len({*servers, os.getpid(), *(apart.call("os", "getpid") for _ in range(3))}) == 5
    apart.call("sys", "setrecursionlimit", 4321)
    assert apart.call("sys", "getrecursionlimit") != 4321


def test_calls_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """One opens a pipe for reading and one for writing, which wait for each other (fifo(7))."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(2) as threads:
        read = threads.submit(apart.call, "subprocess", "check_output", ["cat", pipe])
        assert threads.submit(apart.call, "subprocess", "call", ["sh", "-c", f"printf word >{pipe}"]).result() == 0
        assert read.result() == b"word"


def test_a_process_knows_how_its_own_children_ended_and_has_no_input() -> None:
    assert apart.call("subprocess", "call", ["sh", "-c", "read word && exit 4; exit 3"]) == 3


def test_a_server_that_has_ended_is_replaced() -> None:
    first = apart.call("os", "getppid")
    os.kill(first, signal.SIGKILL)
    assert apart.call("os", "getppid") != first


def test_a_request_that_nobody_has_taken_is_made_again() -> None:
    first = apart.call("os", "getppid")
    os.kill(first, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(apart.call, "os", "getppid")
        time.sleep(0.2)
        os.kill(first, signal.SIGKILL)
        assert asked.result() != first


def test_a_server_that_does_not_do_its_work_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    first = apart.call("os", "getppid")
    os.kill(first, signal.SIGSTOP)
    monkeypatch.setattr(apart, "LIMIT", 0.2)
    monkeypatch.setattr(apart, "_GRACE", 0.2)
    with pytest.raises(RuntimeError, match="not done within"):
        apart.call("os", "getppid")
    monkeypatch.undo()
    assert apart.call("os", "getppid") != first


def test_a_server_ends_with_whom_it_serves() -> None:
    asks = "from appliance.control import apart; print(apart.call('os', 'getppid'))"
    done = subprocess.run([sys.executable, "-I", "-c", asks], capture_output=True, check=True, timeout=60)
    left = Path(f"/proc/{int(done.stdout)}")
    end = time.monotonic() + 20
    while left.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not left.exists()


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
