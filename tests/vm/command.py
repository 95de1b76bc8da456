"""One shell command in a guest of its own; what it writes to build/ arrives in build/ here."""

from __future__ import annotations

import shutil

from tests.lab.filesystem import PROJECT
from tests.vm.guest import Guest, message
from tests.vm.kinds import Kind
from tests.vm.project import VM

_OUTPUT = VM / "command"


def run(kind: Kind, shell: str) -> int:
    """Run it and print what it says. Returns its exit status; 1 when the guest died.

    The project must have been brought up to date (`project.refresh`).
    """
    shutil.rmtree(_OUTPUT, ignore_errors=True)
    place = _OUTPUT / "guest"
    guest = Guest(kind, _OUTPUT, place / "start", f"{shell}\n")
    status = 1
    try:
        for line in guest.lines(None):
            told = message(line)
            if told is None:
                print(line, flush=True)
            else:
                status = told["status"]
    finally:
        guest.close()
        for made in _OUTPUT.iterdir():
            if made.is_dir() and made != place:
                shutil.copytree(made, PROJECT / "build" / made.name, dirs_exist_ok=True)
            elif made != place:
                shutil.copy2(made, PROJECT / "build" / made.name)
    return status
