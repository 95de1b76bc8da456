"""A process of its own that hears wires (`appliance.diagnose.wire.answer`), and a connection to it for one request.

It is a unit's where systemd is init (``sekisho-wire.socket``), so that nobody else needs the right to a packet socket.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from typing import Any

from appliance import paths
from appliance.engines import process, units
from appliance.errors import SekishoError
from appliance.intent.names import CAPTURE_USER

LARGEST_ANSWER = 4 << 20
"""Bytes of one answer: nobody on a wire can make us keep any number of them."""
_PATIENCE = 30.0
"""Seconds of silence until it counts as hanging: the longest survey says nothing for half of it."""


class Wire:
    """One connection, which has said `request`. Close it: what hears then ends, whatever it is at."""

    def __init__(self, request: dict[str, Any]) -> None:
        """Raises SekishoError ``wire.not-there``, ``engine.user-missing``."""
        self._child: subprocess.Popen[bytes] | None = None
        self.socket = socket.socket(socket.AF_UNIX) if units.has_systemd() else self._born()
        try:
            if self._child is None:
                self.socket.connect(str(paths.WIRE_SOCKET))
            self.socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            self.close()
            raise SekishoError(
                "wire.not-there",
                "ポートの様子を聞くサービスが動いていません。"
                "「systemctl restart sekisho-wire.socket」を実行してください。",
                f"the service that listens at ports is not there ({error.strerror}): "
                "run `systemctl restart sekisho-wire.socket`.",
            ) from error

    def close(self) -> None:
        self.socket.close()
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def _born(self) -> socket.socket:
        become = process.become(CAPTURE_USER, ("net_raw",))
        ours, its = socket.socketpair()
        with its:
            self._child = subprocess.Popen(
                [*become, sys.executable, "-I", "-m", "appliance.diagnose.wire.answer"],
                stdin=its.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        return ours


def ask(request: dict[str, Any]) -> Any:
    """What was heard, as plain JSON from a process that nobody believes. Blocking, some seconds.

    Raises OSError: it cannot hear that port; ValueError: that was no answer; SekishoError as `Wire`.
    """
    answer = bytearray()
    with closing(Wire(request)) as wire:
        wire.socket.settimeout(_PATIENCE)
        while piece := wire.socket.recv(1 << 16):
            answer += piece
            if len(answer) > LARGEST_ANSWER:
                raise ValueError("an answer without end")
    match json.loads(answer):
        case {"refused": int(number)}:
            raise OSError(number, os.strerror(number))
        case {"heard": heard}:
            return heard
    raise ValueError("no answer")
