"""pyroute2 costs half of what it would, and still is whole for whoever asks for more."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import appliance.kernel.netlink
heavy = {"sqlite3", "pyroute2.ndb.main"} & set(sys.modules)
assert not heavy, heavy
from pyroute2 import NDB, IPRoute
from appliance.kernel.netlink import NetlinkError
import pyroute2, pyroute2.netlink.exceptions
assert pyroute2.NetlinkError is NetlinkError is pyroute2.netlink.exceptions.NetlinkError
assert "pyroute2.ndb.main" in sys.modules
try:
    pyroute2.no_such_name
except AttributeError:
    print("whole")
"""


def test_the_import_is_narrow_and_the_package_whole() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "whole\n", done.stderr


def test_a_package_that_is_loaded_already_is_used_as_it_is() -> None:
    program = "import pyroute2; from appliance.kernel import netlink; assert netlink.IPRoute is pyroute2.IPRoute"
    subprocess.run([sys.executable, "-c", program], timeout=120, check=True)
