"""The one door to rtnetlink (rtnetlink(7)), by pyroute2."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Quiet(ModuleType):
    """`pyroute2` itself, which runs its own ``__init__`` only when somebody asks it for a name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        if importlib.util.find_spec(f"{self.__name__}.{name}"):
            return importlib.import_module(f"{self.__name__}.{name}")
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def _import_quietly() -> None:
    """pyroute2's ``__init__`` imports all it has, down to sqlite3: half of its memory and time."""
    if "pyroute2" in sys.modules:
        return
    spec = importlib.util.find_spec("pyroute2")
    if spec is None:
        raise ModuleNotFoundError("pyroute2")
    package = _Quiet("pyroute2")
    package.__spec__ = spec
    package.__file__ = spec.origin
    package.__path__ = list(spec.submodule_search_locations or ())
    sys.modules["pyroute2"] = package


_import_quietly()
from pyroute2.iproute.linux import IPRoute  # type: ignore[import-untyped]  # noqa: E402
from pyroute2.netlink.exceptions import NetlinkError  # type: ignore[import-untyped]  # noqa: E402
from pyroute2.netlink.rtnl.tcmsg import plugins as qdiscs  # type: ignore[import-untyped]  # noqa: E402

PROTOCOL = 83
"""Our mark in the `protocol` of every route (rtm_protocol) and rule (FRA_PROTOCOL) that we make: the
kernel itself remembers that they are ours. Unassigned in iproute2's rt_protos."""

Netlink = Any
"""A `pyroute2.IPRoute`; pyroute2 has no type information."""

__all__ = ["PROTOCOL", "Netlink", "NetlinkError", "connect", "qdiscs", "tolerating"]


@contextmanager
def connect() -> Iterator[Netlink]:
    """A socket for the calling thread. Never call it from a thread that runs an event loop: pyroute2 runs its own."""
    with IPRoute() as netlink:
        yield netlink


@contextmanager
def tolerating(*codes: int) -> Iterator[None]:
    """Let the named errno values pass: the kernel already is as we want it."""
    try:
        yield
    except NetlinkError as error:
        if error.code not in codes:
            raise
