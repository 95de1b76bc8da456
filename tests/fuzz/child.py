"""One target under atheris: ``python -m tests.fuzz.child TARGET [arguments of libFuzzer]``; `__main__` starts it."""

from __future__ import annotations

import logging
import sys

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore] # of build/fuzz-venv, where this runs

from tests.fuzz.target import named

READERS = ["appliance", "webui", "dns", "email", "h11", "http", "joserfc", "tomllib", "urllib", "waitress"]
"""Ours, and what reads for us: where coverage guides."""

if __name__ == "__main__":
    # The products' warnings about each input are not for reading.
    logging.lastResort = None
    with atheris.instrument_imports(include=READERS):
        target = named(sys.argv[1])
    # By its first word libFuzzer starts itself again, to merge.
    atheris.Setup([f"{sys.executable} -m tests.fuzz.child {target.name}", *sys.argv[2:]], target.run)
    atheris.Fuzz()
