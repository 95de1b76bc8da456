"""What a vendor hears from ``sekisho diagnose``."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.world import World


def diagnose(world: World, *checks: str) -> dict[str, dict[str, Any]]:
    """What each check found, by its name."""
    done = world.router.sekisho("diagnose", "--json", *checks, timeout=180, check=False)
    assert done.stdout, done.stderr
    return {check["name"]: check["outcome"] for check in json.loads(done.stdout)["checks"]}


def codes(outcome: dict[str, Any]) -> dict[str, set[str]]:
    """By what they are about, the codes of a check's verdicts."""
    found: dict[str, set[str]] = {}
    for verdict in outcome["verdicts"]:
        found.setdefault(verdict["subject"], set()).add(verdict["code"])
    return found
