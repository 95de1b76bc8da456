"""Runs a test in a fresh private network, mount and process namespace, which dies with it.

Outside, the test is a shell that starts pytest again for itself alone, inside. Nothing is left
behind: the kernel takes the namespaces away with their last process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

_INSIDE = "SEKISHO_TEST_INSIDE_NAMESPACE"
_LIMIT = 240
"""Seconds; generous, for a busy machine."""

_PREPARE = 'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && ip link set lo up && "$@"'
_UNSHARE = (
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "sh",
    "-c",
    _PREPARE,
    "sh",
)
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")


def in_namespace(test: Callable[..., None]) -> Callable[..., None]:
    if os.environ.get(_INSIDE):
        return test

    @pytest.mark.namespaces
    def outside(request: pytest.FixtureRequest) -> None:
        done = subprocess.run(
            [*_UNSHARE, *_PYTEST, request.node.nodeid],
            cwd=request.config.rootpath,
            env={**os.environ, _INSIDE: "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(done.stdout, pytrace=False)

    outside.__name__ = test.__name__
    outside.__doc__ = test.__doc__
    return outside


def sh(command: str, **options: Any) -> str:
    """Run a shell command, fail loudly, return what it printed."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout
