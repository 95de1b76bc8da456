"""The trial that is going on, kept for the daemon that may have to go on with it."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path

from appliance import paths
from appliance.files import remove_durably, write_atomically
from appliance.site.trial import Phase, Trial
from appliance.text import Text

_log = logging.getLogger(__name__)


def write(trial: Trial, path: Path | None = None) -> None:
    write_atomically(path or paths.TRIAL, json.dumps(asdict(trial), ensure_ascii=False) + "\n")


def remove(path: Path | None = None) -> None:
    remove_durably(path or paths.TRIAL)


def read(path: Path | None = None) -> Trial | None:
    """None when there is none, or when it is not what we wrote: what was in force before then stays in force."""
    path = path or paths.TRIAL
    try:
        raw = json.loads(path.read_bytes())
        reason = raw["reason"]
        return Trial(
            **{
                **raw,
                "green": tuple(raw["green"]),
                "phase": Phase(raw["phase"]),
                "reason": Text(reason["ja"], reason["en"]) if reason else None,
            }
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        _log.error("%s is not readable (%s): what was in force before the trial stays", path, type(error).__name__)
        return None
