"""Processor time by the operating system's accounting, and on what machine it was counted."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import ssl
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance import __version__
from tests.lab.waiting import until

_QUIET_SECONDS = 0.1


def process_cpu(pid: int) -> float:
    """Seconds of processor time (user and system, all threads, ended ones too) that a process has used so far.

    clock_getcpuclockid(3): the scheduler's own sum, in nanoseconds, where /proc/PID/stat counts ticks of 10 ms.
    """
    clock = ctypes.c_int()
    code = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock))
    if code != 0:
        raise ProcessLookupError(code, os.strerror(code))
    return time.clock_gettime(clock.value)


def settled_cpu(pid: int, limit: float = 20.0) -> float:
    """As `process_cpu`, once the process has finished what it was doing: it has slept for a moment."""
    seen = [process_cpu(pid)]

    def sleeps() -> bool:
        seen.append(process_cpu(pid))
        return seen[-1] == seen[-2]

    until(sleeps, f"process {pid} at rest", limit, pause=_QUIET_SECONDS)
    return seen[-1]


def own_cpu() -> float:
    """Seconds of processor time of this process and of all its children that have ended."""
    return _used(resource.RUSAGE_SELF) + children_cpu()


def children_cpu() -> float:
    """Seconds of processor time of all children, and theirs, that have ended and were waited for."""
    return _used(resource.RUSAGE_CHILDREN)


def _used(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def machine(programs: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Where it was measured. programs: name → command that prints its version, first line taken."""
    facts = {
        "sekisho": __version__,
        "processor": _processor(),
        "processors": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.1f} GB",
        "kernel": platform.release(),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    for name, command in programs.items():
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        facts[name] = (done.stdout or done.stderr).splitlines()[0].strip()
    return facts


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
