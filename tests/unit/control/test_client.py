"""The blocking client against the real server, and against impostors."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.control.client import Client
from appliance.control.dispatch import JSON, Method, Peer, Stream
from appliance.control.roles import Role
from appliance.control.rpc import MAX_CONNECTIONS
from appliance.errors import SekishoError
from tests.unit.control.served import BOTH, LIMIT, echo, in_a_thread, refuse


async def endless(params: dict[str, Any], peer: Peer) -> JSON:
    await asyncio.Event().wait()
    return None


async def three(params: dict[str, Any], peer: Peer) -> Stream:
    async def values() -> AsyncGenerator[JSON, None]:
        for number in range(3):
            yield {"number": number, "text": "語" * 30_000}
            await asyncio.sleep(0)

    return Stream("status", values())


async def mute(params: dict[str, Any], peer: Peer) -> Stream:
    async def values() -> AsyncGenerator[JSON, None]:
        await asyncio.Event().wait()
        yield None

    return Stream("status", values())


def serving(path: Path, role: Role | None = Role.OPERATOR, **handlers: Any) -> AbstractContextManager[None]:
    return in_a_thread(path, {name: Method(handler, BOTH) for name, handler in handlers.items()}, role)


@contextmanager
def impostor(path: Path, answer: bytes) -> Iterator[None]:
    """Answers every caller with the same bytes, once it has asked, and hangs up."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            caller, _ = listening.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(LIMIT)


def refused(act: Callable[[], Any]) -> SekishoError:
    with pytest.raises(SekishoError) as caught:
        act()
    assert caught.value.text.ja.endswith("。")
    return caught.value


def test_a_call(path: Path) -> None:
    with serving(path, echo=echo):
        assert Client(path).call("echo") == {}
        assert Client(path).call("echo", {"語": "x" * 500_000}) == {"語": "x" * 500_000}


def test_the_daemon_s_refusal_keeps_code_and_words(path: Path) -> None:
    with serving(path, refuse=refuse):
        error = refused(lambda: Client(path).call("refuse"))
    assert (error.code, error.text.ja, error.text.en) == (
        "account.wrong-code",
        "コードが違います。",
        "The code is wrong.",
    )


def test_no_role_no_answer(path: Path) -> None:
    with serving(path, role=None, echo=echo):
        assert refused(lambda: Client(path).call("echo")).code == "control.not-permitted"


def test_no_daemon(path: Path) -> None:
    error = refused(lambda: Client(path).call("status"))
    assert error.code == "control.not-running"
    assert "systemctl start sekisho" in error.text.en


def test_a_socket_that_a_dead_daemon_left(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert refused(lambda: Client(path).call("status")).code == "control.not-running"


def test_a_socket_that_may_not_be_opened(path: Path) -> None:
    with serving(path, echo=echo):
        path.chmod(0)
        child = os.fork()
        if not child:
            # root may open anything, so it becomes nobody first
            status = 1
            try:
                path.parent.chmod(0o755)
                if not os.getuid():
                    os.setuid(65534)
                Client(path).call("echo")
            except SekishoError as error:
                status = 0 if error.code == "control.not-permitted" else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_kernel_vouches_for_another_process(path: Path) -> None:
    async def whoami(params: dict[str, Any], peer: Peer) -> JSON:
        return [peer.uid, peer.pid]

    nobody = 65534
    with serving(path, whoami=whoami):
        path.parent.chmod(0o755)
        if not os.getuid():
            os.chown(path, -1, nobody)
            path.chmod(0o660)
        child = os.fork()
        if not child:
            status = 1
            try:
                if not os.getuid():
                    os.setgroups([])
                    os.setgid(nobody)
                    os.setuid(nobody)
                status = 0 if Client(path).call("whoami") == [os.getuid(), os.getpid()] else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_refusal_of_one_caller_too_many_arrives(path: Path) -> None:
    with serving(path, echo=echo):
        held = []
        for _ in range(MAX_CONNECTIONS):
            caller = socket.socket(socket.AF_UNIX)
            caller.connect(str(path))
            caller.sendall(b"[]\n")
            assert caller.recv(1)
            held.append(caller)
        for _ in range(20):
            assert refused(lambda: Client(path).call("echo", {"p": "x" * 300_000})).code == "control.busy"
        for caller in held:
            caller.close()


def test_no_answer_in_time(path: Path) -> None:
    with serving(path, endless=endless):
        assert refused(lambda: Client(path).call("endless", timeout=0.1)).code == "control.timeout"


def test_a_daemon_that_stops_in_the_middle(path: Path) -> None:
    caught: list[SekishoError] = []
    asked = threading.Event()

    async def slow(params: dict[str, Any], peer: Peer) -> JSON:
        asked.set()
        return await endless(params, peer)

    with serving(path, slow=slow):
        thread = threading.Thread(target=lambda: caught.append(refused(lambda: Client(path).call("slow"))))
        thread.start()
        assert asked.wait(LIMIT)
    thread.join(LIMIT)
    assert caught[0].code == "control.closed"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "control.closed"),
        (b'{"id":1', "control.closed"),
        (b"hello\n", "control.protocol"),
        (b"[]\n", "control.protocol"),
        (b"\xff\xfe\n", "control.protocol"),
        (b"[" * 50_000 + b"\n", "control.protocol"),
        (b'{"jsonrpc":"2.0","id":1,"error":"no"}\n', "control.protocol"),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}\n', "control.protocol"),
    ],
)
def test_impostors(path: Path, answer: bytes, code: str) -> None:
    with impostor(path, answer):
        assert refused(lambda: Client(path).call("status")).code == code


def test_a_subscription_ends_in_words_never_in_silence(path: Path) -> None:
    numbers = []
    with serving(path, subscribe=three), pytest.raises(SekishoError) as caught:
        for status in Client(path).subscribe():
            assert len(status["text"]) == 30_000
            numbers.append(status["number"])
    # A newer status may take the place of one that was not sent yet; the newest is never lost.
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 2
    assert caught.value.code == "control.closed"


def test_a_silent_subscription_is_given_up(path: Path) -> None:
    with serving(path, subscribe=mute):
        assert refused(lambda: next(Client(path).subscribe(timeout=0.1))).code == "control.timeout"


def test_a_subscriber_may_stop_asking(path: Path) -> None:
    with serving(path, subscribe=three, echo=echo):
        statuses = Client(path).subscribe()
        assert "number" in next(statuses)
        statuses.close()  # type: ignore[attr-defined]
        assert Client(path).call("echo", {"a": 1}) == {"a": 1}


def test_only_the_standard_library_and_little_of_it() -> None:
    """The page and the command line pay for what this imports at every start."""
    found = subprocess.run(
        [sys.executable, "-c", "import appliance.control.client, sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert not {"asyncio", "pydantic", "cryptography", "ssl", "appliance.control.rpc"} & set(found)
    ours = {name for name in found if name.startswith(("appliance", "webui"))}
    assert ours <= {"appliance", "appliance.control", "appliance.control.client"} | {
        f"appliance.{leaf}" for leaf in ("errors", "text", "paths")
    }
