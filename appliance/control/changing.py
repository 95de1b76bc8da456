"""Brings settings into force, at once or on trial: the shell around `site.trial`, and the keeper of the history.

Every step is durable before the next begins. `in_force` alone says what a restart goes back to, and it is
written once the kernel is as wanted: wherever a crash or a power cut falls, one of the two versions is whole.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from appliance.account import kept
from appliance.control import holdings, in_force, ready_to_begin, undo
from appliance.control.clock import boottime, this_boot
from appliance.control.in_force import InForce
from appliance.control.ready import Ready, Wanted
from appliance.errors import SekishoError
from appliance.kernel.changes import Change
from appliance.site import trial as trials
from appliance.site import trial_file
from appliance.site.history import History, Version
from appliance.site.trial import Ending, Seen, Trial, Trials
from appliance.text import Text

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that looks like another."""
_INTERRUPTED = Text("反映の途中で止まりました。", "it was interrupted.")
_DOWN = Text("関所を止めたので、試すのもやめました。", "Sekisho was taken down, and the trial with it.")
_CANCELLED = Text("取りやめました。", "it was given up.")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class By:
    """Who asks for a change. name: of the log-in, empty on the console."""

    role: str
    uid: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """token: only here, and only for whoever began the trial. version None: there was nothing to try."""

    changes: list[Change]
    version: int | None = None
    token: str = ""
    seconds: float = 0.0


