"""A guest: a Linux for one script. Whatever ends this process ends the guest with it."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.vm.kinds import Kind

_MARK = "@guest "
"""Lines of the console that begin so are messages in JSON; the others are the kernel's or the script's own."""


# A process namespace, because the guest is a family of processes: none of them can stay behind. It is not the
# namespace's first process, to whom abort(3) does nothing.
_WITHOUT_A_TRACE = (
    *("setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("sh", "-c", '"$@"; exit $?', "sh"),
)


class Guest:
    """A guest from the moment of its start. It runs `start` (a script, written into `output`) and switches itself off.

    output: the folder of the host that the guest sees as /output.
    """

    def __init__(self, kind: Kind, output: Path, start: Path, script: str) -> None:
        start.parent.mkdir(parents=True, exist_ok=True)
        start.write_text(script)
        self.console = start.with_suffix(".console")
        """All that it said, its kernel included."""
        self._kind, self._output, self._start = kind, output, start
        self._process = subprocess.Popen(
            [*_WITHOUT_A_TRACE, *kind.command(output, start)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # User-mode Linux has its memory in a file there.
            env={**os.environ, "TMPDIR": "/dev/shm"},
        )

    def lines(self, patience: float | None) -> Iterator[str]:
        """Its console until it is off. Raises TimeoutError when nothing comes for `patience` seconds."""
        output = self._process.stdout
        assert output is not None
        rest = b""
        with selectors.DefaultSelector() as selector, self.console.open("w") as console:
            selector.register(output, selectors.EVENT_READ)
            while True:
                if not selector.select(patience):
                    raise TimeoutError
                piece = os.read(output.fileno(), 65536)
                if not piece:
                    self._process.wait(20)
                    return
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    text = line.decode(errors="replace").rstrip("\r")
                    print(text, file=console, flush=True)
                    yield text

    def kill(self) -> None:
        """Switch it off, from any thread; `lines` ends."""
        self._process.kill()

    def close(self) -> None:
        """Make sure that nothing of it is left but what it wrote to /output."""
        self._process.kill()
        if self._process.wait() == 0:
            self._kind.fetch(self._output, self._start)


def report(message: dict[str, Any]) -> None:
    """In a guest: tell the host."""
    print(f"{_MARK}{json.dumps(message)}", flush=True)


def message(line: str) -> dict[str, Any] | None:
    """What `report` said, None for any other line of the console."""
    if not line.startswith(_MARK):
        return None
    told: dict[str, Any] = json.loads(line.removeprefix(_MARK))
    return told
