"""What engines staple to their certificates: asked for when one is met for the first time, and again from time to time.

A certificate that speaks against itself stays refused until it is asked for again and does not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import cast

from appliance.control import apart
from appliance.errors import SekishoError
from appliance.gate.proof import Outcome, Proof, Stapled
from appliance.gate.prove import Target
from appliance.gate.reasons import Reason

STAPLED_SECONDS = 600.0
"""An answer is good for hours, but a revocation should not be."""
SILENT_SECONDS = 3600.0
"""From whom staples nothing, nothing new is to be expected."""
FAILED_SECONDS = 60.0
ASK_SECONDS = 4.0

_log = logging.getLogger(__name__)


Ask = Callable[[Target, IPv4Address], Stapled | None]


def ask(target: Target, address: IPv4Address) -> Stapled | None:
    """Blocking, about a second. None: no answer to be had now."""
    try:
        found = apart.call("appliance.gate.stapled", "ask", target, address, ASK_SECONDS)
    except (SekishoError, RuntimeError, OSError) as error:
        _log.warning("%s: cannot ask what the engine staples: %s", target.service, error)
        return None
    return cast(Stapled | None, found)


@dataclass(slots=True)
class _Known:
    reason: Reason | None
    ask_again: float


class Staples:
    """clock: seconds, of one monotonic clock."""

    def __init__(self, clock: Callable[[], float], ask: Ask = ask) -> None:
        self._clock, self._ask = clock, ask
        self._known: dict[str, _Known] = {}
        self._one_at_a_time = asyncio.Lock()
        self._errands: set[asyncio.Task[None]] = set()

    async def judge(self, target: Target, proof: Proof) -> Proof:
        """The proof, refused when its certificate's own staple speaks against it."""
        mark = proof.mark
        if proof.outcome is not Outcome.PROVEN or mark is None:
            return proof
        known = self._known.get(mark)
        if known is None:
            await self._learn(target, proof.address, mark)
        elif known.ask_again <= self._clock():
            task = asyncio.create_task(self._learn(target, proof.address, mark))
            self._errands.add(task)
            task.add_done_callback(self._errands.discard)
        reason = self._known[mark].reason
        return proof if reason is None else replace(proof, reason=reason, detail=f"by its OCSP staple; mark {mark}")

    async def _learn(self, target: Target, address: IPv4Address, mark: str) -> None:
        async with self._one_at_a_time:
            known = self._known.get(mark)
            if known is not None and known.ask_again > self._clock():
                return
            found = await asyncio.to_thread(self._ask, target, address)
            now = self._clock()
            # Another certificate is another server's behind the same address: it has its own turn.
            if found is None or found.mark != mark:
                self._known[mark] = _Known(known.reason if known else None, now + FAILED_SECONDS)
            else:
                self._known[mark] = _Known(
                    found.reason, now + (STAPLED_SECONDS if found.answered or found.reason else SILENT_SECONDS)
                )
