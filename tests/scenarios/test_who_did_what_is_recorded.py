"""Who did what is recorded, across a killed daemon; a line that is changed afterwards is found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab import observe
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

RECORD = "/var/lib/sekisho/audit"


def record(clinic: World) -> list[dict[str, Any]]:
    """Oldest first."""
    entries: list[dict[str, Any]] = json.loads(clinic.router.sekisho("audit", "list", "--json").stdout)["entries"]
    return entries[::-1]


def test_who_did_what_is_recorded(clinic: World) -> None:
    router = clinic.router
    router.sekisho("tunnel", "drain", "dc1")
    router.sekisho("tunnel", "drain", "dc1", "--back")
    assert router.sekisho("tunnel", "drain", "nowhere", check=False).returncode == 1
    password = router.sekisho("access", "first-password", "--lang", "en").stdout.splitlines()[1]
    router.sekisho("access", "add", "kato", "manager")
    assert router.sekisho("access", "first-password", check=False).returncode == 1

    told = [(one["action"], one["subject"], one["outcome"]) for one in record(clinic)]
    assert told[0][0] == "router.started"
    assert ("apply", {"version": None}, "done") in told
    assert ("tunnel.drain", {"tunnel": "dc1", "back": True}, "done") in told
    assert [outcome.split()[0] for action, _, outcome in told if action == "tunnel.drain"] == [
        "done",
        "done",
        "refused",
    ]
    assert told[-3:] == [
        ("access.first_password", {}, "done"),
        ("access.accounts.add", {"name": "kato", "role": "manager"}, "done"),
        ("access.first_password", {}, "refused access.has-vendor"),
    ]
    kept = router.machine.run("grep", "-rc", password, "/var/lib/sekisho", "/run/sekisho", check=False).stdout
    assert not [line for line in kept.splitlines() if not line.endswith(":0")], "the first password is nowhere"

    noted = router.sekisho("audit", "verify", "--lang", "en").stdout.splitlines()[-1]
    clinic.kill_appliance()
    clinic.start_appliance()
    observe.await_green(clinic)
    router.sekisho("audit", "verify", "--known", noted)
    assert [one["action"] for one in record(clinic)].count("router.started") == 2

    router.machine.run("sh", "-c", f'sed -i \'s/"kato"/"abe"/\' {RECORD}/*.jsonl')
    changed = router.sekisho("audit", "verify", "--lang", "en", check=False)
    assert changed.returncode == 1
    assert "was changed" in changed.stdout
