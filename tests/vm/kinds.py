"""On what a guest runs: Debian 13's kernel as a process of this machine, or the stock one on an emulated machine."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from tests.vm import images
from tests.vm.project import COPY, KERNEL, ROOT

_COMMON = ("ro", "init=/init", "quiet", "panic=1")
"""Words for either kernel."""


@dataclass(frozen=True)
class Kind(ABC):
    """A way to start guests. parameters: further words for whatever starts them."""

    name: str
    parameters: tuple[str, ...] = ()
    limit: int = 600
    """Seconds of its own clock that one file of tests may take."""
    patience: int = 660
    """Seconds of this machine's clock without a word until it counts as dead."""

    shares_output = True
    """Whether its guests see one /output, of the host, so that several can share out work in it."""

    @abstractmethod
    def command(self, output: Path, start: Path) -> list[str | Path]:
        """What to run for a guest that runs `start`, which lies in `output`; prepares what that needs.

        Its console is the standard output.
        """

    @abstractmethod
    def fetch(self, output: Path, start: Path) -> None:
        """Bring what the guest has left in its /output to `output`, once it is off."""


class UserMode(Kind):
    """User-mode Linux, made by scripts/vm-kernel. parameters: words for the kernel's command line."""

    def command(self, output: Path, start: Path) -> list[str | Path]:
        return [
            *(KERNEL, "mem=2000M", "rootfstype=hostfs", f"rootflags={ROOT}", *_COMMON),
            *("con=null", "con0=null,fd:1", f"uml_dir={start.parent}/", *self.parameters),
            *(f"project={COPY}", f"output={output}", f"start=/output/{start.relative_to(output)}"),
        ]

    def fetch(self, output: Path, start: Path) -> None:
        """It is there already: the guest wrote to the folder itself."""


class Emulated(Kind):
    """QEMU without the processor's help: the kernel that Debian ships, from its package. parameters: for QEMU.

    The cloud kernel knows no folders of the host: all comes and goes by disks.
    """

    shares_output = False

    def command(self, output: Path, start: Path) -> list[str | Path]:
        (kernel,), (initrd,) = (list((ROOT / "boot").glob(f"{name}-*")) for name in ("vmlinuz", "initrd.img"))
        disk = images.pack(output, start)
        words = (
            *("console=ttyS0", "root=/dev/vda", "rootfstype=erofs", *_COMMON),
            *("project=/dev/vdb", "output=/dev/vdc", f"start=/output/{start.relative_to(output)}"),
        )
        drives = ((images.root(), ",readonly=on"), (images.project(), ",readonly=on"), (disk, ""))
        return [
            *("qemu-system-x86_64", "-accel", "tcg", "-machine", "pc", "-cpu", "max", "-m", "2000M", "-nodefaults"),
            *("-display", "none", "-nic", "none", "-no-reboot"),
            # Not stdio: with nothing to read it blocks the guest.
            *("-chardev", "file,id=console,path=/dev/fd/1", "-serial", "chardev:console"),
            *("-kernel", kernel, "-initrd", initrd, "-append", " ".join(words)),
            *(word for file, more in drives for word in ("-drive", f"if=virtio,format=raw,file={file}{more}")),
            *self.parameters,
        ]

    def fetch(self, output: Path, start: Path) -> None:
        disk = images.disk(start)
        subprocess.run(["tar", "-x", "-f", disk, "-C", output], check=True, timeout=60)
        disk.unlink()


WALL_CLOCK = UserMode("wall clock")
TIME_TRAVEL = UserMode("time travel", ("time-travel",), limit=7 * 86400, patience=1800)
"""The clock runs only when nobody has anything to do: it jumps to what is due next (um: time-travel)."""
FREE_COMPUTING = UserMode("free computing", ("time-travel=inf-cpu",))
"""The same, and computing takes no time at all: what is left is what packets wait for. Nothing may spin."""
STOCK_KERNEL = Emulated("stock kernel", ("-smp", "2"))
COUNTED = Emulated("counted instructions", ("-smp", "1", "-icount", "shift=0,sleep=off"))
"""One processor, whose clock is its instructions: each takes a nanosecond, and waiting none (QEMU's `-icount`)."""
COUNTED_COPIES = Emulated("counted copies", (*COUNTED.parameters, "-cpu", "max,-erms"))
"""The same for what copies much. Elsewhere kernel and C library do that by a string instruction, of which QEMU counts
each byte as one."""

KINDS = {
    kind.name.replace(" ", "-"): kind
    for kind in (WALL_CLOCK, TIME_TRAVEL, FREE_COMPUTING, STOCK_KERNEL, COUNTED, COUNTED_COPIES)
}
"""By the names of the command line."""
