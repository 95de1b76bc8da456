"""``python -m tests.again ARGUMENTS``: pytest; where few tests failed, these once more, one at a time.

What waits for real daemons' clocks beside three worlds more can fail of those alone. What fails twice, fails; what does
not is named at the end, for it is either such a wait or a rare fault, and somebody has to look.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

FEW = 3
"""So many at most: where more fail, it is not chance."""
_SOME_FAILED = 1
"""pytest's exit status: it ran to its end, and not all passed."""


def main(arguments: Sequence[str]) -> int:
    """pytest's exit status, of the last run."""
    with TemporaryDirectory() as cache:
        run = [sys.executable, "-m", "pytest", *arguments, "-o", f"cache_dir={cache}"]
        status = subprocess.call(run)
        if status != _SOME_FAILED:
            return status
        failed = _failed(Path(cache))
        if not 0 < len(failed) <= FEW:
            return status
        print(f"== once more, one at a time: {' '.join(failed)}", flush=True)
        status = subprocess.call([*run, "-n", "0", "--last-failed"])
        if status == 0:
            print(f"== UNSTEADY, passed at the second attempt: {' '.join(failed)}", flush=True)
        return status


def _failed(cache: Path) -> list[str]:
    file = cache / "v/cache/lastfailed"
    return sorted(json.loads(file.read_text())) if file.exists() else []


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
