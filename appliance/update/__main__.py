"""``python -m appliance.update``: does one job (`job`), as a process of its own that the system starts
(sekisho-update.service). It verifies anew all that it was told about: the files that it reads are nobody's promise.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

from appliance.errors import SekishoError
from appliance.update import acceptance, gpt, image, job, manifest, slots, transfer
from appliance.update.acceptance import Clock
from appliance.update.disk import opened
from appliance.update.entries import Entries
from appliance.update.job import Job, News
from appliance.update.source import FileSource, Source, WebSource, signed_manifest

TELL_EVERY = 1.0
"""Seconds."""


def main() -> int:
    told = job.told()
    job.report(News(told.version))
    try:
        done = _write(told) if told.work == "write" else _arm(told)
    except SekishoError as error:
        job.report(News(told.version, error=(error.code, error.text.ja, error.text.en)))
        return 1
    job.report(done)
    return 0


def _arm(told: Job) -> News:
    Entries(slots.entries_directory()).arm(told.version)
    return News(told.version, done=True)


def _write(told: Job) -> News:
    with ExitStack() as stack:
        source = _source(told, stack)
        signed = signed_manifest(source)
        facts = manifest.opened(signed, image.trusted())
        acceptance.check(facts, image.device(told.floor), Clock(datetime.now(UTC), told.sure))
        if facts.version != told.version:
            raise job.broken(f"{facts.version} is not {told.version}")
        running = slots.running_root()
        disk = stack.enter_context(opened(slots.disk_of(running)))
        pair = slots.slots(gpt.read(disk.read), running).running
        entries = Entries(slots.entries_directory())
        version, progress = image.version(), _telling(told.version)
        figures = transfer.install(facts, source, len(signed), disk, pair, entries, version, progress)
    return News(told.version, done=True, come=figures.fetched, total=figures.fetched, local=figures.local)


def _source(told: Job, stack: ExitStack) -> Source:
    if told.web is None:
        from pathlib import Path

        return stack.enter_context(FileSource(Path(told.file)))
    web = told.web
    return stack.enter_context(WebSource(web.host, web.address, web.port, web.path, web.source, web.etag))


def _telling(version: str) -> Callable[[int, int], None]:
    said = 0.0

    def progress(come: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= TELL_EVERY:
            said = time.monotonic()
            job.report(News(version, come=come, total=total))

    return progress


if __name__ == "__main__":
    sys.exit(main())
