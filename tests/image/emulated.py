"""A router as it leaves the factory: the built image on an emulated machine with Secure Boot (QEMU without KVM)."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.image.stick import Stick
from tests.lab import addresses
from tests.lab.filesystem import PROJECT
from tests.lab.waiting import until

OUTPUT = PROJECT / "build" / "image" / "output"
IMAGE = OUTPUT / "sekisho.raw"
KEYS = PROJECT / "build" / "image" / "keys"
"""For development: whose accounts and updates the image takes."""
RUNS = PROJECT / "build" / "image" / "run"
"""A folder for each machine, with all that its serial console said."""

_FIRMWARE = Path("/usr/share/OVMF")
_CODE, _VARIABLES = _FIRMWARE / "OVMF_CODE_4M.secboot.fd", _FIRMWARE / "OVMF_VARS_4M.fd"
"""Of the package ovmf; empty variables are a machine in setup mode, as from its maker."""
_DISK = 4 << 30
_TPM_TELLS = 20
"""swtpm(8), --log: each command."""
"""Bytes of the machine's own disk: the image and room for the second slot and the data."""
_UUID = "5c3e7a52-5f0e-4a34-9d5e-5a1c1f0b7d12"
"""By which the system knows the machine (systemd.machine_id=firmware)."""
_MEMORY = 1024
"""MiB."""


class RefusedError(RuntimeError):
    """QEMU does not do that, and says why."""


