"""What a machine of the world sees as its disk.

The host's root, read-only, with private /etc, /var, /tmp, /run, /root and /home laid over it.
/etc and /var are real folders on the host's disk (systemd-creds keeps its key only on a file
system that survives a reboot), so the lab's folder must not be on a tmpfs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

_COPIED_FROM_HOST = ("ld.so.cache", "nsswitch.conf", "protocols", "services", "dhcpcd.conf", "localtime")
_SHOWN_FROM_HOST = ("alternatives", "iproute2", "ssl")
"""Folders of the host's /etc, shown read-only: Debian's `awk` or OpenSSL need them."""

_USERS = {"dnsmasq": 901, "bird": 902, "tcpdump": 905, "_chrony": 906}
"""Users that Debian's packages would have made for the daemons that run in the world; dhcpcd's is none of them, as in
the firmware (docs/sandbox.md)."""

_MOUNT_POINTS = ("etc", "var", "tmp", "run", "root", "home")


_SHOWN = sorted({PROJECT, Path(sys.prefix), Path(sys.base_prefix)})
"""Folders of the host that its machines need at the same paths."""


def temporary_directory() -> tempfile.TemporaryDirectory[str]:
    """A folder for a world, removed at the end of the ``with`` block, on a disk: /tmp is a tmpfs on Debian 13."""
    return tempfile.TemporaryDirectory(prefix="sekisho-lab-", dir="/var/tmp")


def prepare(name: str, directory: Path) -> str:
    """Lay out the private folders of machine `name` in `directory`; return its fstab (fstab(5)).

    The table's lines must be mounted in order: everything is put together under `directory`
    first and then moved over the host's tree, so that nothing needed is covered too early.
    """
    directory = directory.resolve()
    for point in _MOUNT_POINTS:
        (directory / point).mkdir(parents=True)
    (directory / "tmp").chmod(0o1777)
    (directory / "root").chmod(0o711)
    _prepare_var(directory / "var")
    _prepare_etc(name, directory / "etc")
    lines = [f"tmpfs {directory}/run tmpfs mode=0755,size=64m"]
    for folder in _SHOWN_FROM_HOST:
        if (Path("/etc") / folder).is_dir():
            (directory / "etc" / folder).mkdir()
            lines.append(f"/etc/{folder} {directory}/etc/{folder} none bind,ro")
    for shown in _SHOWN:
        # A project or a Python environment below /tmp, say, would vanish under the private folder; and
        # below somebody's home the users of our daemons could not get at it.
        if shown.parts[1] in _MOUNT_POINTS:
            lines.append(f"{shown} {directory}{shown} none bind,ro,X-mount.mkdir")
    # `directory` itself lies below one of them: that one is covered last.
    last_one_last = sorted(_MOUNT_POINTS, key=lambda point: point == directory.parts[1])
    lines += [f"{directory}/{point} /{point} none rbind" for point in last_one_last]
    return "\n".join(lines) + "\n"


def other_mounts() -> list[Path]:
    """Of what a machine needs, the mounts that do not become read-only with its root."""
    return [shown for shown in _SHOWN if shown.is_mount() and shown.parts[1] not in _MOUNT_POINTS]


def take_over(former: Path, directory: Path) -> None:
    """Bring what survives a power cut from one machine's disk to that of the next."""
    for point in ("etc", "var"):
        subprocess.run(["cp", "--archive", former / point, directory], check=True, timeout=60)


def _prepare_var(var: Path) -> None:
    for folder in ("cache", "lib/dhcpcd", "lib/misc", "lib/systemd", "log", "spool", "tmp"):
        (var / folder).mkdir(parents=True)
    (var / "tmp").chmod(0o1777)
    (var / "run").symlink_to("/run")
    (var / "lock").symlink_to("/run/lock")


def _prepare_etc(name: str, etc: Path) -> None:
    for file in _COPIED_FROM_HOST:
        source = Path("/etc") / file
        if source.exists():
            shutil.copyfile(source, etc / file)
    passwd = ["root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"]
    group = ["root:x:0:", "tty:x:5:", "dip:x:30:", "shadow:x:42:", "nogroup:x:65534:"]
    for user, number in _USERS.items():
        passwd.append(f"{user}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin")
        group.append(f"{user}:x:{number}:")
    contents = {
        "hostname": name,
        "hosts": f"127.0.0.1 localhost\n127.0.1.1 {name}",
        "resolv.conf": "# written by the DHCP client",
        # systemd-creds binds what it seals to the machine; any fixed 128 bits will do.
        "machine-id": name.encode().hex().ljust(32, "0")[:32],
        "passwd": "\n".join(passwd),
        "group": "\n".join(group),
        "shadow": "root:*:::::::",
    }
    for file, text in contents.items():
        (etc / file).write_text(text + "\n")
    (etc / "shadow").chmod(0o600)
