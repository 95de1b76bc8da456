"""The world for developers: build it, look around, Ctrl-C removes every trace.

    python -m tests.lab up             what stands where, and how to get in
    python -m tests.lab shell ROLE     a shell on one machine
    python -m tests.lab beyond CARD    all that lies beyond the clinic's line, for a real router on network card CARD
With --clinic Sekisho runs on the router, the account is imported and the terminals have their leases.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path

from appliance.files import write_atomically
from tests.lab.filesystem import temporary_directory
from tests.lab.lines.upper import UpperRouter
from tests.lab.world import BEYOND_THE_LINE, ROLES, World


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="build the world and wait")
    shell = commands.add_parser("shell", help="a shell on one machine")
    shell.add_argument("role", choices=(*ROLES, *UpperRouter().cabling))
    beyond = commands.add_parser("beyond", help="upstream router, internet and data centers for a real router")
    beyond.add_argument("card", help="network card that leads to the router's WAN port")
    beyond.add_argument("--hand-over", type=Path, default=Path("/var/lib/sekisho-lab"), help="folder for the account")
    beyond.add_argument("--desk-key", type=Path, help="signs the account; without it, a new one")
    for command in (up, shell):
        command.add_argument("--clinic", action="store_true", help="with Sekisho running on the router")
    options = parser.parse_args(arguments)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.command == "beyond":
        return _beyond(options.card, options.hand_over, options.desk_key)
    with (
        contextlib.suppress(KeyboardInterrupt),
        temporary_directory() as directory,
        World(Path(directory)) as world,
    ):
        if options.clinic:
            world.prepare_clinic()
            world.start_appliance()
            world.lease_terminals()
        if options.command == "shell":
            # script(1) gives the shell a terminal of its own.
            return world.machines[options.role].start(["script", "-qec", "bash", "/dev/null"], stdin=None).wait()
        _show(world)
        threading.Event().wait()
    return 0


def _beyond(card: str, hand_over: Path, desk_key: Path | None) -> int:
    with (
        contextlib.suppress(KeyboardInterrupt),
        temporary_directory() as directory,
        World(Path(directory), BEYOND_THE_LINE) as world,
    ):
        world.cabinet.adopt(card, "line")
        world.issue_account(desk_key)
        hand_over.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(hand_over / "clinic.sekisho-account", world.account.file.read_bytes())
        write_atomically(hand_over / "activation-code.txt", f"{world.account.code}\n")
        if desk_key is None:
            write_atomically(hand_over / "desk-keys.json", world.desk.public_keys.read_text(), 0o644)
        print(f"The account, its code and, of a new desk, the public keys are in {hand_over}.")
        _show(world)
        threading.Event().wait()
    return 0


def _show(world: World) -> None:
    for role, machine in world.machines.items():
        print(f"{role:14} nsenter --all --target {machine.pid}")
    print(f"\nLogs and captures: {world.directory}\nReady. Ctrl-C removes every trace.", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
