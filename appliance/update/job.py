"""What the update's own process is told, and what it tells: two small files, since it is started by the system and not
by us. It alone may write to disks; the control plane may not.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.errors import SekishoError
from appliance.files import write_atomically


@dataclass(frozen=True, slots=True)
class Web:
    """See `source.WebSource`."""

    host: str
    address: str
    port: int
    path: str
    source: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """work: ``write`` or ``arm``. version: whose. web None: from `file`. floor: see `acceptance.Device`; sure: see
    `acceptance.Clock`."""

    work: str
    version: str
    floor: int
    sure: bool
    file: str = ""
    web: Web | None = None


@dataclass(frozen=True, slots=True)
class News:
    """done: to the end. error: as a refusal says it. come, total: bytes of the bundle that have come, of those that had
    to. local: bytes that were on this machine."""

    version: str
    done: bool = False
    come: int = 0
    total: int = 0
    local: int = 0
    error: tuple[str, str, str] | None = None

    @property
    def refusal(self) -> SekishoError | None:
        return SekishoError(*self.error) if self.error else None


def tell(job: Job, path: Path | None = None) -> None:
    write_atomically(path or paths.UPDATE_JOB, json.dumps(asdict(job)) + "\n")


def told(path: Path | None = None) -> Job:
    """Raises OSError, ValueError, KeyError, TypeError: only our own daemon writes it."""
    raw = json.loads((path or paths.UPDATE_JOB).read_bytes())
    return Job(**{**raw, "web": Web(**raw["web"]) if raw["web"] else None})


def report(news: News, path: Path | None = None) -> None:
    write_atomically(path or paths.UPDATE_NEWS, json.dumps(asdict(news)) + "\n")


def news(path: Path | None = None) -> News | None:
    """None before the first, or when it is not what we write."""
    try:
        raw: dict[str, Any] = json.loads((path or paths.UPDATE_NEWS).read_bytes())
        error = raw["error"]
        return News(**{**raw, "error": tuple(map(str, error)) if error else None})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def broken(why: str) -> SekishoError:
    return SekishoError(
        "firmware.broke-off",
        f"ファームウェアの更新の作業が途中で止まりました（{why}）。自動でもう一度行います。",
        f"The work on the update broke off ({why}): it is tried again by itself.",
    )