class Changer:
    """start: brings something into the kernel and looks after it. current: what `start` brought there last.

    lights: by name, as seen since then. told: hears of the trial whenever it has changed. One change at a time:
    whoever else starts or stops the router holds `lock`. start_fresh: makes it what it is before anybody has set it
    up, unless it is that already; False where it cannot be.
    """

    def __init__(
        self,
        start: Callable[[Ready], Awaitable[list[Change]]],
        current: Callable[[], Ready | None],
        lights: Callable[[], Mapping[str, Seen]],
        told: Callable[[Trial | None], None],
        start_fresh: Callable[[], Awaitable[bool]],
    ) -> None:
        self.lock = asyncio.Lock()
        self._start = start
        self._current = current
        self._lights = lights
        self._told = told
        self._start_fresh = start_fresh
        self._trials = Trials()
        self.history = History()
        self._changes: list[Change] = []
        self._failure: SekishoError | None = None

    # ---- what people ask for ---------------------------------------------------------------------------

    async def apply(self, wanted: Wanted, by: By, copy_of: int | None = None) -> list[Change]:
        """Bring into force and remember for the next start. If it fails, what was in force before is put back."""
        async with self.lock:
            self._trials.refuse_another()
            before = self._current()
            await asyncio.to_thread(ready_to_begin.refuse_what_is_missing, before, wanted.ready)
            if copy_of is not None and before is not None:
                undo.refuse_older_account(before, wanted.ready)
            version = None if wanted.kept == await self._in_force() else await self._begin(wanted, by, copy_of, False)
            try:
                changes = await self._start(wanted.ready)
            except SekishoError as error:
                await (self._start_fresh() if before is None else self._start(before))
                if version is not None:
                    await self._end(version.number, Ending.FAILED, error.text)
                raise
            await asyncio.to_thread(in_force.write, wanted.kept)
            if version is not None:
                await self._end(version.number, Ending.APPLIED)
            return changes

    async def try_out(self, wanted: Wanted, seconds: float, by: By, copy_of: int | None = None) -> Begun:
        """Bring into the kernel until somebody confirms; after `seconds` without that, what is in force comes back.

        Raises SekishoError for what could not be taken back, and when it could not be brought into the kernel.
        """
        async with self.lock:
            self._trials.refuse_another()
            kept = await self._in_force()
            if (self._current() is None) if kept else not await self._is_fresh():
                raise undo.nothing_to_return_to()
            # From the disk, as a return would: what cannot be opened any more could not come back.
            before = (await asyncio.to_thread(holdings.opened, kept)).ready if kept else None
            until = datetime.now(UTC) + timedelta(seconds=seconds)
            ports = {name for _, name in socket.if_nameindex()}
            await asyncio.to_thread(ready_to_begin.refuse_what_is_missing, before, wanted.ready)
            if before is not None:
                undo.refuse_what_cannot_be_undone(before, wanted.ready, until, ports)
            if kept == wanted.kept:
                return Begun([])
            green = tuple(name for name, seen in self._lights().items() if seen.green)
            token = "".join(secrets.choice(_LETTERS) for _ in range(10))
            trials.refuse_length(seconds)
            version = await self._begin(wanted, by, copy_of, True)
            self._failure = None
            digest = trials.digest_of(token)
            await self._handle(trials.Begin(boottime(), this_boot(), version.number, seconds, green, digest))
            if self._failure is not None:
                raise self._failure
            return Begun(self._changes, version.number, f"{token[:5]}-{token[5:]}", seconds)

    async def confirm(self, token: str) -> None:
        """What is tried is in force from now on. SekishoError: it is not, and why."""
        async with self.lock:
            await self._handle(trials.Confirm(boottime(), token))

    def is_after_begin(self, since: float) -> bool:
        """Whether the trial that runs began before that (CLOCK_BOOTTIME, seconds)."""
        trial = self._trials.trial
        return trial is not None and since >= trial.deadline - trial.seconds

    async def confirm_after_log_in(self, since: float) -> None:
        """The same, by a session of the page that began at `since` (CLOCK_BOOTTIME, seconds)."""
        async with self.lock:
            await self._handle(trials.ConfirmAfterLogIn(boottime(), since))

    async def cancel(self) -> None:
        """Put back what is in force, now."""
        async with self.lock:
            await self._handle(trials.Cancel(_CANCELLED))

    async def open_anew(self) -> None:
        """What is trusted has changed: what the router has is opened, and begun, once more."""
        async with self.lock:
            running = self._trials.trial
            kept = await (asyncio.to_thread(self._kept_of, running.version) if running else self._in_force())
            if kept is not None and self._current() is not None:
                await self._start((await asyncio.to_thread(holdings.opened, kept)).ready)

    # ---- what happens by itself ------------------------------------------------------------------------

    async def recover(self) -> None:
        """At the start of the daemon: go on with a trial, and close what a crash left open in the history."""
        async with self.lock:
            found = await asyncio.to_thread(trial_file.read)
            kept = await self._in_force()
            if found is not None:
                committed = kept is not None and kept == await asyncio.to_thread(self._kept_of, found.version)
                await self._handle(trials.Found(boottime(), this_boot(), found, committed))
            running = self._trials.trial
            for version in await asyncio.to_thread(self.history.versions):
                if version.ending is None and (running is None or running.version != version.number):
                    whole = kept is not None and kept == await asyncio.to_thread(self._kept_of, version.number)
                    ending, reason = (Ending.APPLIED, None) if whole else (Ending.FAILED, _INTERRUPTED)
                    await self._end(version.number, ending, reason)

    async def look(self) -> None:
        """Again and again: the self-check, and the trial's end."""
        async with self.lock:
            if self._trials.trial is not None:
                await self._handle(trials.Look(boottime(), self._lights()))

    async def abandon(self) -> None:
        """The router is being taken down; the caller holds the lock."""
        await self._handle(trials.Abandon(_DOWN))

    # ---- how it is done ----------------------------------------------------------------------------------

    async def _handle(self, event: trials.Event) -> None:
        commands = deque(self._trials.handle(event))
        while commands:
            answer = await self._do(commands.popleft())
            if answer is not None:
                commands.extend(self._trials.handle(answer))
        self._told(self._trials.trial)

    async def _do(self, command: trials.Command) -> trials.Event | None:
        match command:
            case trials.Keep(trial):
                await asyncio.to_thread(trial_file.write, trial)
            case trials.Try(number):
                return await self._try(number)
            case trials.Commit(number):
                kept = await asyncio.to_thread(self.history.kept, number)
                await asyncio.to_thread(in_force.write, InForce(*kept))
                return trials.Committed()
            case trials.Return():
                return await self._return()
            case trials.End(number, ending, reason):
                _log.info("version %d: %s%s", number, ending, f" ({reason.en})" if reason else "")
                await self._end(number, ending, reason)
            case trials.Forget():
                await asyncio.to_thread(trial_file.remove)
        return None

    async def _try(self, number: int) -> trials.Event | None:
        try:
            # From the disk, as a daemon after us would.
            kept = await asyncio.to_thread(self.history.kept, number)
            wanted = await asyncio.to_thread(holdings.opened, InForce(*kept))
            self._changes = await self._start(wanted.ready)
        except SekishoError as error:
            self._failure = error
            return trials.NotTried(error.text)
        return None

    async def _return(self) -> trials.Event:
        try:
            before = await asyncio.to_thread(holdings.resumed)
            await (self._start_fresh() if before is None else self._start(before))
        except SekishoError as error:
            _log.error("cannot go back to what is in force, trying again: %s", error)
            return trials.NotReturned(boottime())
        return trials.Returned()

    async def _begin(self, wanted: Wanted, by: By, copy_of: int | None, trial: bool) -> Version:
        mark = kept.decode(wanted.kept.account).mark
        version = Version(
            0, _now(), by.role, by.uid, trial, copy_of, mark.serial, mark.digest, wanted.kept.site, name=by.name
        )
        return await asyncio.to_thread(self.history.begin, version, wanted.kept.account)

    async def _end(self, number: int, ending: Ending, reason: Text | None = None) -> None:
        await asyncio.to_thread(self.history.end, number, ending, _now(), reason)

    async def _in_force(self) -> InForce | None:
        """None too when it is damaged: then only an apply can mend it."""
        try:
            return await asyncio.to_thread(in_force.read)
        except SekishoError as error:
            _log.error("%s", error)
            return None

    async def _is_fresh(self) -> bool:
        """Whether nothing was ever put in force, and the router is at work all the same."""
        try:
            nothing = await asyncio.to_thread(in_force.read) is None
        except SekishoError:
            return False
        return nothing and self._current() is None and await self._start_fresh()

    def _kept_of(self, number: int) -> InForce | None:
        try:
            return InForce(*self.history.kept(number))
        except SekishoError:
            return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
