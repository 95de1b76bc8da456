"""What other processes are forked from goes when nobody needs it. What it is there for: test_apart.py."""

from __future__ import annotations

import socket
import subprocess
import sys


def test_it_ends_when_nobody_asks() -> None:
    serves = "from appliance.control import fork_server; fork_server.REST = 0.1; print(fork_server.main())"
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        served = subprocess.run(
            [sys.executable, "-I", "-c", serves], stdin=theirs, capture_output=True, check=True, timeout=60
        )
    assert served.stdout == b"0\n"
