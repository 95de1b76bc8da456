"""Remote maintenance: asks the kernel what is open and who came, and does what the room wants done.

The kernel's sets are the only truth: what is open ends by itself, whoever is alive, and no connection begins that is
not noted down there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Any, Protocol

from appliance.control.auditing import Auditor
from appliance.control.clock import boottime
from appliance.control.ready import Ready, SiteView, Terminal
from appliance.control.records import Records
from appliance.errors import SekishoError
from appliance.gate import reset
from appliance.intent import names
from appliance.intent.model import PROBE_MARK, Maintenance, RouterIntent
from appliance.kernel import conntrack, nft
from appliance.kernel.conntrack import Flow
from appliance.maintenance.messages import Close, Command, Connection, Cut, Forget, Key, Open, Record, Seen, Way
from appliance.maintenance.room import Room, Standing
from appliance.text import Text

EVERY = 10.0
WHILE_OPEN = 2.0
"""Seconds between two looks at the kernel: how late people see that the time was up."""

_log = logging.getLogger(__name__)


class Openable(Protocol):
    """What a `RouterIntent` says of it."""

    @property
    def inner_address(self) -> IPv4Address | None: ...
    @property
    def maintenance(self) -> Maintenance: ...


def ways(intent: Openable) -> tuple[Way, ...]:
    """Everything that consent could open. Pure."""
    return tuple(
        Way(who.name, target.terminal, Key(source, target.address, target.port))
        for who in intent.maintenance.maintainers
        for source in who.addresses
        for target in intent.maintenance.targets
    )


def shown(
    maintainers: Iterable[tuple[str, Text]], site: SiteView, intent: Openable, standings: Iterable[Standing]
) -> dict[str, Any] | None:
    """Who may be let in to which terminals, and until when (CLOCK_BOOTTIME, seconds) each is. Pure."""
    if not site.maintenance:
        return None
    services: dict[str, list[dict[str, Any]]] = {name: [] for name in site.maintenance}
    for target in intent.maintenance.targets:
        reached_at = f"{intent.inner_address}:{target.outer_port}"
        services[target.terminal].append({"port": target.port, "reached_at": reached_at})
    opened: dict[str, list[dict[str, Any]]] = {name: [] for name in site.maintenance}
    for one in standings:
        opened[one.terminal].append({"maintainer": one.maintainer, "until": one.until, "connections": one.connections})
    return {
        "maintainers": [{"name": name, "title": title.as_dict()} for name, title in maintainers],
        "terminals": [
            {
                "name": terminal.name,
                "label": terminal.label,
                "minutes": site.maintenance[terminal.name],
                "services": services[terminal.name],
                "open": opened[terminal.name],
            }
            for terminal in site.terminals
            if terminal.name in site.maintenance
        ],
    }


class Maintaining:
    """Of the settings in force."""

    def __init__(self, ready: Ready, records: Records, auditor: Auditor) -> None:
        self._ready = ready
        self._records = records
        self._auditor = auditor
        self._room = Room(ways(ready.intent))
        # A look must not take what is being opened for what has just ended.
        self._lock = asyncio.Lock()
        self._opened = asyncio.Event()

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except SekishoError as error:
                # A change that takes the sets away has it done before it ends this watch.
                _log.warning("cannot see what is open for maintenance: %s", error)
            self._opened.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._opened.wait(), WHILE_OPEN if self._room.is_busy else EVERY)

    async def look(self) -> None:
        async with self._lock:
            await self._look()

    async def allow(self, name: str, maintainer: str | None, minutes: int | None) -> dict[str, Any]:
        """maintainer: None where the account names only one. minutes: None for as long as the settings allow.

        Raises SekishoError."""
        terminal = self._terminal(name)
        who, longest = self._maintainer(maintainer), self._ready.site.maintenance[name]
        if minutes is not None and not 1 <= minutes <= longest:
            raise SekishoError(
                "maintenance.minutes",
                f"端末 {name} の遠隔保守を許可できるのは 1 分から {longest} 分までです。",
                f"Remote maintenance of terminal {name} can be allowed for 1 to {longest} minutes.",
            )
        async with self._lock:
            await self._do(self._room.allow(who, terminal.name, 60 * (minutes or longest)))
            await self._look()
        self._opened.set()
        _log.warning("%s is open to %s for %d minutes", name, who, minutes or longest)
        return {"terminal": name, "maintainer": who, "minutes": minutes or longest}

    async def end(self, name: str | None) -> dict[str, Any]:
        """Of one terminal or of all (None). Raises SekishoError."""
        if name is not None:
            self._terminal(name)
        async with self._lock:
            # Who came a moment ago is to be known first.
            await self._look()
            await self._do(self._room.withdraw(name))
            await self._look()
        _log.warning("remote maintenance of %s is over", name or "all terminals")
        return {"terminal": name}

    async def give_way(self, coming: Openable | None) -> None:
        """Before these settings come into force (None: before nothing is): what they no longer open ends now, while it
        can still be ended on both sides and written down."""
        lost = {way.key for way in ways(self._ready.intent)} - {way.key for way in (ways(coming) if coming else ())}
        if not lost:
            return
        async with self._lock:
            try:
                # Who came a moment ago is to be known first.
                await self._look()
                if commands := self._room.give_up(lost):
                    await self._do(commands)
                    await self._look()
            except SekishoError as error:
                # It opens nothing any more in any case.
                _log.warning("cannot end what was open for maintenance: %s", error)

    def shown(self) -> dict[str, Any] | None:
        """For `health.document.status_document`; None where nothing can be opened."""
        return shown(self._ready.account.maintainers, self._ready.site, self._ready.intent, self._room.standings())

    def _terminal(self, name: str) -> Terminal:
        may = self._ready.site.maintenance
        found = next((one for one in self._ready.site.terminals if one.name == name and name in may), None)
        if found is None:
            known = ", ".join(may) or "—"
            raise SekishoError(
                "maintenance.no-such-terminal",
                f"{name} という端末の遠隔保守は許可できません。許可できる端末は {known} です。足すには、設定に "
                "[[maintenance]] を書いて反映してください。",
                f"Remote maintenance of {name} cannot be allowed; it can of: {known}. To add one, write "
                "[[maintenance]] in the settings and apply them.",
            )
        return found

    def _maintainer(self, name: str | None) -> str:
        known = [one for one, _ in self._ready.account.maintainers]
        if name is None and len(known) == 1:
            return known[0]
        if name not in known:
            raise SekishoError(
                "maintenance.no-such-maintainer",
                f"遠隔保守をする相手を、接続アカウントにある名前（{'、'.join(known)}）で選んでください。",
                f"Choose who may maintain by a name of the account's ({', '.join(known)}).",
            )
        return name

    async def _look(self) -> None:
        seen = await asyncio.to_thread(_seen, self._ready.intent)
        await self._do(self._room.look(seen, boottime()))
        self._records.show_maintenance(self.shown())
        by_terminal: dict[str, str] = dict.fromkeys(self._ready.site.maintenance, "closed")
        for one in self._room.standings():
            busy = one.connections > 0 or by_terminal[one.terminal] == "in-use"
            by_terminal[one.terminal] = "in-use" if busy else "open"
        for terminal, how in by_terminal.items():
            self._records.record("maintenance.consent", terminal, True, how)

    async def _do(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case Open(keys, seconds):
                    await asyncio.to_thread(nft.grant, [_grant(key, seconds) for key in keys])
                case Close(keys):
                    await asyncio.to_thread(nft.revoke, [_grant(key) for key in keys])
                case Cut(connections):
                    await asyncio.to_thread(_cut, connections, self._ready.intent)
                case Record(action, subject):
                    await self._auditor.note(action, subject)
                case Forget(connections):
                    await asyncio.to_thread(nft.revoke, [_noted(one) for one in connections])


def _grant(key: Key, seconds: int = 0) -> nft.Grant:
    return nft.Grant(names.MAINTENANCE, (key.source, key.address, key.port), seconds)


def _noted(one: Connection) -> nft.Grant:
    key = one.key
    return nft.Grant(names.MAINTENANCE_BEGUN, (key.source, one.source_port, key.address, key.port))


def _seen(intent: RouterIntent) -> Seen:
    if not intent.maintenance.targets or intent.inner_address is None:
        return Seen()
    held = {_key(*element.key): float(element.expires or 0) for element in nft.elements(names.MAINTENANCE)}
    begun = frozenset(
        Connection(_key(source, address, port), int(source_port))
        for source, source_port, address, port in (one.key for one in nft.elements(names.MAINTENANCE_BEGUN))
    )
    return Seen(held, begun, frozenset(_living(intent, intent.inner_address)))


def _key(source: str, address: str, port: str) -> Key:
    return Key(IPv4Address(source), IPv4Address(address), int(port))


def _living(intent: RouterIntent, inner: IPv4Address) -> Iterable[Connection]:
    targets = {target.outer_port: target for target in intent.maintenance.targets}
    for flow in conntrack.flows(inner, established=True):
        if target := targets.get(flow.destination_port):
            yield Connection(Key(flow.source, target.address, target.port), flow.source_port)


def _cut(connections: Iterable[Connection], intent: RouterIntent) -> None:
    """The kernel forgets them; the terminal, which may wait in silence, is made to speak, and is refused then."""
    inner = intent.inner_address
    outer = {(target.address, target.port): target.outer_port for target in intent.maintenance.targets}
    for one in connections:
        port = outer.get((one.key.address, one.key.port))
        if inner and port:
            conntrack.forget_flow(Flow(one.key.source, one.source_port, inner, port))
    reset.wake(
        [Flow(one.key.address, one.key.port, one.key.source, one.source_port) for one in connections], PROBE_MARK
    )