class Emulated:
    """A machine with its disk, its firmware's variables and perhaps its TPM, which all outlive a power cut.

    cards: file descriptors of tap devices, of the line's port and the LAN's. sticks: in it when it is switched on.
    credentials: what somebody who holds the machine gives it by SMBIOS (type 11). image, variables: what its disk and
    its firmware begin with. clock: see `switch_on`, for the first time.
    """

    def __init__(
        self,
        name: str,
        cards: Sequence[int] = (),
        *,
        image: Path = IMAGE,
        variables: Path = _VARIABLES,
        tpm: bool = False,
        sticks: Sequence[Stick] = (),
        credentials: Sequence[str] = (),
        clock: datetime | None = None,
    ) -> None:
        self.directory = RUNS / name
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.console = self.directory / "serial.log"
        self.disk = self.directory / "disk.raw"
        self.variables = self.directory / "variables.fd"
        self.before, self.log = self.directory / "before.raw", self.directory / "writes.log"
        self._tpm_log = self.directory / "tpm.log"
        self._cards, self._credentials, self._tpm = cards, credentials, tpm
        self._sticks = list(sticks)
        copy_disk(image, self.disk)
        os.truncate(self.disk, _DISK)
        shutil.copyfile(variables, self.variables)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._clock = clock
        self.started = 0.0
        """When it was last switched on, of time.monotonic()."""
        self._records = False

    # ---- power ----------------------------------------------------------------------------------

    def switch_on(self, clock: datetime | None = None, *, record: bool = False) -> None:
        """Its console goes on in the same file.

        clock: what its own says now (UTC), None: as this machine's. record: `before` becomes a copy of the disk as it
        is, `log` all that is written to it from here on (`tests.image.recording`).
        """
        self._clock, self._records = clock, record
        if record:
            copy_disk(self.disk, self.before)
            self.log.write_bytes(b"")
        self.started = time.monotonic()
        if self._tpm:
            state = self.directory / "tpm"
            state.mkdir(exist_ok=True)
            self._start(
                *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--flags", "startup-clear"),
                *("--ctrl", f"type=unixio,path={state}/socket"),
                *("--log", f"file={self._tpm_log},level={_TPM_TELLS}"),
            )
            until((state / "socket").exists, "the TPM", limit=60)
        self._start(*self._command())
        until(self._control.exists, "QEMU", limit=60)

    def tpm_was_asked(self, command: int) -> int:
        """How often; command: its code (TCG, TPM 2.0 library, part 2, table TPM_CC). 0 where there is no TPM."""
        if not self._tpm:
            return 0
        head = rf"^ *80 0[12](?: [0-9A-F]{{2}}){{4}} 00 00 {command >> 8:02X} {command & 255:02X}"
        return len(re.findall(head, self._tpm_log.read_text(errors="replace"), re.MULTILINE))

    def cut_power(self) -> None:
        """Nobody is told; what the disk has taken is all that is left."""
        for process in self._processes:
            process.kill()
            process.wait(60)
        self._processes.clear()
        self._control.unlink(missing_ok=True)

    def plug_in(self, stick: Stick) -> None:
        """Into the running machine; it stays there over power cuts."""
        self._ask("blockdev-add", **_drive(stick))
        self._ask("device_add", **_socket(stick))
        self._sticks.append(stick)

    def pull_out(self, stick: Stick) -> None:
        """The drive's file is nobody's any more when this returns."""
        self._ask("device_del", id=_socket(stick)["id"])
        until(lambda: self._is_let_go(stick), "the stick is out", limit=120)
        self._sticks.remove(stick)

    def _is_let_go(self, stick: Stick) -> bool:
        # QEMU refuses it for as long as the device has not gone.
        try:
            self._ask("blockdev-del", **{"node-name": _drive(stick)["node-name"]})
        except RefusedError:
            return False
        return True

    def __enter__(self) -> Self:
        self.switch_on(self._clock)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut_power()

    # ---- looking at it --------------------------------------------------------------------------

    def said(self) -> str:
        """All that its serial console has said since it was first switched on."""
        return self.console.read_bytes().decode(errors="replace") if self.console.exists() else ""

    def await_word(self, word: str, times: int = 1, limit: float = 900.0) -> float:
        """Wait until its console has said `word` so often; returns seconds since it was switched on.

        Raises TimeoutError with the end of the console.
        """

        def there() -> bool:
            if self._processes and self._processes[-1].poll() is not None:
                raise RuntimeError(f"the machine is off; its console: {self.console}")
            return self.said().count(word) >= times

        self.await_condition(there, f"{word!r} on the console", limit)
        return time.monotonic() - self.started

    def await_condition(self, condition: Callable[[], object], what: str, limit: float = 900.0) -> None:
        """As `waiting.until`; a failure shows the end of the console."""
        try:
            until(condition, what, limit, pause=0.5)
        except TimeoutError as error:
            error.add_note(f"{self.console} ends:\n{self.said()[-4000:]}")
            raise

    def memory(self) -> dict[str, int]:
        """What the guest's kernel says of its memory, in bytes (virtio-balloon, QEMU's `guest-stats`)."""
        asked = time.time()
        self._ask("qom-set", path="/machine/peripheral/balloon", property="guest-stats-polling-interval", value=1)
        stats: dict[str, int] = {}

        def told() -> bool:
            answer = self._ask("qom-get", path="/machine/peripheral/balloon", property="guest-stats")
            stats.update(answer["stats"])
            # It tells once unasked, when it is in its initrd, and QEMU keeps that.
            return bool(answer["last-update"] > asked)

        self.await_condition(told, "figures of the guest's memory", limit=120)
        return stats

    def _ask(self, command: str, **arguments: Any) -> Any:
        """One command of QEMU's machine protocol (qemu-qmp-ref(7)). Raises RefusedError."""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(60)
            connection.connect(str(self._control))
            stream = connection.makefile("rw")
            stream.readline()
            for message in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                stream.write(json.dumps(message) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "event" in answer:
                    answer = json.loads(stream.readline())
            if "error" in answer:
                raise RefusedError(f"{command}: {answer['error']['desc']}")
            return answer["return"]

    # ---- how it is made -------------------------------------------------------------------------

    @property
    def _control(self) -> Path:
        return self.directory / "control"

    def _command(self) -> list[str]:
        macs = (addresses.ROUTER_WAN_MAC, addresses.ROUTER_LAN_MAC)
        command = [
            *("qemu-system-x86_64", "-accel", "tcg", "-machine", "q35,smm=on", "-cpu", "max", "-smp", "2"),
            *("-uuid", _UUID, "-m", f"{_MEMORY}M", "-nodefaults", "-no-user-config", "-display", "none"),
            *("-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1"),
            *("-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={_CODE}"),
            *("-drive", f"if=pflash,format=raw,unit=1,file={self.variables}"),
            *("-blockdev", json.dumps(self._own_disk())),
            # Requests that QEMU joins have as many pieces as writev(2) takes; the recording's header would be one more.
            *("-device", "virtio-blk-pci,drive=disk,bootindex=1,request-merging=off"),
            *("-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random"),
            *("-device", "i6300esb", "-action", "watchdog=reset"),
            *("-device", "virtio-balloon-pci,id=balloon", "-device", "qemu-xhci,id=usb"),
            *("-chardev", f"file,id=console,append=on,path={self.console}", "-serial", "chardev:console"),
            *("-qmp", f"unix:{self._control},server=on,wait=off"),
        ]
        if self._clock:
            command += ["-rtc", f"base={self._clock:%Y-%m-%dT%H:%M:%S}"]
        for number, (card, mac) in enumerate(zip(self._cards, macs, strict=False)):
            # No boot from the network, neither by the firmware nor by the card's own.
            command += ["-netdev", f"tap,id=net{number},fd={card}"]
            command += ["-device", f"virtio-net-pci,netdev=net{number},mac={mac},romfile="]
        for stick in self._sticks:
            command += ["-blockdev", json.dumps(_drive(stick)), "-device", json.dumps(_socket(stick))]
        for credential in self._credentials:
            command += ["-smbios", f"type=11,value={credential}"]
        if self._tpm:
            command += ["-chardev", f"socket,id=tpm,path={self.directory}/tpm/socket"]
            command += ["-tpmdev", "emulator,id=tpm,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm"]
        return command

    def _own_disk(self) -> dict[str, Any]:
        """In the words of ``blockdev-add``: what the guest flushes is on the disk, what it only writes may be."""
        file = {"driver": "file", "filename": str(self.disk), "discard": "unmap"}
        if not self._records:
            return {"driver": "raw", "node-name": "disk", "discard": "unmap", "file": file}
        log = {"driver": "file", "filename": str(self.log)}
        return {"driver": "blklogwrites", "node-name": "disk", "discard": "unmap", "file": file, "log": log}

    def _start(self, *command: str) -> None:
        with (self.directory / f"{command[0]}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    # Whatever ends this process ends the machine with it.
                    ["setpriv", "--pdeathsig", "KILL", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=[*self._cards],
                    start_new_session=True,
                )
            )


def copy_disk(source: Path, copy: Path) -> None:
    """With its holes."""
    subprocess.run(["cp", "--sparse=always", source, copy], check=True, timeout=300)


def _drive(stick: Stick) -> dict[str, Any]:
    """In the words of ``blockdev-add``."""
    return {"driver": "raw", "node-name": stick.image.stem, "file": {"driver": "file", "filename": str(stick.image)}}


def _socket(stick: Stick) -> dict[str, Any]:
    """In the words of ``device_add``."""
    name = stick.image.stem
    return {"driver": "usb-storage", "id": f"{name}-stick", "drive": name, "bus": "usb.0", "removable": True}
