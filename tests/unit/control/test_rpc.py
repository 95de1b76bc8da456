"""Requests and answers, in bytes, on a real unix socket."""

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.control.dispatch import JSON, Method, Peer
from appliance.control.roles import Role
from appliance.control.rpc import MAX_CONNECTIONS, MAX_LINE, RpcServer
from tests.unit.control.served import BOTH, LIMIT, METHODS, Caller, calling, serving, talk


def test_several_requests_on_one_connection_are_answered_in_order(path: Path) -> None:
    async def conversation(caller: Caller) -> None:
        await caller.send(
            b'{"jsonrpc":"2.0","id":1,"method":"echo","params":{"a":1}}\n'
            b'{"jsonrpc":"2.0","id":"\xe4\xba\x8c","method":"echo"}\n\r\n'
            b'{"jsonrpc":"2.0","id":null,"method":"echo"}\r\n'
        )
        assert await caller.receive() == {"jsonrpc": "2.0", "id": 1, "result": {"a": 1}}
        assert await caller.receive() == {"jsonrpc": "2.0", "id": "二", "result": {}}
        assert await caller.receive() == {"jsonrpc": "2.0", "id": None, "result": {}}

    talk(path, conversation)


def test_a_request_without_id_is_carried_out_and_not_answered(path: Path) -> None:
    seen = []

    async def note(params: dict[str, Any], peer: Peer) -> JSON:
        seen.append(params)
        return None

    async def conversation(caller: Caller) -> None:
        await caller.send(b'{"jsonrpc":"2.0","method":"note","params":{"a":1}}\n{"jsonrpc":"2.0","method":"no"}\n')
        assert (await caller.call("note"))["result"] is None

    talk(path, conversation, methods={"note": Method(note, BOTH)})
    assert seen == [{"a": 1}, {}]


def test_an_answer_arrives_after_the_caller_has_finished_speaking(path: Path) -> None:
    async def conversation(caller: Caller) -> None:
        payload = "x" * 1_000_000
        await caller.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {"p": payload}}).encode())
        await caller.send(b"\n")
        caller.writer.write_eof()
        answer = await caller.receive()
        assert answer is not None
        assert answer["result"]["p"] == payload
        assert await caller.receive() is None

    talk(path, conversation)


def test_the_kernel_says_who_calls(path: Path) -> None:
    async def conversation(caller: Caller) -> None:
        result = (await caller.call("whoami"))["result"]
        assert result == {"uid": os.getuid(), "pid": os.getpid(), "role": "operator"}

    talk(path, conversation)


@pytest.mark.parametrize(
    ("raw", "number", "code"),
    [
        (b"{", -32700, "control.not-json"),
        (b"\xff\xfe", -32700, "control.not-json"),
        (b'{"jsonrpc":"2.0","id":NaN,"method":"echo"}', -32700, "control.not-json"),
        (b"[" * 100_000, -32700, "control.not-json"),
        (b"9" * 10_000, -32700, "control.not-json"),
        (b'[{"jsonrpc":"2.0","id":1,"method":"echo"}]', -32600, "control.batch"),
        (b"3", -32600, "control.not-a-request"),
        (b'{"id":1,"method":"echo"}', -32600, "control.not-a-request"),
        (b'{"jsonrpc":"2.0","id":1}', -32600, "control.not-a-request"),
        (b'{"jsonrpc":"2.0","id":1,"method":["echo"]}', -32600, "control.not-a-request"),
        (b'{"jsonrpc":"2.0","id":true,"method":"echo"}', -32600, "control.not-a-request"),
        (b'{"jsonrpc":"2.0","id":1e999,"method":"echo"}', -32600, "control.not-a-request"),
        (b'{"jsonrpc":"2.0","id":{},"method":"echo"}', -32600, "control.not-a-request"),
    ],
)
def test_nonsense_is_refused_and_the_connection_stays_usable(path: Path, raw: bytes, number: int, code: str) -> None:
    async def conversation(caller: Caller) -> None:
        answer = await caller.ask(raw)
        assert (answer["id"], answer["error"]["code"], answer["error"]["data"]["code"]) == (None, number, code)
        assert (await caller.call("echo", {"still": "here"}))["result"] == {"still": "here"}

    talk(path, conversation)


