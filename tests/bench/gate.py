"""The gate in figures: ``python -m tests.bench.gate``. Each part is a process of its own, one after another.

Each part is a benchmark of its own name, with its own rows; this one puts them together.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from functools import partial

from tests.bench import parts

PARTS = ("terminate", "rpc", "refusals", "idle", "passthrough")
HOW = "the gate, each row beside its peer in the same run"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gate", description=HOW)
    parts.add_to(parser)
    options = parser.parse_args()
    parts.check(parser, options.parts, PARTS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return parts.measure("gate", HOW, {part: partial(_measure, part) for part in PARTS}, options.parts)


def _measure(part: str) -> int:
    return subprocess.run([sys.executable, "-m", f"tests.bench.{part}"], check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
