"""A terminal that sends much: uploads side by side through the tunnel, each over the real client's TLS."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from tests.lab import receipt
from tests.lab.client import Login, ReceiptClient

_PIECE = bytes(1 << 20)
"""The most that the engine takes at a time."""


class Upload:
    """While the ``with`` block runs, `connections` uploads, one piece after the other; a failure is raised at its end.

    sent: pieces of 1 MiB that have arrived and were answered.
    """

    def __init__(self, client: ReceiptClient, connections: int = 1) -> None:
        self._client = client
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._failures: list[Exception] = []
        self._threads = [threading.Thread(target=self._send) for _ in range(connections)]
        self.sent = 0

    def _send(self) -> None:
        while not self._over.is_set():
            try:
                self._client.request("POST", f"{receipt.API_PATH}?class=01", _PIECE, Login())
            except Exception as error:  # whatever it is: whoever waits for the upload shall know
                self._failures.append(error)
                return
            with self._lock:
                self.sent += 1

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._failures and error is None:
            raise self._failures[0]
