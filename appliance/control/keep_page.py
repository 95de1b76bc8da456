"""Keeps the page's certificates: the device's own made and renewed in time, the account's beside it, the gate told."""

from __future__ import annotations

import asyncio
import logging
import math
from datetime import UTC, datetime
from typing import Any, cast

from appliance import paths
from appliance.control import apart
from appliance.control.feed_gate import GateFeed
from appliance.control.ready import OwnCertificate, Vouched
from appliance.control.records import Records
from appliance.control.translate import OWN_PAGE
from appliance.gate.config import PageConfig
from appliance.intent import names
from appliance.intent.model import Lan

LOOK_EVERY = 600.0
AGAIN_AFTER = 10.0
"""Seconds, both."""

_log = logging.getLogger(__name__)


class PageKeeper:
    """vouched: the account's certificate for the page, None where it has none."""

    def __init__(self, lan: Lan, vouched: Vouched | None, gate: GateFeed, records: Records) -> None:
        self._lan, self._vouched, self._gate, self._records = lan, vouched, gate, records
        self._own: OwnCertificate | None = None

    async def run(self) -> None:
        while True:
            now = datetime.now(UTC)
            try:
                if self._own is None or not self._own.serves(now):
                    self._own = await asyncio.to_thread(_kept, self._lan, now)
                    await self._gate.show(page_config(self._lan, self._own, self._vouched))
            except (OSError, RuntimeError) as error:
                _log.error("no certificate for the page: %s", error)
                self._records.record("certificate.days", OWN_PAGE, False, "unusable")
                await asyncio.sleep(AGAIN_AFTER)
                continue
            left = (self._own.ends - now).total_seconds() / 86400
            self._records.record(
                "certificate.days", OWN_PAGE, left > 0, "" if left > 0 else "expired", f"{math.floor(left)}"
            )
            await asyncio.sleep(LOOK_EVERY)

    @property
    def ends(self) -> tuple[tuple[str, datetime], ...]:
        """When the device's own certificate ends, as in `AccountView`; nothing before it is made."""
        return () if self._own is None else ((OWN_PAGE, self._own.ends),)

    def shown(self) -> dict[str, Any] | None:
        """For people who compare what their browser shows them; None before it is made."""
        own = self._own
        if own is None:
            return None
        return {
            "urls": urls(self._lan, self._vouched),
            "is_vouched": self._vouched is not None,
            "ends": own.ends.isoformat(),
            "certificate_sha256": own.certificate_sha256,
            "key_sha256": own.key_sha256,
        }


def urls(lan: Lan, vouched: Vouched | None) -> list[str]:
    """Where the page is, the best first: where a browser can trust it without asking anybody."""
    return [f"https://{host}/" for host in (*vouched_names(vouched), *hosts(lan))]


def hosts(lan: Lan) -> tuple[str, ...]:
    """Addresses and names of the router on the LAN, its address there first."""
    addresses = tuple(str(segment.address.ip) for segment in lan.segments)
    return (*addresses, f"{lan.router_name}.lan", lan.router_name)


def page_config(lan: Lan, own: OwnCertificate, vouched: Vouched | None) -> PageConfig:
    # Redirected connections arrive at the address of the LAN port.
    here = str(lan.address.ip)
    return PageConfig(
        listen=(here, names.PAGE_PORT),
        redirect=(here, names.PAGE_REDIRECT_PORT),
        process=str(paths.PAGE_SOCKET),
        own=own.pair,
        hosts=hosts(lan),
        vouched=None if vouched is None else vouched.pair,
        vouched_names=vouched_names(vouched),
    )


def vouched_names(vouched: Vouched | None) -> tuple[str, ...]:
    return () if vouched is None else vouched.names


def _kept(lan: Lan, now: datetime) -> OwnCertificate:
    own_names = (f"{lan.router_name}.lan", lan.router_name)
    addresses = tuple(segment.address.ip for segment in lan.segments)
    made = apart.call("appliance.control.own_certificate", "kept", paths.PAGE_CERTIFICATE, own_names, addresses, now)
    return cast(OwnCertificate, made)
