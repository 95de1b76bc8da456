"""Looks after the firmware: the shell around `update.core`, which says what follows from what."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

from appliance.control import apart, firmware_shown, update_work
from appliance.control.clock import boottime
from appliance.control.ready import Ready
from appliance.engines import chrony_control
from appliance.errors import SekishoError
from appliance.health.model import Light, State
from appliance.telemetry.snapshot import FirmwareFigures
from appliance.text import Text
from appliance.tunnel.names import Unresolved, resolve_a
from appliance.update import acceptance, core, job, kept, running, slots, window, words
from appliance.update.core import Kept, Offer, Stage
from appliance.update.entries import Entries
from appliance.update.job import Job, News, Web
from appliance.update.window import Moment, Wait

PERIOD = 3600.0
"""Seconds between two looks at the data center's, give or take a tenth."""
AGAIN_AFTER = 300.0
"""Seconds after a look or a transfer that failed: the tunnels may come back."""
LOOK = 5.0
NAME_SECONDS = 2.0
SURE_FOR = 30.0
"""Seconds between two questions to the time daemon."""
_PASSING = frozenset({"firmware.source", "firmware.replaced", "firmware.broke-off", "firmware.not-proven"})
"""Why a transfer failed that may succeed a while later."""
_ON_TRIAL = Wait(None, Text("設定を試しているところです", "settings are on trial"))
_AGAIN = Wait(
    None, Text("うまくいかなかったので、少しあとでもう一度行います", "it failed, and is tried again in a while")
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class System:
    """What only the machine has. entries: of the boot loader. sure: whether a time server vouches for the clock.

    now: the time of day, aware.
    """

    version: Callable[[], str | None] = running.version
    entries: Callable[[], Entries] = lambda: Entries(slots.entries_directory())
    sure: Callable[[], bool] = lambda: clock_is_sure()
    run: Callable[[Job], Awaitable[News]] = update_work.run
    restart: Callable[[], Awaitable[None]] = update_work.restart
    call: Callable[..., Any] = apart.call
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Updater:
    """ready: what is in force. lights: as of now. trial: whether settings are on trial. tell: hears of each change."""

    def __init__(
        self,
        ready: Callable[[], Ready | None],
        lights: Callable[[], Sequence[Light]],
        trial: Callable[[], bool],
        tell: Callable[[dict[str, Any] | None], None],
        system: System | None = None,
    ) -> None:
        self._ready, self._lights, self._trial, self._tell = ready, lights, trial, tell
        self._system = system or System()
        self.version = self._system.version()
        # At once: a version on trial must not look proven to whoever asks before `run` has begun.
        self.kept = kept.read() if self.version else Kept()
        self._began = boottime()
        self._green_since: float | None = None
        self._proven = False
        self._waits: Wait | None = None
        self._trouble: SekishoError | None = None
        self._refused: SekishoError | None = None
        """Why the work failed, and why what the data center has is not taken."""
        self._logged = ""
        self._due = 0.0
        self._not_before = 0.0
        self._etag: tuple[str, str | None] = "", None
        self._work: tuple[Offer, asyncio.Task[None]] | None = None
        self._sure = -SURE_FOR, False
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        if self.version is None:
            await asyncio.Event().wait()
        await self._handle(core.Started(self._system.now(), cast(str, self.version)))
        try:
            while True:
                async with self._lock:
                    await self._look()
                self._tell(self.shown())
                await asyncio.sleep(LOOK)
        finally:
            await self._stop_work()

    # ---- what people ask for ---------------------------------------------------------------------------

    def shown(self) -> dict[str, Any] | None:
        """The ``firmware.show`` of the local API; None where there is no image."""
        if self.version is None:
            return None
        trouble, news = self._trouble or self._refused, job.news() if self._work else None
        return firmware_shown.document(self.version, self.kept, self._waits, trouble, news)

    def figures(self) -> FirmwareFigures | None:
        """For monitoring; None where there is no image."""
        if self.version is None:
            return None
        last = self.kept.last
        returned = last is not None and last.ended is core.Ended.RETURNED
        return FirmwareFigures(self.kept.stage.value, self.kept.floor, returned)

    async def check(self, path: str) -> dict[str, Any]:
        """What the file offers to this router. SekishoError: nothing, and why."""
        offer = await self._of_file(path)
        return {"version": offer.version, "generation": offer.generation}

    async def install(self, path: str, at_once: bool) -> dict[str, Any]:
        """The file is written now; the restart waits for its hours unless `at_once`. SekishoError: refused."""
        offer = replace(await self._of_file(path), by_hand=True, at_once=at_once)
        async with self._lock:
            self.refuse_changes()
            await self._handle(core.Offered(offer))
            self._trouble, self._not_before = None, 0.0
            await self._look()
        return {**(self.shown() or {}), "offered": offer.version}

    async def fetch(self, at_once: bool) -> dict[str, Any]:
        """The same with what the data center has."""
        ready = self._ready()
        if ready is None or not ready.account.firmware_url or ready.intent.inner_address is None:
            raise SekishoError(
                "firmware.no-place",
                "接続アカウントに、ファームウェアの場所が書かれていません。データセンターに頼むか、USBメモリーで更新してください。",
                "The account names no place for firmware: ask the data center for one, or update by stick.",
            )
        self._refuse_without_image()
        async with self._lock:
            self.refuse_changes()
            place = replace(await self._place(ready, ready.account.firmware_url), etag=None)
            offer, etag = await self._asked("web", place, self.kept.floor, await self._is_sure())
            if offer is None:
                return self.shown() or {}
            self._etag = ready.account.firmware_url, etag
            await self._handle(core.Offered(replace(offer, by_hand=True, at_once=at_once)))
            self._trouble, self._not_before = None, 0.0
            await self._look()
        return {**(self.shown() or {}), "offered": offer.version}

    def verdict(self) -> dict[str, Any]:
        """Whether the version that runs may be said to be good: ``good``, ``wait``, or ``bad`` with its reason."""
        if not self._is_on_trial() or self._proven:
            return {"verdict": "good", "text": None}
        if self.kept.complaint is not None and boottime() - self._began >= core.PROVING_SECONDS:
            return {"verdict": "bad", "text": self.kept.complaint.as_dict()}
        return {"verdict": "wait", "text": None}

    def refuse_changes(self) -> None:
        """While a version proves itself nothing else changes, so that the one before finds what it knows."""
        if self._is_on_trial():
            raise SekishoError(
                "firmware.proving",
                "新しい版のファームウェアを確かめているところです。10分ほど待って、もう一度行ってください。",
                "A new version of the firmware is being proven: wait for some ten minutes and try again.",
            )

    # ---- what happens by itself ------------------------------------------------------------------------

    async def _look(self) -> None:
        if self._is_on_trial():
            await self._prove()
            return
        # Before a tunnel carries there is nobody to ask, and a question that failed is not asked again for minutes.
        if self._due <= boottime() and _has_tunnel(self._lights()):
            await self._look_at_the_data_center()
        if self.kept.offer is None:
            self._waits = None
            return
        self._waits = await self._why_wait(self.kept.offer)
        if self._work and (self._work[1].done() or self._work[0] != self.kept.offer or self._waits):
            await self._stop_work()
        if not self._work:
            await self._handle(core.Look(self._waits, green(self._lights())))

    async def _why_wait(self, offer: Offer) -> Wait | None:
        if self._trial():
            return _ON_TRIAL
        is_staged = self.kept.stage is Stage.STAGED
        if offer.at_once or (offer.by_hand and not is_staged):
            return _AGAIN if boottime() < self._not_before else None
        ready = self._ready()
        hours = ready.site.update if ready else window.NIGHT
        last = self.kept.last
        returned = last.at if last and last.ended is core.Ended.RETURNED else None
        names = green(self._lights())
        engine = any(name.startswith("engine:") for name in names)
        moment = Moment(self._system.now(), await self._is_sure(), engine, returned)
        waits = window.decide(
            replace(hours, automatic=hours.automatic or offer.by_hand), moment, needs_engine=is_staged
        )
        return waits or (_AGAIN if boottime() < self._not_before else None)

    async def _look_at_the_data_center(self) -> None:
        ready = self._ready()
        url = ready.account.firmware_url if ready else None
        if ready is None or not url or ready.intent.inner_address is None:
            return
        wait, failed = PERIOD, ""
        try:
            place = await self._place(ready, url)
            offer, etag = await self._asked("web", place, self.kept.floor, await self._is_sure())
            self._etag, self._refused = (url, etag), None
            if offer is not None:
                _log.info("version %s is offered", offer.version)
                await self._handle(core.Offered(offer))
        except SekishoError as refused:
            # Where nothing can be asked, people have other lights that tell them why.
            if refused.code not in _PASSING:
                self._refused = refused
            wait, failed = AGAIN_AFTER if refused.code in _PASSING | acceptance.CLOCK else PERIOD, str(refused)
        if failed and failed != self._logged:
            _log.warning("no firmware from %s: %s", url, failed)
        self._logged = failed
        self._due = boottime() + wait * random.uniform(0.9, 1.1)  # noqa: S311

    async def _prove(self) -> None:
        now = boottime()
        lights = self._lights()
        if core.is_proven(self.kept.must, green(lights)):
            self._green_since = self._green_since or now
            self._proven = self._proven or now - self._green_since >= core.STEADY_SECONDS
        else:
            self._green_since = None
        if self._proven:
            if await asyncio.to_thread(self._system.entries().is_blessed, cast(str, self.version)):
                _log.info("version %s is good", self.version)
                await self._handle(core.Blessed(self._system.now()))
        elif now - self._began >= core.PROVING_SECONDS and self.verdict()["verdict"] == "wait":
            missing = tuple(sorted(set(self.kept.must) - set(green(lights))))
            await self._handle(core.Failed(words.not_proven(missing, _summaries(lights))))

    async def _handle(self, event: core.Event) -> None:
        for command in core.handle(self.kept, event):
            match command:
                case core.Keep():
                    await asyncio.to_thread(kept.write, command.kept)
                    self.kept = command.kept
                case core.Write():
                    self._work = command.offer, asyncio.create_task(self._write(command.offer))
                case core.Arm():
                    news = await self._system.run(Job("arm", command.version, self.kept.floor, False))
                    if not news.done:
                        self._fail(news.refusal or job.broken("arm"))
                        await self._handle(core.NotArmed())
                        return
                case core.Restart():
                    _log.warning("restarting into another version of the firmware")
                    await self._system.restart()

    async def _write(self, offer: Offer) -> None:
        try:
            ready = self._ready()
            web = None
            if not offer.source:
                if ready is None or not ready.account.firmware_url:
                    raise job.broken("no place")
                web = await self._place(ready, ready.account.firmware_url)
            told = Job("write", offer.version, self.kept.floor, await self._is_sure(), offer.source, web)
            news = await self._system.run(told)
            if news.refusal:
                raise news.refusal
        except SekishoError as error:
            await self._ended(offer, error)
        else:
            _log.info("version %s is in its slot: %d bytes fetched, %d were here", offer.version, news.come, news.local)
            await self._ended(offer, None)

    async def _ended(self, offer: Offer, error: SekishoError | None) -> None:
        async with self._lock:
            if self.kept.offer != offer:
                return
            if error is None:
                self._trouble = None
                await self._handle(core.Written())
                return
            self._fail(error)
            if error.code not in _PASSING | acceptance.CLOCK:
                await self._handle(core.Dropped())
            elif error.code == "firmware.replaced":
                self._due, self._etag = 0.0, ("", None)

    def _fail(self, error: SekishoError) -> None:
        _log.warning("update: %s", error)
        self._trouble, self._not_before = error, boottime() + AGAIN_AFTER

    async def _stop_work(self) -> None:
        if self._work:
            task = self._work[1]
            self._work = None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _of_file(self, path: str) -> Offer:
        self._refuse_without_image()
        return cast(Offer, await self._asked("file", path, self.kept.floor, await self._is_sure()))

    async def _asked(self, function: str, *arguments: object) -> Any:
        try:
            return await asyncio.to_thread(self._system.call, "appliance.update.look", function, *arguments)
        except RuntimeError as error:
            raise job.broken(str(error)) from None

    async def _place(self, ready: Ready, url: str) -> Web:
        """Raises SekishoError ``firmware.source``."""
        intent, parts = ready.intent, urlsplit(url)
        host = parts.hostname or ""
        answer = await resolve_a(host, intent.tunnel_dns, intent.inner_address, NAME_SECONDS)
        if isinstance(answer, Unresolved):
            raise SekishoError(
                "firmware.source",
                f"データセンターのファームウェアの場所 {host} が見つかりません（{answer.reason}）。"
                "自動でもう一度行います。",
                f"The data center's place for firmware, {host}, is not found ({answer.reason}): it is tried again by "
                "itself.",
            )
        etag = self._etag[1] if self._etag[0] == url else None
        return Web(host, str(answer[0]), parts.port or 80, parts.path, str(intent.inner_address), etag)

    async def _is_sure(self) -> bool:
        if boottime() - self._sure[0] >= SURE_FOR:
            self._sure = boottime(), await asyncio.to_thread(self._system.sure)
        return self._sure[1]

    def _is_on_trial(self) -> bool:
        return (
            self.kept.stage is Stage.TRIED and self.kept.offer is not None and self.kept.offer.version == self.version
        )

    def _refuse_without_image(self) -> None:
        if self.version is None:
            raise slots.no_slots()


def green(lights: Iterable[Light]) -> tuple[str, ...]:
    """What works now, and must after an update: the router itself, and each service whose engines can be reached."""
    names = []
    for light in lights:
        if light.name == "router" and light.state in (State.OK, State.WARNING):
            names.append("router")
        if light.name == "engine":
            names += [f"engine:{part.name}" for part in light.parts if part.state in (State.OK, State.WARNING)]
    return tuple(sorted(names))


def _has_tunnel(lights: Iterable[Light]) -> bool:
    return any(light.name == "tunnel" and light.state in (State.OK, State.WARNING) for light in lights)


def clock_is_sure() -> bool:
    try:
        return chrony_control.tracking() is not None
    except SekishoError:
        return False


def _summaries(lights: Iterable[Light]) -> Text:
    """Of what stands for itself and is not well."""
    wrong = [light for light in lights if light.root is None and light.state in (State.FAILED, State.UNKNOWN)]
    return Text("".join(light.summary.ja for light in wrong), " ".join(light.summary.en for light in wrong))
