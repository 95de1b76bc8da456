"""The daemon dies, or the power goes, between any two steps of a change: one of the two versions is left, whole.

The real kernel, the real files, the real sealing; the steps are the durable writes and the kernel's changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from appliance import files, paths
from appliance.account.model import Account
from appliance.account.seal import SystemdCreds
from appliance.control import apart, holdings, in_force, opening
from appliance.control.changing import By, Changer
from appliance.control.in_force import InForce
from appliance.control.ready import Ready, Wanted
from appliance.errors import SekishoError
from appliance.intent import names
from appliance.kernel import apply as kernel
from appliance.kernel import memory as kernel_memory
from appliance.kernel.apply import Memory
from appliance.kernel.changes import Change
from appliance.site import history, trial_file
from appliance.site.trial import Seen, Trial
from appliance.text import Text
from tests.builders import lab_account, lab_tunnel

ROOT = Path(__file__).parents[3]
CLOSED = ROOT / "firmware-image/files/usr/share/sekisho/closed.nft"
SITE = """\
[wan]
kind = "static"
interface = "wan0"
address = "192.0.2.66/28"
gateway = "192.0.2.65"
dns = ["198.51.100.53"]

[lan]
interface = "lan0"
address = "192.0.2.1/26"

[[terminals]]
name = "reception"
label = "受付"
mac = "02:00:00:00:02:10"
address = "192.0.2.10"
"""
MOVED = SITE.replace("192.0.2.1/26", "192.0.2.129/26").replace("192.0.2.10", "192.0.2.138")
OPERATOR = By("operator", 0)


class Cut(BaseException):
    """Stands for a power cut or kill -9: nobody handles it."""


class Fuse:
    """Lets so many steps happen, then cuts: before a step, or right after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        monkeypatch.setattr(kernel, "_do", self._counted(kernel._do))
        for module in (in_force, history, trial_file, kernel_memory):
            monkeypatch.setattr(module, "write_atomically", self._counted(files.write_atomically))
        for module in (history, trial_file):
            monkeypatch.setattr(module, "remove_durably", self._counted(files.remove_durably))

    def _counted(self, step: Callable[..., None]) -> Callable[..., None]:
        def run(*arguments: Any) -> None:
            self._burn()
            step(*arguments)
            self._burn()

        return run

    def _burn(self) -> None:
        if self.left is not None:
            if self.left == 0:
                self.left = None
                raise Cut
            self.left -= 1


class Daemon:
    """As much of one as a change needs: what it brings into the kernel is real, and its lights are green."""

    def __init__(self) -> None:
        self._memory = Memory.load()
        self.ready: Ready | None = None
        self.trial: Trial | None = None
        self.changer = Changer(self._start, lambda: self.ready, self._lights, self._told, self._start_fresh)

    async def _start(self, ready: Ready) -> list[Change]:
        changes = await asyncio.to_thread(kernel.apply, ready.intent, self._memory)
        self.ready = ready
        return changes

    async def _start_fresh(self) -> bool:
        """Nobody has said which of this machine's ports is which."""
        return False

    def _lights(self) -> Mapping[str, Seen]:
        return {"line": Seen(True, Text("", ""))}

    def _told(self, trial: Trial | None) -> None:
        self.trial = trial

    async def begin(self) -> None:
        """As a daemon begins."""
        await self.changer.recover()
        if self.ready is None:
            before = holdings.resumed()
            assert before is not None
            await self._start(before)


@pytest.fixture(scope="module")
def account() -> Account:
    return lab_account(tunnels=[lab_tunnel(1, endpoint_host="198.51.100.11")])


@pytest.fixture
def on_a_disk() -> Iterator[str]:
    """systemd-creds keeps its key only where it would survive a reboot."""
    with tempfile.TemporaryDirectory(prefix="sekisho-credentials-", dir="/var/tmp") as directory:
        yield directory


@pytest.fixture
def versions(account: Account, on_a_disk: str) -> tuple[Wanted, Wanted]:
    """Before and after; the first is in force."""
    # nft takes the names of the table's users from the machine that loads it.
    passwd = Path("/etc/passwd").read_text()
    for number, user in enumerate((names.GATE_USER, names.PAGE_USER, names.TIME_USER), 990):
        passwd += f"{user}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
    Path("/run/passwd").write_text(passwd)
    for command in (
        "mount --bind /run/passwd /etc/passwd",
        "ip link add lan0 type veth peer name l1 && ip link add wan0 type veth peer name w1",
        f"mkdir /var/lib/systemd && mount --bind {on_a_disk} /var/lib/systemd",
    ):
        subprocess.run(["sh", "-c", command], check=True, timeout=20)
    payload = json.dumps(account.model_dump(), default=_as_json).encode()
    sealed = json.dumps(
        {
            "clinic": account.clinic.id,
            "serial": account.serial,
            "sha256": hashlib.sha256(payload).hexdigest(),
            "sealed": SystemdCreds().seal(payload),
        }
    )
    return holdings.opened(InForce(sealed, SITE)), holdings.opened(InForce(sealed, MOVED))


