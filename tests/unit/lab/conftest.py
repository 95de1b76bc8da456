"""The world for its own tests: without the product, a router made by hand in its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.filesystem import temporary_directory
from tests.lab.handmade import HandmadeRouter
from tests.lab.machine import Machine
from tests.lab.world import World


@pytest.fixture
def directory() -> Iterator[Path]:
    with temporary_directory() as directory:
        yield Path(directory)


@pytest.fixture
def machine(directory: Path) -> Iterator[Machine]:
    with Machine("box", directory / "box") as machine:
        yield machine


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with temporary_directory() as directory, World(Path(directory)) as world:
        yield world


@pytest.fixture(scope="module")
def handmade_router(world: World) -> HandmadeRouter:
    return HandmadeRouter(world)


@pytest.fixture(scope="module")
def clinic(world: World, handmade_router: HandmadeRouter) -> World:
    """The world with a clinic whose terminals have their leases."""
    world.lease_terminals()
    return world
