"""Keeps the gate process told: what it serves, and who is proven. It may die and come back at any time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.control.ready import Ready
from appliance.control.translate import gate_config
from appliance.errors import SekishoError
from appliance.gate.client import GateClient, Refusal
from appliance.gate.config import GateConfig, PageConfig

AGAIN_AFTER = 0.2
"""Seconds until the next try to reach the gate process."""

_log = logging.getLogger(__name__)


class GateFeed:
    def __init__(self, socket: Path = paths.GATE_SOCKET) -> None:
        self._socket = socket
        self._client: GateClient | None = None
        self._told = False
        self._in_force: GateConfig | None = None
        """What the gate has confirmed: with revocation lists it may be a megabyte, and proofs renew it every moment."""
        self.refused: SekishoError | None = None
        """Why the gate works on with its former configuration."""
        self._ready: Ready | None = None
        self._page: PageConfig | None = None
        self._permitted: Callable[[str], tuple[IPv4Address, ...]] = lambda _: ()

    async def show(self, page: PageConfig | None) -> None:
        """The router's page, from now on."""
        self._page = page
        await self.tell()

    def configure(self, ready: Ready | None, permitted: Callable[[str], tuple[IPv4Address, ...]]) -> None:
        """ready: None where there is nothing but the page to serve. permitted: asked again at each `tell`."""
        self._ready, self._permitted = ready, permitted

    @property
    def connected(self) -> bool:
        """Whether the gate process knows what it serves."""
        return self._told

    async def run(self) -> None:
        """Stay connected; a gate process that is new is told everything at once."""
        while True:
            try:
                client = await GateClient.connect(self._socket, _note_refusal)
            except OSError:
                await asyncio.sleep(AGAIN_AFTER)
                continue
            self._client = client
            try:
                await self.tell()
                self._told = not client.closed.is_set()
                await client.closed.wait()
            finally:
                self._client, self._told, self._in_force, self.refused = None, False, None, None
                await client.close()

    async def tell(self) -> None:
        """Say what is configured and proven now; the same again costs nothing."""
        if self._client is None:
            return
        services = GateConfig() if self._ready is None else gate_config(self._ready, self._permitted)
        config = replace(services, page=self._page)
        if config == self._in_force:
            self.refused = None
            return
        try:
            await self._client.configure(config)
            self._in_force, self.refused = config, None
        except ConnectionError:
            # `run` notices too, and tells the next process everything.
            return
        except SekishoError as error:
            self.refused = error
            _log.error("the gate keeps its former configuration: %s", error)
            if config.page is not None:
                await self._tell_without_page(services)

    async def _tell_without_page(self, services: GateConfig) -> None:
        """A page that cannot be shown is no reason to leave the terminals with what was."""
        try:
            if self._client is not None:
                await self._client.configure(services)
        except (ConnectionError, SekishoError):
            # Then it was not the page alone; that is told already.
            return

    async def cut(self, service: str, address: IPv4Address, reason: str) -> None:
        """Reset what runs to this engine."""
        if self._client is None:
            return
        try:
            await self._client.close_connections(service=service, address=str(address), reason=reason)
        except ConnectionError:
            # Its connections ended with it.
            return

    async def stats(self) -> dict[str, Any] | None:
        """None while the gate process is away."""
        if self._client is None:
            return None
        try:
            return await self._client.stats()
        except ConnectionError:
            return None


def _note_refusal(refusal: Refusal | None, times: int) -> None:
    if refusal is None:
        _log.info("gate refused others, %d times; the metrics tell which services and why", times)
        return
    _log.info(
        "gate refused %s at %s towards %s: %s (%s)%s",
        refusal["terminal"],
        refusal["service"],
        refusal["address"] or "-",
        refusal["reason"],
        refusal["detail"],
        "" if times == 1 else f", {times} times",
    )