def _as_json(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


async def confirmed(daemon: Daemon, after: Wanted) -> None:
    begun = await daemon.changer.try_out(after, 30, OPERATOR)
    while daemon.trial is not None and daemon.trial.phase == "checking":
        await daemon.changer.look()
    await daemon.changer.confirm(begun.token)


async def given_up(daemon: Daemon, after: Wanted) -> None:
    await daemon.changer.try_out(after, 30, OPERATOR)
    await daemon.changer.cancel()


async def at_once(daemon: Daemon, after: Wanted) -> None:
    await daemon.changer.apply(after, OPERATOR)


STORIES = (confirmed, given_up, at_once)


@pytest.mark.isolated
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
@pytest.mark.parametrize("power", [False, True], ids=["daemon", "power"])
def test_a_cut_anywhere_leaves_one_version_whole(
    story: Callable[..., Any], power: bool, versions: tuple[Wanted, Wanted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.site.trial.STEADY_SECONDS", 0.0)
    # Hundreds of openings: the process of their own that they are done in is tried elsewhere.
    monkeypatch.setattr(apart, "call", lambda _, function, *arguments: getattr(opening, function)(*arguments))
    fuse = Fuse(monkeypatch)
    # The first one also makes what later ones find.
    _steps(fuse, story, versions)
    steps = _steps(fuse, story, versions)
    assert steps >= 16
    for step in range(0, steps, 3 if power else 2):
        daemon = _standing(versions[0])
        fuse.left = step
        with pytest.raises(Cut):
            asyncio.run(story(daemon, versions[1]))
        _is_closed()
        if power:
            _lose_power()
        successor = Daemon()
        asyncio.run(successor.begin())
        _is_one_of(versions, successor, step)
        if successor.trial is not None:
            assert not power, step
            asyncio.run(successor.changer.cancel())
            assert in_force.read() == versions[0].kept, step
            _is_one_of(versions, successor, step)
        ended = [version.ending for version in successor.changer.history.versions()]
        assert None not in ended, step


def _steps(fuse: Fuse, story: Callable[..., Any], versions: tuple[Wanted, Wanted]) -> int:
    daemon = _standing(versions[0])
    fuse.left = 100_000
    asyncio.run(story(daemon, versions[1]))
    used, fuse.left = 100_000 - fuse.left, None
    return used


def _standing(before: Wanted) -> Daemon:
    """A daemon at work, `before` in force and in the kernel."""
    in_force.write(before.kept)
    trial_file.remove()
    daemon = Daemon()
    asyncio.run(daemon.begin())
    return daemon


def _is_one_of(versions: tuple[Wanted, Wanted], daemon: Daemon, step: int) -> None:
    """What the daemon stands for is in the kernel, to the last item, and what a restart would go back to is whole."""
    kept = in_force.read()
    assert kept in [version.kept for version in versions], step
    standing = next(version for version in versions if version.ready == daemon.ready)
    assert daemon.trial is not None or standing.kept == kept, step
    assert kernel.plan(standing.ready.intent, Memory.load()) == [], step


def _is_closed() -> None:
    """At whatever moment: nothing that is not allowed by name passes."""
    listed = subprocess.run(
        ["nft", "list", "chain", "inet", "sekisho", "forward"], check=True, capture_output=True, text=True, timeout=20
    ).stdout
    assert "policy drop" in listed


def _lose_power() -> None:
    """The kernel forgets everything, /run too, and boots with the closed table."""
    kernel.remove(Memory.load())
    subprocess.run(["sh", "-c", f"rm -rf {paths.RUN}/*; nft -f {CLOSED}"], check=True, timeout=20)


@pytest.mark.isolated
def test_what_could_not_come_back_is_not_tried(versions: tuple[Wanted, Wanted]) -> None:
    before, after = versions
    daemon = Daemon()
    with pytest.raises(SekishoError) as nothing:
        asyncio.run(daemon.changer.try_out(after, 30, OPERATOR))
    assert nothing.value.code == "undo.nothing-in-force"
    asyncio.run(daemon.changer.apply(before, OPERATOR))
    assert asyncio.run(daemon.changer.try_out(before, 30, OPERATOR)).version is None
    # Sealed on another machine.
    in_force.write(InForce(before.kept.account.replace('"sealed": "', '"sealed": "AAAA'), SITE))
    with pytest.raises(SekishoError) as sealed:
        asyncio.run(daemon.changer.try_out(after, 30, OPERATOR))
    assert sealed.value.code == "account.cannot-unseal"
    assert trial_file.read() is None
    assert len(daemon.changer.history.versions()) == 1
