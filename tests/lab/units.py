"""The router under test as it is on a machine of its own: systemd is its init, and starts Sekisho by its units."""

from __future__ import annotations

import shutil
import subprocess

from tests.lab.filesystem import PROJECT
from tests.lab.router import Router
from tests.lab.waiting import until

_FILES = PROJECT / "firmware-image" / "files"

# A process namespace within the machine's, since whoever is systemd is number 1. What the image brings is laid over
# the machine's disk; its /etc, /var and /run are the machine's own.
_INIT = """\
set -e
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
mkdir -p /tmp/bin
ln -s "$1" /tmp/bin/sekisho
mount -t overlay -o "lowerdir=/tmp/bin:/usr/bin" overlay /usr/bin
mount -t overlay -o "lowerdir=$2/usr/lib:/usr/lib" overlay /usr/lib
mount -t overlay -o "lowerdir=$2/usr/share:/usr/share" overlay /usr/share
exec env -i container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \\
    /usr/lib/systemd/systemd --unit=sekisho.service --log-target=journal --show-status=no
"""


class RouterWithUnits(Router):
    """Where `Router` starts the daemon by hand, here systemd does, for as long as the machine has power."""

    _init: subprocess.Popen[str] | None = None

    def run(self) -> None:
        """Let systemd boot the router, or start Sekisho again after `stop`; wait until its API answers."""
        if self._init is None:
            program = shutil.which("sekisho", path=self.machine.environment["PATH"])
            self._init = self.machine.popen(
                *("unshare", "--pid", "--cgroup", "--mount", "--fork", "--kill-child"),
                *("sh", "-c", _INIT, "sh", str(program), _FILES),
                log=self.machine.log_dir / "systemd.log",
            )
        else:
            self.systemctl("start", "sekisho.service")
        self.await_answer()

    def await_answer(self) -> None:
        """Until the daemon's API answers, after whatever has happened to it."""
        until(self._answers, f"the API of sekisho (see {self.machine.log_dir})", limit=180)

    def words(self) -> str:
        """The journal."""
        return self.machine.run("journalctl", "--no-pager", "--quiet", check=False).stdout

    def stop(self) -> None:
        """``systemctl stop``."""
        self.systemctl("stop", "sekisho.service")

    def kill(self) -> None:
        """SIGKILL the daemon; systemd starts it again."""
        self.systemctl("kill", "--signal=KILL", "--kill-whom=main", "sekisho.service")

    def systemctl(self, *arguments: str, check: bool = True) -> str:
        """systemctl(1) on the router."""
        return self._beside_init("systemctl", *arguments, check=check)

    def property_of(self, unit: str, name: str) -> str:
        """One property of a unit, as ``systemctl show`` tells it."""
        return self.systemctl("show", "--value", f"--property={name}", unit).strip()

    def status_of(self, unit: str) -> dict[str, str]:
        """proc_pid_status(5) of a unit's main process, by field."""
        lines = self._beside_init("cat", f"/proc/{self.property_of(unit, 'MainPID')}/status").splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def _beside_init(self, *argv: str, check: bool = True) -> str:
        # systemd hears nobody whose process it cannot see.
        init = self.machine.run("pgrep", "--oldest", "--exact", "systemd").stdout.strip()
        where = (
            "nsenter",
            f"--target={init}",
            "--mount",
            "--pid",
            "--root",
            "--wd",
            "--",
            "env",
            "SYSTEMD_IGNORE_CHROOT=1",
        )
        return self.machine.run(*where, *argv, timeout=120, check=check).stdout
