"""The kernel modules that hardware profiles name, as patterns for mkosi's KernelModulesInclude.

hardware_modules.py [PROFILE …]: files of firmware-image/files/usr/share/sekisho/hardware, without .toml; none: all.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PROFILES = Path("firmware-image/files/usr/share/sekisho/hardware")


def main(names: list[str]) -> None:
    files = [PROFILES / f"{name}.toml" for name in names] or sorted(PROFILES.glob("*.toml"))
    profiles = [tomllib.loads(file.read_text()) for file in files]
    modules = {module for profile in profiles for module in (*profile["modules"], profile.get("watchdog", ""))} - {""}
    # In file names, - and _ are the same to the kernel.
    print(",".join(f"/{module.replace('_', '[-_]')}[.]ko" for module in sorted(modules)))


if __name__ == "__main__":
    main(sys.argv[1:])
