"""The daemon's end of the gate process's control socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.errors import SekishoError
from appliance.gate.config import GateConfig

Refusal = dict[str, str]
"""service, terminal (address), address (of the engine, or empty), reason (code), detail."""
OnRefusal = Callable[[Refusal | None, int], None]
"""Called with a refusal and the number of those like it since the last that was told of; None: of all others."""

_REFUSAL = ("service", "terminal", "address", "reason", "detail")
_LONGEST_LINE = 4 << 20


class GateClient:
    """One connection. When the gate process ends, `closed` is set and every call raises ConnectionError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_refusal: OnRefusal) -> None:
        self.closed = asyncio.Event()
        self._reader, self._writer, self._on_refusal = reader, writer, on_refusal
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def connect(cls, path: Path, on_refusal: OnRefusal) -> GateClient:
        """Raises OSError while the gate process does not listen at `path`."""
        return cls(*await asyncio.open_unix_connection(str(path), limit=_LONGEST_LINE), on_refusal)

    async def configure(self, config: GateConfig) -> bool:
        """Whether anything changed. Raises SekishoError (and then the old configuration stays), ConnectionError."""
        return bool(await self._call("configure", config.as_json()))

    async def close_connections(self, *, service: str | None = None, address: str | None = None, reason: str) -> int:
        """Reset those of a service, or to an engine's address, or both. Returns how many."""
        return int(await self._call("close", {"service": service, "address": address, "reason": reason}))

    async def stats(self) -> dict[str, Any]:
        """See `server.Gate.stats`."""
        result: dict[str, Any] = await self._call("stats", {})
        return result

    async def close(self) -> None:
        self._listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listener
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _call(self, method: str, params: dict[str, Any]) -> Any:
        if self.closed.is_set():
            raise ConnectionError("the gate process is gone")
        self._number += 1
        future = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self._writer.write(json.dumps(request).encode() + b"\n")
        await self._writer.drain()
        return await future

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                self._hear(line)
        except (OSError, ValueError, RecursionError):
            # A gate that says what none of ours says is as good as gone.
            pass
        finally:
            self.closed.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError("the gate process is gone"))

    def _hear(self, line: bytes) -> None:
        """Raises ValueError: the gate process meets strangers, and may one day be theirs."""
        message = _table(json.loads(line))
        if message.get("method") == "refused":
            params = _table(message.get("params"))
            refusal = params.get("refusal")
            self._on_refusal(None if refusal is None else _texts(refusal, _REFUSAL), _number(params.get("times")))
            return
        number, error = message.get("id"), _error(_table(message["error"])) if "error" in message else None
        future = self._waiting.pop(number, None) if isinstance(number, int) else None
        if future is None or future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(message.get("result"))


def _error(error: dict[str, Any]) -> Exception:
    if "data" not in error:
        return RuntimeError(str(error.get("message")))
    return SekishoError(**_texts(error["data"], ("code", "ja", "en")))


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError("not a number")
    return value


def _texts(value: object, keys: tuple[str, ...]) -> dict[str, str]:
    texts = {key: text for key, text in _table(value).items() if key in keys and isinstance(text, str)}
    if len(texts) < len(keys):
        raise ValueError("not all that belongs there")
    return texts
