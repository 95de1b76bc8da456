"""A router from its box in a clinic: manufactured, set up from a stick in it, green; and again after a power cut."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tests.image.clinic import (
    ACCOUNT,
    FACTORY,
    LONG,
    NAME,
    WAN,
    cards,
    clinic,
    first_password,
    is_green,
    label,
    lease_reception,
    page_seen_by,
    router_seen_by,
    set_up,
)
from tests.image.emulated import Emulated
from tests.image.stick import Stick
from tests.lab import datacenter, page, terminal
from tests.lab.addresses import ROUTER_WAN_MAC
from tests.lab.wires import Capture


def test_from_the_box_to_green_lights() -> None:
    with clinic() as world, cards(world) as plugged:
        notebook = world.machines["doctor"]
        factory = Stick(world.directory / "factory.raw", {FACTORY: b""})
        delivered = Stick(world.directory / "delivered.raw", {ACCOUNT: world.account.file.read_bytes()})
        line = Capture(world.cabinet.machine, WAN, f"ether src {ROUTER_WAN_MAC}")
        with Emulated("green", plugged, sticks=[factory]) as machine:
            terminal.start_client(notebook)
            printed = label(machine, factory)
            machine.pull_out(factory)
            machine.await_word(" is running after ")
            assert "the data partition is not encrypted" in machine.said()
            machine.await_condition(lambda: page_seen_by(notebook), "the page of a fresh router", LONG)
            assert "接続アカウントが登録されていません" in page_seen_by(notebook)
            shown = page.get(notebook, router_seen_by(notebook), host=NAME)
            assert shown.headers["Location"] == f"https://{NAME}/"
            line.stop()
            assert line.lines() == []
            serial = re.search(r"label-(.+)\.pdf", " ".join(factory.names()))
            assert serial
            assert serial[1] in printed

            machine.plug_in(delivered)
            set_up(world, machine, notebook, first_password(printed), ACCOUNT)
            machine.pull_out(delivered)
            lease_reception(world)
            assert world.client("reception").login().facts
            assert datacenter.concentrator_in_use(world.machines["core"]) == 1

            # Nobody was told, and the clock's battery is empty: what was set up has to be there again, and the way to
            # the engine by itself, though concentrators take handshakes of the past for replays.
            machine.cut_power()
            machine.switch_on(datetime(2001, 1, 1, tzinfo=UTC))
            seconds = machine.await_word("the lights are green after ", 2)
            assert is_green(notebook)
            assert world.client("reception").login().facts
            told = re.findall(r"the lights are green after ([0-9.]+) s", machine.said())
            print(f"from power to green lights: {seconds:.0f} s, of which {told[-1]} s by the kernel's clock")
            assert re.search(r"/var /dev/vda\d+, start 2\n", machine.said().replace("\r", ""))
            assert "Sekisho: failed:" not in machine.said()
