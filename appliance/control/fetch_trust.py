"""Looks from time to time whether the data center has a newer trust list, at the place that the account names."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import urlsplit

from appliance.account.document import LARGEST
from appliance.control import apart
from appliance.control.fetching import Fetched, Place
from appliance.control.ready import Ready
from appliance.errors import SekishoError
from appliance.tunnel.names import Unresolved, resolve_a

PERIOD = 600.0
"""Seconds, give or take a tenth: the clinics shall not all ask in the same moment."""
FIRST_WAIT, LONGEST_WAIT = 4.0, 60.0
"""Seconds after a failure, doubling: at a start the tunnels come up a moment later."""
LOOK = 2.0
"""Seconds between two looks whether there is anything to do."""
FETCH_SECONDS = 10.0
NAME_SECONDS = 2.0

_log = logging.getLogger(__name__)


class TrustFetcher:
    """ready: what the router works with, None while it does not. take: brings a list, signed, into force."""

    def __init__(self, ready: Callable[[], Ready | None], take: Callable[[bytes], Awaitable[dict[str, Any]]]) -> None:
        self._ready, self._take = ready, take
        self._etag: tuple[str, str | None] = "", None
        self._failure = ""

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        due, failures = clock(), 0
        while True:
            ready = self._ready()
            if ready is not None and ready.account.trust_url and due <= clock():
                failure = await self._look(ready, ready.account.trust_url)
                if failure and failure != self._failure:
                    _log.warning("no trust list from %s: %s", ready.account.trust_url, failure)
                self._failure = failure
                failures = failures + 1 if failure else 0
                wait = min(FIRST_WAIT * 2.0 ** min(failures - 1, 9), LONGEST_WAIT) if failure else PERIOD
                due = clock() + wait * random.uniform(0.9, 1.1)  # noqa: S311
            await asyncio.sleep(LOOK)

    async def _look(self, ready: Ready, url: str) -> str:
        """What went wrong, in a few words."""
        intent, parts = ready.intent, urlsplit(url)
        host = parts.hostname or ""
        answer = await resolve_a(host, intent.tunnel_dns, intent.inner_address, NAME_SECONDS)
        if isinstance(answer, Unresolved):
            return f"{host}: {answer.reason}"
        place = Place(host, str(answer[0]), parts.port or 80, parts.path, str(intent.inner_address))
        etag = self._etag[1] if self._etag[0] == url else None
        try:
            found = await asyncio.to_thread(
                apart.call, "appliance.control.fetching", "fetch", place, etag, LARGEST, FETCH_SECONDS
            )
            if isinstance(found, str):
                return found
            fetched = cast(Fetched, found)
            if fetched.body is not None:
                await self._take(fetched.body)
        except (SekishoError, RuntimeError) as error:
            return str(error)
        self._etag = url, fetched.etag
        return ""
