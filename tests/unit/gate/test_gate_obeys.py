"""The gate process and its control socket: configurations, orders, and who may give them."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from tests.unit.gate.process import free_port
from tests.unit.gate.servers import exchange

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ConfigFor = Callable[..., GateConfig]


# ---- the daemon's orders -------------------------------------------------------------------


def test_the_same_configuration_again_changes_nothing(gate: Any, engine: Any, config_for: ConfigFor) -> None:
    config = config_for(engine())
    assert gate.configure(config) is True
    assert gate.configure(config) is False


def test_changed_upstreams_and_a_closed_service_leave_connections_alone(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, assert_refused: Any
) -> None:
    config = config_for(engine())
    gate.configure(config)
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"a") == b"a"
        changed = replace(config.services[0], upstreams=("127.0.0.9",), open=False)
        assert gate.configure(replace(config, services=(changed,))) is True
        assert exchange(sock, b"b") == b"b"
        assert_refused()
        assert exchange(sock, b"c") == b"c"


def test_another_reserve_pin_leaves_connections_alone(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    config = config_for(engine())
    gate.configure(config)
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"a") == b"a"
        (service,) = config.services
        for reserve in ("A", "B"):
            pins = (*service.pins, f"sha256/{reserve * 43}=")
            assert gate.configure(replace(config, services=(replace(service, pins=pins),))) is True
            assert exchange(sock, reserve.encode()) == reserve.encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda config, _: replace(config, services=()),
        lambda config, _: replace(config, terminals={}),
        lambda config, _: replace(config, services=(replace(config.services[0], pins=("sha256/" + "A" * 43 + "=",)),)),
        lambda config, pki: replace(config, revoked=frozenset({pki.terminal.mark})),
        lambda config, pki: replace(config, revoked=frozenset({pki.engine.mark})),
    ],
    ids=["service gone", "terminal gone", "pin withdrawn", "terminal revoked", "engine revoked"],
)
def test_what_is_no_longer_allowed_is_reset(
    change: Any, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, assert_reset: Any
) -> None:
    config = config_for(engine())
    gate.configure(config)
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"a") == b"a"
        gate.configure(change(config, pki))
        assert_reset(sock)


@pytest.mark.parametrize(
    ("params", "closed"),
    [
        ({"service": "receipt", "address": None}, 1),
        ({"service": None, "address": "127.0.0.1"}, 1),
        ({"service": "other", "address": None}, 0),
        ({"service": "receipt", "address": "127.0.0.2"}, 0),
    ],
)
def test_close_resets_the_connections_it_names(
    params: dict[str, Any],
    closed: int,
    gate: Any,
    engine: Any,
    terminal: Any,
    pki: Any,
    config_for: ConfigFor,
    assert_reset: Any,
    eventually: Any,
) -> None:
    gate.configure(config_for(engine()))
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"a") == b"a"
        assert gate.call("close", {**params, "reason": "wrong-pin"}) == closed
        if closed:
            assert_reset(sock)
        else:
            assert exchange(sock, b"b") == b"b"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda c: {**c, "surplus": 1}, "gate.bad-config"),
        (lambda c: {**c, "services": [{**c["services"][0], "port": 0}]}, "gate.bad-config"),
        (lambda c: {**c, "services": [{**c["services"][0], "upstreams": ["engine"]}]}, "gate.bad-config"),
        (lambda c: {**c, "services": c["services"] * 2}, "gate.bad-config"),
        (lambda c: {**c, "services": [{**c["services"][0], "trust_anchors": "none"}]}, "gate.bad-certificate"),
        (
            lambda c: {
                **c,
                "services": [{**c["services"][0], "identity": c["services"][0]["presented"] | {"key": "x"}}],
            },
            "gate.bad-certificate",
        ),
        # No machine has it (RFC 1112, section 4); one of the documentation's may be this one's.
        (lambda c: {**c, "services": [{**c["services"][0], "listen": ["240.0.0.1", 443]}]}, "gate.cannot-listen"),
    ],
)
def test_a_bad_configuration_is_refused_and_the_old_one_stays(
    spoil: Any, code: str, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    config = config_for(engine())
    gate.configure(config)
    with terminal.connect(pki.terminal) as sock:
        with pytest.raises(LookupError, match=code):
            gate.call("configure", spoil(config.as_json()))
        assert exchange(sock, b"a") == b"a"
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"a") == b"a"


def test_a_port_that_is_taken_opens_none_of_the_others(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    config = config_for(engine())
    gate.configure(config)
    (service,) = config.services
    with socket.create_server(("127.0.0.9", 0)) as taken:
        free = ("127.0.0.1", free_port())
        others = (replace(service, name="free", listen=free), replace(service, name="t", listen=taken.getsockname()))
        more = replace(config, services=(service, *others))
        with pytest.raises(LookupError, match=r"gate\.cannot-listen"):
            gate.configure(more)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(free)
        with terminal.connect(pki.terminal) as sock:
            assert exchange(sock, b"a") == b"a"
    assert gate.configure(more) is True
    with socket.create_connection(free):
        pass


def test_nonsense_on_the_control_socket_is_answered(gate: Any) -> None:
    for line in (b"nonsense\n", b"[1]\n", b'{"id": 1}\n', b'{"id": 1, "method": "fly"}\n', b'{"id":1,"method":[]}\n'):
        gate.socket.sendall(line)
        assert "error" in gate._next()


def test_the_daemon_may_come_and_go(gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor) -> None:
    gate.configure(config_for(engine()))
    with terminal.connect(pki.terminal) as sock:
        gate.reconnect()
        assert exchange(sock, b"a") == b"a"
    assert gate.configure(config_for(engine(), open=False)) is True


def test_the_control_socket_is_for_its_owner_and_group_only(gate: Any) -> None:
    assert gate.path.stat().st_mode & 0o777 == 0o660


def test_keys_are_in_no_argument_environment_or_file(gate: Any, engine: Any, pki: Any, config_for: ConfigFor) -> None:
    gate.configure(config_for(engine()))
    secret = pki.presented.key.splitlines()[1].encode()
    for name in ("cmdline", "environ"):
        with open(f"/proc/{gate.process.pid}/{name}", "rb") as stream:
            assert secret not in stream.read()
    with open(f"/proc/{gate.process.pid}/limits") as stream:
        assert any(line.split()[:5] == ["Max", "core", "file", "size", "0"] for line in stream)


def test_a_second_process_leaves_the_first_one_its_socket(gate: Any) -> None:
    second = subprocess.run([sys.executable, "-m", "appliance.gate", gate.path], capture_output=True, timeout=20)
    assert second.returncode == 1
    assert b"cannot listen" in second.stderr
    assert gate.stats()["refusals"] == {}


def test_the_socket_of_a_killed_process_is_taken_over(gate: Any) -> None:
    gate.disconnect()
    gate.process.kill()
    gate.process.wait()
    gate.start()
    assert gate.stats()["refusals"] == {}


def test_without_a_socket_to_listen_on_it_says_how_it_is_called() -> None:
    wrong = subprocess.run([sys.executable, "-m", "appliance.gate"], capture_output=True, timeout=20)
    assert wrong.returncode == 2
    assert b"usage" in wrong.stderr
