"""The gate process: ``python -m appliance.gate CONTROL_SOCKET``.

It runs as an unprivileged user of its own and is told everything else on its control socket, so that it outlives
the daemon and the daemon outlives it. Without a configuration it listens nowhere.
"""

from __future__ import annotations

import gc
import resource
import signal
import sys
from pathlib import Path
from types import FrameType

from appliance.gate import page_server
from appliance.gate.channel import Channel
from appliance.gate.loop import Loop
from appliance.gate.server import CONNECTIONS, Gate

_OTHER_DESCRIPTORS = 64


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m appliance.gate CONTROL_SOCKET", file=sys.stderr)
        return 2
    # It holds private keys: no core dump.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGTERM, _stop)
    loop = Loop()
    loop.heed_signals()
    try:
        channel = Channel(loop, Path(sys.argv[1]))
    except OSError as error:
        print(f"cannot listen on {sys.argv[1]}: {error.strerror}", file=sys.stderr)
        return 1
    channel.serve(Gate(loop, channel.notify, _connections()))
    # What is loaded now stays: do not walk over it at every collection.
    gc.freeze()
    try:
        loop.run()
    except KeyboardInterrupt:
        return 0
    finally:
        channel.close()
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _connections() -> int:
    """As many as there are descriptors for, two each; what the page may need (`page_relay`) is kept for it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    others = 3 * page_server.CONNECTIONS + _OTHER_DESCRIPTORS
    wanted = 2 * CONNECTIONS + others
    if soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(CONNECTIONS, (soft - others) // 2)


if __name__ == "__main__":
    sys.exit(main())
