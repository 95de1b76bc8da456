"""The gate's process as the benchmarks start it, and under Python's profiler: what of its time goes where, for a goal
that is missed."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance import paths
from appliance.engines.gate_process import gate_spec
from appliance.gate.client import GateClient
from appliance.gate.config import GateConfig, ServiceConfig
from tests.lab.machine import Machine
from tests.lab.waiting import until

_SECONDS = 60
_PROFILED = """
import cProfile, pstats, runpy, sys
profile = cProfile.Profile()
try:
    profile.runcall(runpy.run_module, "appliance.gate", run_name="__main__")
finally:
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(30)
"""


def start(
    machine: Machine,
    service: ServiceConfig,
    terminals: Sequence[str] = ("127.0.0.1",),
    argv: Sequence[str | Path] = gate_spec().argv,
    log: Path | None = None,
) -> subprocess.Popen[str]:
    """Start the gate's process and tell it `service`, as the daemon does. terminals: addresses that may connect."""
    machine.run("mkdir", "-p", paths.GATE_SOCKET.parent)
    process = machine.popen(*argv, log=log)
    until(lambda: machine.inside(paths.GATE_SOCKET.exists), "the gate's control socket")
    asyncio.run(_configure(machine, GateConfig((service,), {ip: f"terminal {ip}" for ip in terminals})))
    return process


async def _configure(machine: Machine, config: GateConfig) -> None:
    control = machine.socket(socket.AF_UNIX)
    # A path means what it means on that machine only within that machine.
    machine.inside(lambda: control.connect(str(paths.GATE_SOCKET)))
    client = GateClient(*await asyncio.open_unix_connection(sock=control), lambda *refused: print("refused:", *refused))
    await client.configure(config)
    await client.close()


def profile(machine: Machine, service: ServiceConfig, work: Callable[[], None]) -> str:
    """A table of functions, OpenSSL's and the kernel's among them, by the time spent in each; the profiler itself makes
    Python's own look more expensive than they are. No other gate may run on `machine`."""
    log = machine.log_dir / "profiled.log"
    log.unlink(missing_ok=True)
    process = start(machine, service, argv=(sys.executable, "-I", "-c", _PROFILED, paths.GATE_SOCKET), log=log)
    try:
        work()
    finally:
        stop(process)
    return Path(log).read_text()


def stop(gate: subprocess.Popen[str]) -> None:
    gate.send_signal(signal.SIGTERM)
    gate.wait(_SECONDS)
