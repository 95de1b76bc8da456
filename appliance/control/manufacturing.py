"""What the daemon does at manufacture: it has the log-ins and the page's key, so nobody else writes them.

Who prints is the caller (`sekisho factory make`): the daemon may write on no stick. `begin` gives him the label,
`made` is said when it is safe there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.control import apart, holdings, ports
from appliance.control.access_people import VENDOR, People
from appliance.control.access_store import at_text
from appliance.errors import SekishoError
from appliance.factory import serial as serials
from appliance.factory import steps
from appliance.factory.label import Label, file_name, plain
from appliance.factory.record import Kept, Record
from appliance.factory.steps import Found, Vendor
from appliance.hardware import machine
from appliance.intent.fresh import NAME
from appliance.secret import Secret


class Factory:
    """page: see `PageKeeper.shown`."""

    def __init__(self, people: People, page: Callable[[], dict[str, Any] | None], path: Path | None = None) -> None:
        self._people, self._page = people, page
        self._kept = Kept(path or paths.FACTORY)
        self._lock = asyncio.Lock()

    async def begin(self, given: str | None, listed: Sequence[str], used: Collection[str]) -> dict[str, Any]:
        """The label, with the first password, which is told here and nowhere kept. See `serial.chosen`.

        Raises SekishoError ``factory.*``, ``control.no-page``, ``report.no-font``.
        """
        async with self._lock:
            found = await self._found()
            steps.refuse_what_is_done(found)
            page, lan = self._page(), await asyncio.to_thread(ports.fresh_intent)
            if page is None or lan is None:
                raise not_fresh()
            seen = machine.seen()
            card = machine.card(lan.lan.segments[0].port)
            number = serials.chosen(given, listed, used, seen.serial, card)
            record = steps.begun(found, number, page["key_sha256"], at_text(datetime.now(UTC)))
            await asyncio.to_thread(self._kept.write, record)
            password, hashed = await self._people.label_password()
            await asyncio.to_thread(
                self._kept.write, Record(record.serial, record.key_sha256, record.at, password=hashed)
            )
            label = Label(
                model=f"{seen.vendor} {seen.product}".strip(),
                serial=record.serial,
                name=f"{NAME}.lan",
                address=str(lan.lan.address.ip),
                log_in=VENDOR,
                password=Secret(password),
                key_sha256=record.key_sha256,
            )
            pdf = await asyncio.to_thread(apart.call, "appliance.factory.paper", "draw", label)
            return {"serial": record.serial, "file": file_name(record.serial), "text": plain(label), "pdf": pdf}

    async def made(self, serial: str) -> None:
        """The label is where it is taken away from. Raises ``factory.not-begun``, ``factory.made``."""
        async with self._lock:
            found = await self._found()
            if found.record is not None and found.record.is_made:
                steps.refuse_what_is_done(found)
            await asyncio.to_thread(self._kept.write, steps.made(found.record, serial))

    def record(self) -> Record | None:
        """Raises ``factory.record-damaged``."""
        return self._kept.read()

    async def _found(self) -> Found:
        vendor = await self._people.vendor()
        state = Vendor.NONE if vendor is None else Vendor.FIRST if vendor.first else Vendor.CHANGED
        return Found(await asyncio.to_thread(self._kept.read), state, await asyncio.to_thread(_is_in_use))


def _is_in_use() -> bool:
    return paths.IN_FORCE.exists() or holdings.has_account()


def not_fresh() -> SekishoError:
    return SekishoError(
        "factory.not-ready",
        "ルーターのページがまだ用意できていないので、ラベルを作れません。LAN の差し込み口が決まっているか"
        "「sekisho hardware show」で確かめ、少し待ってからもう一度実行してください。",
        "The router's page is not there yet, and so neither is what stands on the label: look at "
        "`sekisho hardware show` for the LAN's port, wait a moment and try again.",
    )
