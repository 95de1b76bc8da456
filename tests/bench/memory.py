"""What the product takes of a router's memory when nothing happens: ``python -m tests.bench.memory``.

Everything that runs on the lab's router is ours to answer for, the daemons that we only configure included.
It is looked at after log-ins by both modes, a scrape and a visit to the status page, so that nothing is missing
that is loaded only when it is needed. There is no peer: nothing else does this.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from pathlib import Path

from appliance.control import fork_server
from tests.bench.process_memory import Process, distinct, processes_on
from tests.bench.run import run
from tests.bench.table import Goal, Row, explain
from tests.lab import addresses, observe, page
from tests.lab.waiting import until
from tests.lab.world import World

GOAL = Goal("<=", 90)
"""MB (10^6 bytes)."""
ROUNDS = 5
IDLE_SECONDS = 3.0
"""Before each sample."""

HOW = "memory of everything that runs on the idle router, in MB (10^6 bytes), median of the samples; no peer"
_MB = 1e6
_WIREGUARD_GO = "wireguard-go"
"""Stands in for the kernel's WireGuard; no process of a router whose kernel has it."""
_MAPPINGS_SHOWN = 12


def use(world: World) -> None:
    """Everything that loads something into memory at its first use."""
    for host in (addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST):
        world.client("reception", host).login()
    observe.scrape(world)
    page.get(world.machines["reception"], str(addresses.ROUTER_LAN.ip), browser=page.blind())


def measure(directory: Path, rounds: int) -> list[Row]:
    shares: list[dict[str, float]] = []
    alone: list[float] = []
    with World(directory) as world:
        world.prepare_clinic()
        world.start_appliance()
        observe.await_green(world)
        world.lease_terminals()
        use(world)
        working = at_work(processes_on(world.machines["router"]))
        for _ in range(rounds):
            time.sleep(IDLE_SECONDS)
            processes = at_rest(world)
            shares.append(shares_of(processes))
            alone.append(distinct(process for process in processes if process.name != _WIREGUARD_GO) / _MB)
        table = [*rows(shares, alone, Counter(process.name for process in processes)), working]
        table.append(scapy(processes))
        explain("memory", table, profile(processes))
    return table


def at_rest(world: World) -> list[Process]:
    """What forks processes stays for a while after the last, and then it is gone. Here there is no trust list to be
    had, so one is asked for anew every minute."""
    processes: list[Process] = []

    def is_idle() -> bool:
        processes[:] = processes_on(world.machines["router"])
        return not any(process.name.endswith(fork_server.__name__) for process in processes)

    until(is_idle, "nobody works apart", limit=600, pause=1)
    return processes


def at_work(processes: list[Process]) -> Row:
    """Right after a start, a log-in or a look at the settings."""
    share = sum(process.pss for process in processes if process.name != _WIREGUARD_GO) / _MB
    return Row("PSS of all of them while there is the process that others are forked from", "MB", share)


def shares_of(processes: list[Process]) -> dict[str, float]:
    """MB of PSS by name."""
    found: dict[str, float] = {}
    for process in processes:
        found[process.name] = found.get(process.name, 0) + process.pss / _MB
    return found


def rows(shares: list[dict[str, float]], alone: list[float], counts: Counter[str]) -> list[Row]:
    """shares: of each sample. alone: MB of distinct pages of each sample, without wireguard-go."""
    medians = {name: statistics.median(share.get(name, 0) for share in shares) for name in counts}
    everything = statistics.median(sum(share.values()) for share in shares)
    ours = statistics.median(sum(share.values()) - share.get(_WIREGUARD_GO, 0) for share in shares)
    found = [
        Row("PSS of all processes (without wireguard-go, which stands in for the kernel)", "MB", ours, goal=GOAL),
        Row("the same as if nobody else shared a page (distinct pages)", "MB", statistics.median(alone), goal=GOAL),
        Row("PSS of all processes with wireguard-go", "MB", everything),
    ]
    for name, share in sorted(medians.items(), key=lambda item: -item[1]):
        many = f" ({counts[name]} processes)" if counts[name] > 1 else ""
        found.append(Row(f"  PSS of {name}{many}", "MB", share))
    return found


def scapy(processes: list[Process]) -> Row:
    """Modules leave the path of their file in memory. pyroute2, which is there, shows that the search finds them."""
    interpreters = [process for process in processes if process.is_python]
    found = sum(process.remembers(b"/scapy/") for process in interpreters)
    control = sum(process.remembers(b"/pyroute2/") for process in interpreters)
    what = f"of {len(interpreters)} Python processes, those with scapy in memory (pyroute2, searched alike: {control})"
    return Row(what, "", found, goal=Goal("<=", 0))


def profile(processes: list[Process]) -> str:
    """What takes the memory of each process, largest first."""
    lines = []
    for process in sorted(processes, key=lambda process: -process.pss):
        lines.append(f"{process.pss / _MB:8.2f} MB  {process.name}")
        largest = process.mappings().most_common(_MAPPINGS_SHOWN)
        lines += [f"{size / _MB:12.2f} MB  {name}" for name, size in largest if size]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run("memory", HOW, measure, ROUNDS, {"bird": ["bird", "--version"], "dnsmasq": ["dnsmasq", "--version"]})
