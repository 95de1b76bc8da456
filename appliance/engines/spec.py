"""What one daemon is: its command, its files, its rights, and how it takes new settings."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

from appliance.text import Text


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that the daemon reads, and that is ours.

    read_again: the daemon reads it again when asked; False for
    a file that it reads only at its start, so that a change needs a restart.
    """

    path: Path
    content: str = field(repr=False)
    mode: int = 0o644
    read_again: bool = True

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory that must be there before the daemon starts; owner: user name, None for root. group: user whose
    primary group it is; None: the owner's. With the set-group-ID bit in its mode, what is made in it has its group."""

    path: Path
    mode: int = 0o755
    owner: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class BySignal:
    """The daemon reads its files again at this signal."""

    signal: Signals


@dataclass(frozen=True, slots=True)
class ByCommand:
    """The daemon reads its files again when `argv` has run; an exit status other than 0 is a refusal.

    socket: where the daemon takes commands once it is up.
    """

    argv: tuple[str, ...]
    socket: Path


@dataclass(frozen=True, slots=True)
class ByRestart:
    """The daemon cannot read its files again."""


Reload = BySignal | ByCommand | ByRestart


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One daemon that we run in the foreground and in a session of its own.

    name: stable, file-name safe. title: what to call it before people. argv: program (looked up
    in the path) and arguments, never a secret. user: who it is from its first instruction, None for root.
    capabilities: what that user keeps of root's rights (capabilities(7), as setpriv(1) spells them). insists_on_root:
    its program ends unless it believes that it is root; its unit has the kernel tell it so, and where there is no
    systemd it is. resolvers: a resolv.conf(5) that it sees instead of the machine's. leavings: what it makes and what
    means nothing once it is stopped; removed then. is_prompt: it goes before everybody else who wants the processor
    (sched(7), SCHED_RR), where the machine allows that. line: the line that it serves, with which its name then ends,
    where each has one of its own.
    """

    name: str
    title: Text
    argv: tuple[str, ...]
    files: tuple[ConfigFile, ...] = ()
    directories: tuple[Directory, ...] = ()
    user: str | None = None
    capabilities: tuple[str, ...] = ()
    insists_on_root: bool = False
    resolvers: Path | None = None
    reload: Reload = ByRestart()
    leavings: tuple[Path, ...] = ()
    is_prompt: bool = False
    line: str = ""

    @property
    def digest(self) -> str:
        """Of all that only a restart can change, the files apart."""
        leavings = [str(path) for path in self.leavings]
        return hashlib.sha256(
            json.dumps([self.argv, self.user, self.capabilities, str(self.resolvers), leavings]).encode()
        ).hexdigest()

    @property
    def unit(self) -> str:
        """What systemd calls it, without the ending ``.service``."""
        kind = self.name.removesuffix(f"-{self.line}")
        return f"sekisho-engine-{kind}@{self.line}" if self.line else f"sekisho-engine-{kind}"

    @property
    def file_digests(self) -> dict[str, str]:
        """By path."""
        return {str(file.path): file.digest for file in self.files}
