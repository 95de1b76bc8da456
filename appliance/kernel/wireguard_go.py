"""WireGuard in user space, for kernels without it: the daemon `wireguard-go`, one process per tunnel.

The process outlives ours (its own session, adopted by init) and ends by itself when its interface
is deleted; nobody ever needs its process number.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import time
from pathlib import Path

from appliance.errors import SekishoError

SOCKETS = Path("/var/run/wireguard")
"""Where wireguard-go listens and `wg` looks (WireGuard's cross-platform userspace interface)."""

_PATIENCE = 10.0
"""Seconds until a start, or an end, counts as failed."""
_STEP = 0.01
_LOG_SIZE = 4096


def start(interface: str) -> None:
    """Start the daemon and return once it answers. Raises SekishoError ``kernel.wireguard-go``."""
    # A memory file sealed to its size: keeps the reason of a failed start, cannot grow while the daemon
    # lives, and, unlike a pipe, does not kill the daemon when we are gone.
    log = os.memfd_create(f"wireguard-go {interface}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(log, _LOG_SIZE)
        fcntl.fcntl(log, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
        # setsid --fork leaves no child of ours behind that somebody would have to reap.
        subprocess.run(
            ["setsid", "--fork", "wireguard-go", "-f", interface],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**os.environ, "LOG_LEVEL": "error"},
            timeout=_PATIENCE,
            check=False,
        )
        deadline = time.monotonic() + _PATIENCE
        while not is_running(interface):
            reason = _reason(os.pread(log, _LOG_SIZE, 0))
            if reason or time.monotonic() > deadline:
                raise _failed(interface, reason or "no answer")
            time.sleep(_STEP)
    finally:
        os.close(log)


def is_running(interface: str) -> bool:
    """Whether a wireguard-go answers for the interface."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(_socket(interface)))
        except OSError:
            return False
        return True


def wait_until_gone(interface: str) -> None:
    """After the interface was deleted: let its daemon finish, and leave no dead socket behind."""
    deadline = time.monotonic() + _PATIENCE
    while is_running(interface):
        if time.monotonic() > deadline:
            raise _failed(interface, "does not end although its interface is gone")
        time.sleep(_STEP)
    _socket(interface).unlink(missing_ok=True)


def _socket(interface: str) -> Path:
    return SOCKETS / f"{interface}.sock"


def _reason(log: bytes) -> str:
    """The daemon's last words; the banner that it prints on Linux is not one of them."""
    lines = log.rstrip(b"\0").decode(errors="replace").splitlines()
    return " ".join(line for line in lines if line.startswith(("ERROR", "Failed", "setsid:")))


def _failed(interface: str, reason: str) -> SekishoError:
    return SekishoError(
        "kernel.wireguard-go",
        f"トンネル {interface} の暗号化プログラム wireguard-go が動きません（{reason}）。",
        f"wireguard-go, which encrypts the tunnel {interface}, does not work: {reason}",
    )
