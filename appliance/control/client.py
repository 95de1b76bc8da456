"""Asking the daemon, for the command line and the web page. Standard library only: it starts fast and stays small."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.errors import SekishoError

CALL_TIMEOUT = 15.0
SILENCE = 30.0
"""Seconds without a status after which a subscription is given up: three times what the daemon promises."""
MAX_MESSAGE = 16 * 1024 * 1024


class Client:
    """The daemon behind the unix socket `path` (the router's own by default).

    Every call uses a connection of its own, so one client may serve several threads and
    survives a restart of the daemon. Refusals of the daemon are raised as SekishoError with its
    code and words; the transport's own are `control.not-running`, `control.not-permitted`,
    `control.timeout`, `control.closed` and `control.protocol`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or paths.API_SOCKET

    def call(self, method: str, params: dict[str, Any] | None = None, timeout: float = CALL_TIMEOUT) -> Any:
        """The method's result. timeout: seconds for the whole exchange."""
        with _Connection(self._path, time.monotonic() + timeout) as connection:
            connection.request(method, params or {})
            return connection.result()

    def subscribe(self, timeout: float = SILENCE) -> Iterator[dict[str, Any]]:
        """Statuses as they come, until the caller stops asking.

        timeout: seconds of silence after which SekishoError `control.timeout` is raised.
        """
        with _Connection(self._path, time.monotonic() + timeout) as connection:
            connection.request("subscribe", {})
            connection.result()
            while True:
                connection.deadline = time.monotonic() + timeout
                message = connection.message()
                if message.get("method") == "status" and isinstance(message.get("params"), dict):
                    yield message["params"]


class _Connection:
    """deadline: on time.monotonic, for each wait."""

    def __init__(self, path: Path, deadline: float) -> None:
        self.deadline = deadline
        self._received = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._wait_at_most()
            self._socket.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            self._socket.close()
            raise SekishoError(
                "control.not-running",
                "関所が動いていないので、「sudo systemctl start sekisho」で起動してください。",
                "Sekisho is not running: start it with `sudo systemctl start sekisho`.",
            ) from None
        except PermissionError:
            self._socket.close()
            raise SekishoError(
                "control.not-permitted",
                "この操作は許可されていないので、管理者（root）で実行してください（例: sudo sekisho status）。",
                "You are not permitted to do this: run it as the administrator, root "
                "(for example: sudo sekisho status).",
            ) from None
        except (TimeoutError, BlockingIOError):
            self._socket.close()
            raise _timeout() from None
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def request(self, method: str, params: dict[str, Any]) -> None:
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, allow_nan=False)
        self._wait_at_most()
        try:
            # A daemon that turns us away closes at once, but has said why: read on.
            with suppress(BrokenPipeError, ConnectionResetError):
                self._socket.sendall(line.encode("ascii") + b"\n")
        except TimeoutError:
            raise _timeout() from None

    def result(self) -> Any:
        """Of the request; the daemon's refusal is raised."""
        while True:
            message = self.message()
            if "error" in message:
                raise _refusal(message["error"])
            if message.get("id") == 1 and "result" in message:
                return message["result"]

    def message(self) -> dict[str, Any]:
        try:
            message = json.loads(self._line())
        except (ValueError, RecursionError):
            raise _protocol() from None
        if not isinstance(message, dict):
            raise _protocol()
        return message

    def _line(self) -> bytes:
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > MAX_MESSAGE:
                raise _protocol()
            self._received += self._more()
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line

    def _more(self) -> bytes:
        self._wait_at_most()
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            raise _timeout() from None
        except ConnectionResetError:
            data = b""
        if not data:
            raise SekishoError(
                "control.closed",
                "関所が途中で応答をやめたので、少し待ってからもう一度試してください。",
                "Sekisho stopped in the middle of the answer: wait a moment and try again.",
            )
        return data

    def _wait_at_most(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _timeout()
        self._socket.settimeout(left)


def _refusal(error: Any) -> SekishoError:
    try:
        data = error["data"]
        return SekishoError(str(data["code"]), str(data["ja"]), str(data["en"]))
    except (TypeError, KeyError):
        return _protocol()


def _timeout() -> SekishoError:
    return SekishoError(
        "control.timeout",
        "関所からの応答が時間内になかったので、少し待ってからもう一度試してください。",
        "Sekisho did not answer in time: wait a moment and try again.",
    )


def _protocol() -> SekishoError:
    return SekishoError(
        "control.protocol",
        "関所からの応答を読めないので、コマンドとルーターの版が合っているか確かめてください。",
        "Sekisho's answer cannot be read: check that the command and the router are of the same version.",
    )
