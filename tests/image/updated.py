"""A clinic's router from its box on, which is updated one night, with every write to its disk on record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.image import esp, nights, versions
from tests.image.clinic import LONG, await_page, clinic, is_green, lease_reception
from tests.image.emulated import OUTPUT, Emulated
from tests.image.first_day import FirstDay, a_clinic_router
from tests.image.mirror import URL, Mirror
from tests.image.stick import Stick
from tests.lab import datacenter, observe
from tests.lab.addresses import CENTER_NTP, CONCENTRATORS, NIGHT_NTP
from tests.lab.world import World

_NO_BATTERY = datetime(2001, 1, 1, tzinfo=UTC)
"""A clock's beginning."""
INSTALL = 1800.0
"""Seconds that an emulated machine may take to fetch a version, to write it and to restart."""


@dataclass(frozen=True, slots=True)
class Updated:
    """first_day: of the router. metrics: at its end, as the data center reads them.

    again: what its console said of the next start, after a power cut and without a battery for its clock;
    power_to_green: seconds of that.

    machine: switched off when the new version had been proven; its recording begins with the night.

    restart, on_trial: the recording's length, in bytes, when the machine went down to come up in the new version, and
    when that one had come up.

    before, after: the versions, with `next` the folder of the second one's build, and its bundle.

    evening, trial: the status page the evening before, and from the new version while it could not reach the engine;
    entries: of the boot loader then. done: the status page at the end.
    """

    world: World
    clock: nights.Clock
    mirror: Mirror
    first_day: FirstDay
    metrics: str
    again: str
    power_to_green: float
    machine: Emulated
    restart: int
    on_trial: int
    before: str
    after: str
    next: Path
    bundle: Path
    night: datetime
    evening: str
    trial: str
    entries: tuple[str, ...]
    done: str

    def another(self, name: str, cards: Sequence[int], disk: Path, sticks: Sequence[Stick] = ()) -> Emulated:
        """The same machine with a copy of that disk, by the `clock`, which may show less than in an earlier story."""
        for concentrator in self.world.concentrators.values():
            concentrator.forget_handshakes()
        own = self.machine.variables
        return Emulated(name, cards, image=disk, variables=own, sticks=sticks, clock=self.clock.now())


@contextmanager
def update() -> Iterator[Updated]:
    """By what the data center offers."""
    night = nights.night_after(datetime.now(UTC))
    with ThreadPoolExecutor(1) as beside, clinic() as world:
        building = beside.submit(_next_version)
        core, notebook = world.machines["core"], world.machines["doctor"]
        clock, mirror = nights.Clock(core, nights.evening_before(night)), Mirror(core)
        _issue_account_with_firmware(world)
        with a_clinic_router(world, "updated", clock.now()) as (machine, first_day):
            world.client(notebook.name).login()
            assert datacenter.concentrator_in_use(core) == 1
            metrics = observe.scrape(world)
            # Nobody is told, and the clock's battery is empty: what was set up has to be there again, and the way to
            # the engine by itself, though concentrators take handshakes of the past for replays.
            machine.cut_power()
            new, bundle = building.result()
            mirror.offer(bundle)
            said = len(machine.said())
            machine.switch_on(_NO_BATTERY)
            power_to_green = machine.await_word("the lights are green after ", 2)
            machine.await_word(" is running after ", 2)
            again = machine.said()[said:]
            world.client(notebook.name).login()
            # Why it waits is the clock at first, which is not known to be right yet, and no hour is told then.
            evening = await_page(machine, notebook, "からの予定です")
            machine.cut_power()

            clock.set(night)
            machine.switch_on(clock.now(), record=True)
            machine.await_word("reboot: Restarting system", limit=INSTALL)
            restart = machine.log.stat().st_size
            with silent_tunnels(world):
                trial = await_page(machine, notebook, "確かめています")
                on_trial, entries = machine.log.stat().st_size, esp.entries(machine.disk)
            machine.await_word(f"Sekisho {versions.NEXT} is running after ")
            done = await_page(machine, notebook, "に更新しました")
            machine.await_condition(lambda: is_green(notebook), "green lights in the new version", LONG)
            # With the account and the settings that the version before was set up with.
            lease_reception(world)
            world.client("reception").login()
            machine.cut_power()
        before = versions.root_of(OUTPUT / "sekisho.raw").name.removeprefix("sekisho_")
        yield Updated(
            *(world, clock, mirror, first_day, metrics, again, power_to_green, machine, restart, on_trial),
            *(before, versions.NEXT, new, bundle, night, evening, trial, entries, done),
        )


@contextmanager
def silent_tunnels(world: World) -> Iterator[None]:
    """The engine cannot be reached."""
    for number in CONCENTRATORS:
        world.cut_tunnel(number)
    try:
        yield
    finally:
        for number in CONCENTRATORS:
            world.mend_tunnel(number)


def _next_version() -> tuple[Path, Path]:
    """The folder of its build, and its bundle."""
    new = versions.build("next", VERSION=versions.NEXT)
    return new, versions.bundle(new / "sekisho.raw", new / "sekisho.efi", versions.NEXT, 2)


def _issue_account_with_firmware(world: World) -> None:
    """In the place of the one that the clinic has."""

    def rewrite(request: str) -> str:
        request = request.replace(str(CENTER_NTP.ip), str(NIGHT_NTP.ip))
        return re.sub(r"^(trust_url = .*)$", rf'\1\nfirmware_url = "{URL}"', request, flags=re.MULTILINE)

    world.account = world.desk.issue(world.concentrators.values(), rewrite=rewrite)
    world.admit(world.account)
