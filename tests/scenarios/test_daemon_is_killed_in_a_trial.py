"""The daemon is killed while a change is on trial: the next one goes on with the same deadline, and keeps it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.lab import addresses, observe
from tests.lab.router import SITE
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import Steadily, await_trial, history

pytestmark = [pytest.mark.namespaces, pytest.mark.long]


def test_daemon_is_killed_in_a_trial(clinic: World) -> None:
    router = clinic.router
    router.machine.write("/etc/sekisho/site.toml", SITE.replace("見本商会", "見本サービス"))
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        token = router.try_out(300)
        deadline = _until(clinic)
        clinic.kill_appliance()
        router.run()
        await_trial(clinic, "waiting")
        assert abs((_until(clinic) - deadline).total_seconds()) <= 1
        router.confirm(token)
        assert observe.status(clinic)["vendor"]["name"] == "見本サービス"

        # Once more, and the daemon is away when the time is over.
        router.machine.write("/etc/sekisho/site.toml", SITE)
        router.try_out(30)
        deadline = _until(clinic)
        clinic.kill_appliance()
        until(lambda: datetime.now(UTC) > deadline, "the trial's time is over", limit=60)
        router.run()
        # A daemon that has only just begun knows of no trial either.
        until(
            lambda: (observe.status(clinic)["vendor"] or {}).get("name") == "見本サービス", "what is in force is back"
        )
        await_trial(clinic, None)
    assert [item["ending"] for item in history(clinic)] == ["returned", "confirmed", "applied"]
    observe.await_green(clinic)


def _until(world: World) -> datetime:
    return datetime.fromisoformat(observe.status(world)["trial"]["until"])
