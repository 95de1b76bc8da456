"""The vendor changes one thing after the other, at random: whoever works goes on working, and no packet is lost.

``SEKISHO_CHANGES=1000`` makes as many changes, ``SEKISHO_SEED`` others; `STORY` tells how far it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
import tomllib
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import ValidationError

from appliance.site.model import Site
from tests.lab import addresses, observe
from tests.lab.changes import Changes, Values, document
from tests.lab.filesystem import PROJECT
from tests.lab.flows import Datagrams
from tests.lab.router import SITE
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios import segments
from tests.scenarios.segments import IMAGING_ROUTER, SCANNER
from tests.scenarios.steps import Steadily, firewall_counter

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

COUNT = int(os.environ.get("SEKISHO_CHANGES", "12"))
SEED = int(os.environ.get("SEKISHO_SEED", "1"))
IMAGING = {"name": "imaging", "interface": "lan1", "address": f"{IMAGING_ROUTER}/28"}
COUNTERS = ("passed_engine", "passed_gate", "refused_lan")
WATCHED = ("router", "core")
STORY = PROJECT / "build" / "changes.txt"
_ANSWER = re.compile(r"^\[(\d+\.\d+)\] .* icmp_seq=(\d+)", re.MULTILINE)
_SUM = re.compile(r"(\d+) packets transmitted, (\d+) received")
_MOVE = re.compile(r"^\[([0-9T:.-]+)\] (.+)$", re.MULTILINE)
_NUMBERS = 1 << 16
"""An echo's number is as long as that (RFC 792)."""


def test_random_changes_lose_nothing(world: World) -> None:
    site = _settings(world)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    changes = Changes(SEED, site, None, _is_valid, vlans=False)
    counted = dict.fromkeys(COUNTERS, 0)
    story = [(0.0, "nothing")]
    STORY.parent.mkdir(exist_ok=True)
    pings = Pings(world)
    with (
        pings,
        contextlib.closing(_to_the_scanner(world, story)) as datagrams,
        observe.Session(world) as passthrough,
        observe.Session(world, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange) as sessions,
    ):
        started = time.monotonic()
        for number in range(COUNT):
            story.append((time.time(), f"change {number + 1}: {changes.step()}"))
            STORY.write_text("".join(f"{began - story[1][0]:8.1f} s {words}\n" for began, words in story[1:]))
            world.router.machine.write("/etc/sekisho/site.toml", document(changes.site), 0o600)
            world.router.apply()
            before, counted = counted, {name: firewall_counter(world, name) for name in COUNTERS}
            assert all(counted[name] >= before[name] for name in COUNTERS), story[-1]
            try:
                sessions.check()
            except OSError as error:
                # A session counts as dead after 20 seconds.
                error.add_note("\n".join(f"{began - story[1][0]:8.1f} s {words}" for began, words in story[-12:]))
                raise
        print(f"{COUNT} changes in {time.monotonic() - started:.0f} s, seed {SEED}")
        datagrams.rest()
        with contextlib.suppress(TimeoutError):
            until(lambda: not datagrams.lost(), "every datagram has arrived", limit=30)
        assert not datagrams.lost(), datagrams.story()
    # One may be on its way when ping ends.
    assert pings.lost() <= 1, "\n".join(pings.story(story))
    observe.await_green(world)


class Pings:
    """Monitoring asks the router's inner address a hundred times a second, inside the ``with`` block.

    Beside it, both ends' routes are watched: an answer that is lost while a tunnel moves has another cause than one
    that is lost in between.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        # A pipe would stop it when nobody reads.
        self._file = world.directory / "pings.txt"

    def __enter__(self) -> None:
        ping = ["ping", "-D", "-n", "-i", "0.01", "-I", str(addresses.MONITORING.ip), str(addresses.CLINIC_INNER)]
        self._processes = [
            *(self._start(name, ["ip", "-ts", "-o", "monitor", "route"], self._moves(name)) for name in WATCHED),
            self._start("core", ping, self._file),
        ]

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGINT)
            process.wait(20)

    def _start(self, name: str, command: list[str], file: Path) -> subprocess.Popen[str]:
        with file.open("wb") as output:
            return self._world.machines[name].start(command, stdout=output)

    def _moves(self, name: str) -> Path:
        return self._world.directory / f"{name}-moves.txt"

    def lost(self) -> int:
        found = _SUM.search(self._file.read_text())
        assert found is not None
        return int(found[1]) - int(found[2])

    def story(self, changes: list[tuple[float, str]]) -> Iterator[str]:
        """Each gap between two answers, with the changes and the moves of routes around it."""
        moves = [move for name in WATCHED for move in self._moved(name)]
        happened = sorted((*changes[1:], *moves))
        first = happened[0][0]
        for at, missing in self._gaps():
            yield f"{at - first:8.2f} s {missing} ANSWERS ARE MISSING"
            yield from (f"{when - first:8.2f} s {words}" for when, words in happened if at - 6 < when < at + 2)

    def _gaps(self) -> Iterator[tuple[float, int]]:
        """Unix times of the answers after which some are missing, and how many."""
        answers = ((float(at), int(number)) for at, number in _ANSWER.findall(self._file.read_text()))
        for (at, number), (_, following) in pairwise(answers):
            if 1 < (step := (following - number) % _NUMBERS) < _NUMBERS // 2:
                yield at, step - 1

    def _moved(self, name: str) -> Iterator[tuple[float, str]]:
        for at, words in _MOVE.findall(self._moves(name).read_text()):
            yield datetime.fromisoformat(at).astimezone().timestamp(), f"{name}: {words}"


def _settings(world: World) -> Values:
    """Ports for all that may come, and a scanner in a segment that stays."""
    for port in ("lan1", "lan2", "lan3", "wan1"):
        world.lay("router", port, f"to-{port}")
        world.plug("router", port)
    segments.stand(world.add("scanner", {"eth0": "to-lan1"}), "eth0", f"{SCANNER}/28", IMAGING_ROUTER)
    site = {**tomllib.loads(SITE), "segments": [IMAGING]}
    site["lan"]["reaches"] = [IMAGING["name"]]
    world.router.configure(world.desk.public_keys.read_text(), document(site))
    return site


def _to_the_scanner(world: World, story: list[tuple[float, str]]) -> Datagrams:
    near, far = (world.machines[name].socket(kind=socket.SOCK_DGRAM) for name in ("reception", "scanner"))
    far.bind((SCANNER, segments.PORT))
    near.connect((SCANNER, segments.PORT))
    near.send(b"here I am")
    far.settimeout(20)
    far.connect(far.recvfrom(100)[1])
    return Datagrams("terminal and scanner", near, far, lambda: story[-1][1])


def _is_valid(site: Values, _: object) -> bool:
    try:
        Site.model_validate(site)
    except ValidationError:
        return False
    return True
