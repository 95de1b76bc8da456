"""The two things of an update that only the system can do: run the unit that may write to disks, and restart."""

from __future__ import annotations

import asyncio
import logging

from appliance.update import job
from appliance.update.job import Job, News

UNIT = "sekisho-update.service"

_log = logging.getLogger(__name__)


async def run(told: Job) -> News:
    """How the job ended. Cancelled, it is stopped, and goes on from there when it is run again."""
    await asyncio.to_thread(job.tell, told)
    try:
        status = await _systemctl("start", UNIT)
    except asyncio.CancelledError:
        await _systemctl("stop", UNIT)
        raise
    news = await asyncio.to_thread(job.news)
    if news is None or news.version != told.version or not (news.done or news.error):
        error = job.broken(f"systemctl: {status}")
        return News(told.version, error=(error.code, error.text.ja, error.text.en))
    return news


async def restart() -> None:
    """Of the whole machine."""
    status = await _systemctl("reboot")
    if status:
        _log.error("systemctl reboot ended with status %d", status)


async def _systemctl(*words: str) -> int:
    process = await asyncio.create_subprocess_exec("systemctl", *words, stdin=asyncio.subprocess.DEVNULL)
    return await process.wait()
