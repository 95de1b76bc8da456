"""The router under test: Sekisho on its machine, started as its init would start it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.control.client import Client
from appliance.errors import SekishoError
from tests.lab import addresses
from tests.lab.desk import Account
from tests.lab.filesystem import PROJECT
from tests.lab.lines import AccessLine
from tests.lab.lines.upper import UpperRouter
from tests.lab.machine import Machine
from tests.lab.waiting import until

_IMAGE_FILES = PROJECT / "firmware-image" / "files"
_USB_STICK = Path("/run/media/usb")

_CLINIC = f"""\
[lan]
interface = "lan0"
address = "{addresses.ROUTER_LAN}"
name = "sekisho"

[lan.dhcp]
first = "{addresses.DHCP_FIRST}"
last = "{addresses.DHCP_LAST}"
lease_hours = 12

[[terminals]]
name = "reception"
label = "受付"
mac = "{addresses.TERMINALS["reception"].mac}"
address = "{addresses.TERMINALS["reception"].address.ip}"

[[terminals]]
name = "doctor"
label = "診察室"
mac = "{addresses.TERMINALS["doctor"].mac}"
address = "{addresses.TERMINALS["doctor"].address.ip}"

[vendor]
name = "見本商会"
phone = "03-0000-0000"
"""


def site(lines: Sequence[AccessLine]) -> str:
    """The settings of a clinic with these lines, as the vendor writes them."""
    tables = (f'[{line.place.table}]\ninterface = "{line.place.port}"\n{line.settings}\n' for line in lines)
    return f'language = "ja"\n\n{"".join(tables)}{_CLINIC}'


SITE = site([UpperRouter()])


def first_password(label: str) -> str:
    """What ``sekisho access first-password`` has printed for the label."""
    return next(line for line in label.splitlines() if re.fullmatch(r"[\w-]{16,}", line, re.ASCII))


class Router:
    """The machine `router` with Sekisho installed and not yet started."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._daemon: subprocess.Popen[str] | None = None
        machine.run("systemd-sysusers", _IMAGE_FILES / "usr/lib/sysusers.d/sekisho.conf")
        # What sekisho-closed.service does before the network comes up.
        machine.run("nft", "-f", _IMAGE_FILES / "usr/share/sekisho/closed.nft")

    def sekisho(
        self, *arguments: str | Path, input: str | None = None, timeout: float = 60.0, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run the command ``sekisho`` on the router as root. timeout in seconds."""
        return self.machine.run("sekisho", *arguments, input=input, timeout=timeout, check=check)

    def ask(self, method: str) -> Any:
        """What the daemon answers root by its API: for who looks again and again, and cannot start a command each time.

        Raises SekishoError.
        """
        return self.machine.inside(lambda: Client().call(method))

    def configure(self, desk_keys: str, site: str) -> None:
        """Write what the factory (desk keys) and the vendor (settings) put on the router."""
        self.machine.write("/etc/sekisho/desk-keys.json", desk_keys)
        self.machine.write("/etc/sekisho/site.toml", site, 0o600)

    def tell_ports(self) -> None:
        """Write what the factory does on a router that it sends out, with the lab's range for a fresh one."""
        self.machine.write(
            "/etc/sekisho/ports.toml",
            f'lan = "lan0"\naddress = "{addresses.FRESH_LAN}"\n'
            f'dhcp_first = "{addresses.FRESH_FIRST}"\ndhcp_last = "{addresses.FRESH_LAST}"\n',
        )

    def run(self) -> None:
        """Start the daemon, as sekisho.service does, and wait until its API answers."""
        self._daemon = self.machine.popen("sh", "-c", "umask 077; exec sekisho run", log=self.log)
        until(self._answers, f"the API of sekisho (see {self.log})", limit=60)

    @property
    def log(self) -> Path:
        return self.machine.log_dir / "sekisho.log"

    def words(self) -> str:
        """What the daemon has said."""
        return self.log.read_text() if self.log.exists() else ""

    def _answers(self) -> bool:
        if self._daemon is not None and self._daemon.poll() is not None:
            raise RuntimeError(f"sekisho run ended with {self._daemon.returncode}: see {self.log}")
        try:
            self.ask("status")
        except SekishoError:
            return False
        return True

    def import_account(self, account: Account, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``sekisho account import`` from a USB stick, the code typed in."""
        file = _USB_STICK / account.file.name
        self.machine.write(file, account.file.read_bytes())
        return self.sekisho("account", "import", file, input=f"{account.code}\n", check=check)

    def plug_in_stick(self, account: Account) -> None:
        """A USB stick with the account, where udev's rule mounts it."""
        self.machine.write(paths.STICKS / "sda1" / account.file.name, account.file.read_bytes(), 0o700)

    def import_trust(self, signed: bytes, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``sekisho trust import`` from a USB stick."""
        file = _USB_STICK / "list.jws"
        self.machine.write(file, signed)
        return self.sekisho("trust", "import", file, check=check)

    def log_in(self, line: str, password: str) -> None:
        """``sekisho line password``, the password typed in. line: its table in site.toml."""
        self.sekisho("line", "password", line, input=f"{password}\n", timeout=90)

    def apply(self) -> None:
        """``sekisho apply``."""
        self.sekisho("apply", timeout=120)

    def try_out(self, seconds: int, *arguments: str) -> str:
        """``sekisho site apply --confirm-within`` (or what `arguments` say instead of ``apply``); returns its word."""
        command = arguments or ("apply",)
        answer = self.sekisho("site", *command, "--confirm-within", str(seconds), "--json", timeout=120)
        return str(json.loads(answer.stdout)["token"])

    def confirm(self, token: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``sekisho site confirm``, the word typed in."""
        return self.sekisho("site", "confirm", input=f"{token}\n", check=check)

    def stop(self) -> None:
        """End the daemon politely, as init does (KillMode=process: what carries traffic stays)."""
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(30)

    def await_end(self) -> None:
        """Until the daemon has ended by itself; on a router systemd starts the next one at once."""
        if self._daemon is not None:
            self._daemon.wait(60)

    def kill(self) -> None:
        """SIGKILL the daemon; what carries traffic stays."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait(30)