@pytest.mark.parametrize(
    ("method", "params", "number", "code"),
    [
        ("nothing", None, -32601, "control.no-such-method"),
        ("echo", [1, 2], -32602, "control.bad-params"),
        ("echo", "x", -32602, "control.bad-params"),
        ("demand", None, -32602, "control.bad-params"),
        ("refuse", None, -32000, "account.wrong-code"),
        ("unprintable", None, -32603, "control.internal"),
    ],
)
def test_errors_carry_code_and_both_languages(path: Path, method: str, params: Any, number: int, code: str) -> None:
    async def conversation(caller: Caller) -> None:
        error = (await caller.call(method, params))["error"]
        assert (error["code"], error["data"]["code"]) == (number, code)
        assert error["message"] == error["data"]["en"]
        assert error["data"]["ja"].endswith("。")
        assert "result" in await caller.call("echo")

    talk(path, conversation)


def test_the_inside_of_a_crash_goes_to_the_log_and_not_to_the_caller(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def conversation(caller: Caller) -> None:
        error = (await caller.call("crash"))["error"]
        assert error["code"] == -32603
        assert "detail of the inside" not in json.dumps(error)

    talk(path, conversation)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info
    assert "a detail of the inside" in str(record.exc_info[1])


@pytest.mark.parametrize(
    ("role", "method", "permitted"),
    [
        (Role.OPERATOR, "apply", True),
        (Role.PAGE, "apply", False),
        (Role.PAGE, "echo", True),
        (None, "echo", False),
        (None, "apply", False),
    ],
)
def test_the_role_decides(path: Path, role: Role | None, method: str, permitted: bool) -> None:
    async def conversation(caller: Caller) -> None:
        answer = await caller.call(method)
        if permitted:
            assert "result" in answer
        else:
            assert (answer["error"]["code"], answer["error"]["data"]["code"]) == (-32001, "control.not-permitted")

    talk(path, conversation, role=role)


def test_the_longest_line_is_taken_and_a_longer_one_refused(path: Path) -> None:
    frame = b'{"jsonrpc":"2.0","id":1,"method":"echo","params":{"p":"%s"}}'
    most = MAX_LINE - len(frame % b"")

    async def conversation(caller: Caller) -> None:
        answer = await caller.ask(frame % (b"x" * most))
        assert len(answer["result"]["p"]) == most
        await caller.send(frame % (b"x" * (most + 1)) + b"\n")
        answer_too_long = await caller.receive()
        assert answer_too_long is not None
        assert answer_too_long["error"]["data"]["code"] == "control.too-long"
        assert await caller.receive() is None

    talk(path, conversation)


def test_one_caller_too_many_is_told_so_and_a_place_becomes_free_again(path: Path) -> None:
    async def conversation(_: RpcServer) -> None:
        callers = []
        for _number in range(MAX_CONNECTIONS):
            caller = Caller(*await asyncio.open_unix_connection(path))
            assert "result" in await caller.call("echo")
            callers.append(caller)
        async with calling(path) as extra:
            answer = await extra.receive()
            assert answer is not None
            assert (answer["id"], answer["error"]["data"]["code"]) == (None, "control.busy")
            assert await extra.receive() is None
        assert "result" in await callers[0].call("echo")
        for caller in callers:
            caller.writer.close()
        async with asyncio.timeout(LIMIT):
            while True:
                async with calling(path) as extra:
                    await extra.send(b'{"jsonrpc":"2.0","id":7,"method":"echo"}\n')
                    answer = await extra.receive()
                    if answer and "result" in answer:
                        break
                await asyncio.sleep(0.01)

    serving(path, conversation)


def test_idle_and_vanished_callers_harm_nobody(path: Path) -> None:
    async def conversation(caller: Caller) -> None:
        async with calling(path) as silent, calling(path) as rude:
            await silent.send(b'{"jsonrpc"')
            await rude.send(b'{"jsonrpc":"2.0","id":1,"method":"echo"}\n' * 100)
            rude.writer.transport.abort()
            assert "result" in await caller.call("echo")

    talk(path, conversation)


# ---- any bytes ---------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | VALUES,
        "id": VALUES,
        "method": st.sampled_from([*METHODS]) | VALUES,
        "params": VALUES,
    },
).map(lambda request: json.dumps(request).encode())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(REQUESTS | VALUES.map(lambda value: json.dumps(value).encode()) | st.binary(), max_size=8))
def test_whatever_is_sent_the_next_request_is_answered(path: Path, lines: list[bytes]) -> None:
    async def conversation(caller: Caller) -> None:
        for line in lines:
            await caller.send(line.replace(b"\n", b"") + b"\n")
        await caller.send(b'{"jsonrpc":"2.0","id":"the end","method":"echo"}\n')
        while answer := await caller.receive():
            assert ("result" in answer) != ("error" in answer)
            if answer["id"] == "the end":
                return
        pytest.fail("the connection was closed")

    logging.disable(logging.CRITICAL)
    try:
        talk(path, conversation)
    finally:
        logging.disable(logging.NOTSET)
