"""Runs `nft`, `wg` and `conntrack`: input by stdin, a time-out always, and no key in any message."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from appliance.errors import SekishoError

TIMEOUT = 15.0
"""Seconds. These tools only talk to the kernel; one that takes longer hangs."""

_SECRET = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")
_QUOTED = re.compile(r"[`'\u2018][^'\u2019]*['\u2019]")
_LONGEST = 300


def run(
    arguments: Sequence[str], stdin: str = "", *, timeout: float = TIMEOUT, accepted: Sequence[int] = (0,)
) -> tuple[int, str, str]:
    """Run a tool and return (exit status, stdout, stderr).

    Raises SekishoError ``kernel.<tool>-failed``, ``kernel.<tool>-missing`` or ``kernel.<tool>-timeout``.
    Secrets travel by `stdin` only.
    """
    tool = arguments[0]
    try:
        done = subprocess.run(
            arguments,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise SekishoError(
            f"kernel.{tool}-missing",
            f"プログラム {tool} がこの機械に入っていません。インストールしてください。",
            f"The program {tool} is not installed on this machine; install it.",
        ) from None
    except subprocess.TimeoutExpired:
        raise SekishoError(
            f"kernel.{tool}-timeout",
            f"{tool} が {timeout:.0f} 秒たっても終わりません。もう一度試し、続くときはルーターを再起動してください。",
            f"{tool} did not finish within {timeout:.0f} s; try again, and restart the router if it stays so.",
        ) from None
    if done.returncode not in accepted:
        raise failed(tool, done.stderr or f"exit status {done.returncode}")
    return done.returncode, done.stdout, done.stderr


@contextmanager
def reading(tool: str) -> Iterator[None]:
    """For the reading of what a tool has printed: if it is not what its manual says, SekishoError
    ``kernel.<tool>-unreadable``, in which nothing of it is repeated."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise SekishoError(
            f"kernel.{tool}-unreadable",
            f"{tool} の出力を読み取れません。ルーターを再起動し、続くときはソフトウェアの版を確かめてください。",
            f"What {tool} prints cannot be understood; restart the router, and check its version if it stays so.",
        ) from None


def failed(tool: str, stderr: str) -> SekishoError:
    reason = condensed(stderr)
    return SekishoError(
        f"kernel.{tool}-failed",
        f"{tool} が失敗しました（{reason}）。",
        f"{tool} failed: {reason}",
    )


def condensed(stderr: str) -> str:
    """A tool's complaint as one short line without anything that could be a key.

    `wg` repeats the offending input line in quotes; `nft` draws carets under it.
    """
    lines = (line.strip() for line in stderr.splitlines())
    line = " ".join(line for line in lines if line.strip("^~ "))
    line = _SECRET.sub("…", _QUOTED.sub("…", line))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
