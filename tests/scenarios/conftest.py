"""One world for each scenario. When one fails, the report ends with the lights and the router's own logs."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest

from tests.lab import observe
from tests.lab.enginehost import EngineHost
from tests.lab.filesystem import temporary_directory
from tests.lab.lines import AccessLine
from tests.lab.lines.upper import UpperRouter
from tests.lab.machine import Machine
from tests.lab.world import World
from tests.scenarios import outside_engine

_WORLD = pytest.StashKey[World]()
_LOG_LINES = "80"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take long first: at the end nobody shall wait for one of them alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    """The clinic's access lines; a scenario about another line defines its own."""
    return (UpperRouter(),)


@pytest.fixture
def owns_clock() -> bool:
    """Whether the router may set the clock of this kernel; a scenario on a kernel of its own may say so."""
    return False


@pytest.fixture
def clock() -> Iterator[None]:
    """May be set to anything: afterwards it shows what it would have shown."""
    before, since = time.time(), time.monotonic()
    yield
    time.clock_settime(time.CLOCK_REALTIME, before + time.monotonic() - since)


@pytest.fixture
def world(request: pytest.FixtureRequest, lines: Sequence[AccessLine], owns_clock: bool) -> Iterator[World]:
    """The prepared clinic: its router has its settings and its account waits to be imported, nothing of ours runs."""
    with temporary_directory() as directory, World(Path(directory), lines=lines, owns_clock=owns_clock) as world:
        request.node.stash[_WORLD] = world
        world.prepare_clinic()
        yield world


@pytest.fixture
def clinic(world: World) -> World:
    """The clinic at work: every light is green, the terminals have their addresses."""
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    return world


@pytest.fixture
def engine(world: World) -> Iterator[EngineHost]:
    """A receipt engine on the internet."""
    host = outside_engine.place(world)
    yield host
    host.stop()


@pytest.fixture
def without_vpn(world: World, engine: EngineHost) -> World:
    """The clinic at work by an account without tunnels."""
    return outside_engine.begin_without_tunnels(world)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    world = item.stash.get(_WORLD, None)
    if report.failed and call.when != "teardown" and world is not None and "router" in world.machines:
        report.sections.append(("router", _last_words(world)))
    return report


def _last_words(world: World) -> str:
    router = world.machines["router"]
    try:
        helpers = router.inside(lambda: sorted(map(str, Path("/run/sekisho/log").glob("*.log"))))
    except RuntimeError as error:  # its world has come down already: the failure itself says why
        return repr(error)
    asked = (
        ["sekisho", "--lang", "en", "status"],
        ["tail", "-n", _LOG_LINES, "-v", "--", "/dev/null", *helpers],
        ["nft", "list", "table", "inet", "sekisho"],
    )
    said = [f"$ {' '.join(command)}\n{_answer(router, command)}" for command in asked]
    daemon = world.router.words().splitlines() if hasattr(world, "router") else []
    return "\n".join([*said, "$ sekisho run", *daemon[-int(_LOG_LINES) :]])


def _answer(router: Machine, command: list[str]) -> str:
    try:
        done = router.run(*command, check=False)
    except Exception as error:  # whatever it is, it must not hide the failure that is being reported
        return repr(error)
    return done.stdout + done.stderr
