"""A machine of the world: processes with a network, a disk, a process table and a name of their own.

One thread of this process enters fresh namespaces (unshare(2)) and stays there; whatever it
creates, processes and sockets, belongs to the machine. The machine's first process reads a
pipe whose other end only this process holds: however this process ends, the pipe closes, the
first process ends, and the kernel ends all others with it (pid_namespaces(7)). Nothing has a
name outside, so worlds can stand side by side and nothing can be left behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import socket as sockets
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

from tests.lab import filesystem

Result = TypeVar("Result")

# From linux/sched.h; os.unshare exists only since Python 3.12.
_CLONE_FS = 0x00000200
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUTS = 0x04000000
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWPID = 0x20000000
_CLONE_NEWNET = 0x40000000
_OWN_NAMESPACES = _CLONE_FS | _CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC | _CLONE_NEWPID | _CLONE_NEWNET

# The first process ignores SIGCHLD, so the kernel itself buries the orphans that it inherits.
# From linux/prctl.h and linux/capability.h.
_PR_CAPBSET_DROP = 24
_CAP_SYS_TIME = 25

_FIRST_PROCESS = """\
set -e
mount --make-rprivate /
mount --all --fstab "$1"
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec,ro sysfs /sys
hostname "$2"
shift 2
for place in / "$@"; do mount -o remount,bind,ro "$place"; done
ip link set lo up
echo ready
exec env --ignore-signal=CHLD cat >/dev/null
"""


class Machine:
    """A running machine. `directory` (created) holds its disk and logs and belongs to the caller.

    owns_clock: it may set the clock, which is that of the whole kernel; only where that kernel is the test's own.
    former: the directory of a machine that has lost its power; this is the same one, switched on again.

    Raises OSError without root, subprocess.CalledProcessError when its disk cannot be put together.
    """

    def __init__(self, name: str, directory: Path, owns_clock: bool = False, former: Path | None = None) -> None:
        self.name = name
        self._owns_clock = owns_clock
        self.log_dir = directory / "log"
        self.log_dir.mkdir(parents=True)
        fstab = directory / "fstab"
        fstab.write_text(filesystem.prepare(name, directory / "disk"))
        if former is not None:
            filesystem.take_over(former / "disk", directory / "disk")
        self.directory = directory
        self.environment = {
            "PATH": f"{sys.prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._children: list[subprocess.Popen[str]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        # Opened out here: a file open for writing in there would keep the root from becoming read-only.
        with (self.log_dir / "first.log").open("wb") as log:
            self._first = self.inside(lambda: self._start(fstab, log.fileno()))
        self.pid = self._first.pid
        """The machine's first process, as seen from outside."""
        assert self._first.stdout is not None
        if self._first.stdout.readline() != "ready\n":
            self.close()
            error = subprocess.CalledProcessError(self._first.returncode, f"start of machine {name}")
            error.add_note((self.log_dir / "first.log").read_text())
            raise error

    def _start(self, fstab: Path, log: int) -> subprocess.Popen[str]:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_OWN_NAMESPACES) != 0:
            raise OSError(ctypes.get_errno(), f"unshare for machine {self.name}: it needs root")
        # All machines show the clock of the kernel below them; it belongs to whoever works there.
        if not self._owns_clock and libc.prctl(_PR_CAPBSET_DROP, _CAP_SYS_TIME) != 0:
            raise OSError(ctypes.get_errno(), f"prctl for machine {self.name}")
        return subprocess.Popen(
            ["sh", "-c", _FIRST_PROCESS, "sh", fstab, self.name, *filesystem.other_mounts()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=self.environment,
            start_new_session=True,
        )

    # ---- what happens inside ------------------------------------------------------------------

    def inside(self, function: Callable[[], Result]) -> Result:
        """Call `function` in the machine's network and file system. It must be quick and start no thread."""
        return self._thread.submit(function).result()

    def socket(self, family: int = sockets.AF_INET, kind: int = sockets.SOCK_STREAM) -> sockets.socket:
        """A socket on the machine's network, for use by any thread of this process."""
        return self.inside(lambda: sockets.socket(family, kind))

    def connect(self, address: str, port: int, timeout: float | None = 10.0) -> sockets.socket:
        """A TCP connection from this machine to a literal IPv4 address. timeout in seconds, kept on the socket."""
        connection = self.socket()
        try:
            connection.settimeout(timeout)
            connection.connect((address, port))
        except BaseException:
            connection.close()
            raise
        return connection

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: int | IO[bytes] | None = subprocess.DEVNULL,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        cwd: Path | str = "/",
    ) -> subprocess.Popen[str]:
        """Start a process of the machine, in a session of its own."""

        def start() -> subprocess.Popen[str]:
            process = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                text=True,
                cwd=cwd,
                env={**self.environment, **(environment or {})},
                user=user,
                # Looked up in the machine's own /etc/passwd: we are inside.
                group=None if user is None else pwd.getpwnam(user).pw_gid,
                extra_groups=None if user is None else [],
                start_new_session=True,
            )
            self._children = [child for child in self._children if child.returncode is None]
            self._children.append(process)
            return process

        return self.inside(start)

    def popen(
        self,
        *argv: str | Path,
        log: Path | None = None,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        cwd: Path | str = "/",
    ) -> subprocess.Popen[str]:
        """Start a daemon; its output is appended to `log` (default: in `log_dir`, named for the program)."""
        path = log or self.log_dir / f"{Path(argv[0]).name}.log"
        with path.open("ab") as stream:
            return self.start(
                argv, stdout=stream, stderr=subprocess.STDOUT, user=user, environment=environment, cwd=cwd
            )

    def run(
        self,
        *argv: str | Path,
        input: str | None = None,
        timeout: float = 20.0,
        check: bool = True,
        user: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, as subprocess.run does; a failure's exception carries what it said."""
        stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
        process = self.start(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=user)
        try:
            stdout, stderr = process.communicate(input, timeout)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        completed = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
        if check and completed.returncode != 0:
            error = subprocess.CalledProcessError(completed.returncode, completed.args, stdout, stderr)
            error.add_note(f"on machine {self.name}:\n{stdout}{stderr}")
            raise error
        return completed

    def ip(self, commands: str) -> None:
        """Give ip(8) a batch of commands, one a line."""
        self.run("ip", "-batch", "-", input=commands)

    def sysctl(self, **values: int | str) -> None:
        """Set kernel parameters; `__` stands for a dot: ``net__ipv4__ip_forward=1``."""
        for name, value in values.items():
            self.write(Path("/proc/sys", *name.split("__")), f"{value}\n")

    def write(self, path: Path | str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file as the machine sees its disk."""

        def write() -> None:
            target = Path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
            if not target.is_relative_to("/proc"):
                target.chmod(mode)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

        self.inside(write)

    def read(self, path: Path | str) -> str:
        """The text of a file as the machine sees its disk."""
        return self.inside(Path(path).read_text)

    # ---- the end ------------------------------------------------------------------------------

    def close(self) -> None:
        """Cut the power: no process of the machine survives, nothing is asked. Calling it twice is fine."""
        self._first.kill()
        # The first process cannot be buried before everybody in its namespace has been, ours included.
        for child in self._children:
            child.wait(20)
        self._first.wait(20)
        for stream in (self._first.stdin, self._first.stdout):
            if stream is not None:
                stream.close()
        self._thread.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
