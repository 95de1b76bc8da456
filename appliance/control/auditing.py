"""The keeper of the audit record: the one place from where it is written."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from appliance import paths
from appliance.audit.budget import Budget
from appliance.audit.entry import SYSTEM, Deed
from appliance.audit.record import Record
from appliance.errors import SekishoError

_log = logging.getLogger(__name__)


class Auditor:
    """The record in `directory`, opened with the first entry."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or paths.AUDIT
        self._record: Record | None = None
        self._budget = Budget()
        # Not asyncio's: a thread goes on when whoever waits for it is cancelled.
        self._lock = threading.Lock()

    async def record(self, deed: Deed) -> None:
        """Durable when this returns. What cannot be written goes to the log: the deed itself is done by then."""
        if deed.outcome.startswith("refused "):
            left_out = self._budget.take(monotonic())
            if left_out is None:
                return
            if left_out:
                deed = replace(deed, subject={**deed.subject, "left_out_before": left_out})
        try:
            await asyncio.to_thread(self._append, deed)
        except SekishoError as error:
            _log.error("not in the audit record: %s of %s, %s: %s", deed.action, deed.actor, deed.outcome, error)

    async def note(self, action: str, subject: Mapping[str, Any]) -> None:
        """What the router did by itself."""
        await self.record(Deed(SYSTEM, action, subject, "done"))

    def _append(self, deed: Deed) -> None:
        with self._lock:
            now = datetime.now(UTC)
            if self._record is None:
                self._record = Record(self.directory, now)
            entry = self._record.append(deed, now)
            # Where logs are collected, the record cannot be replaced as a whole without anybody noticing.
            _log.info("audit entry %d, hash %s", entry.number, self._record.head.hash)
