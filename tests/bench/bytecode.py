"""Python's byte code of the project, as pip leaves it for what it installs.

The lab's machines see the project read-only. Without byte code every process of ours would compile its modules at
each start, which takes time and, for good, some megabytes that a router never spends.
"""

from __future__ import annotations

import compileall

from tests.lab.filesystem import PROJECT

_PACKAGES = ("appliance", "webui")


def compile_as_installed() -> None:
    """Bring it up to date. Raises RuntimeError when a module does not compile."""
    for package in _PACKAGES:
        if not compileall.compile_dir(PROJECT / package, quiet=1):
            raise RuntimeError(f"{package} does not compile")
